package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var pipCacheLeft = &rules.Rule{
	ID:       "dockerfile/pip-cache-left",
	Aliases:  []string{"DL3042"},
	Summary:  "pip leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"pip documentation, Caching: --no-cache-dir and PIP_NO_CACHE_DIR",
		"pip, _internal/cli/cmdoptions.py: any value of PIP_NO_CACHE_DIR switches the cache off",
	},
	Check: managers.Cache{
		Managers:  []string{"pip"},
		Anywhere:  true,
		Folders:   []string{"~/.cache/pip"},
		What:      "its cache",
		Off:       []string{"PIP_NO_CACHE_DIR", "PIP_CONFIG_FILE"},
		Moved:     []string{"PIP_CACHE_DIR", "XDG_CACHE_HOME"},
		MovedBy:   []string{"--cache-dir"},
		Elsewhere: []string{"--no-index"},
		Setting:   managers.PipSetting("no-cache-dir"),
		Unless:    managers.LacksOption(distro.PipNoCacheDir),
		CleanedBy: []string{"pip"},
		Option:    "--no-cache-dir",
		Mount:     "/root/.cache/pip",
	}.Check(),
}

package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
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
		// pip 6 has the cache and the option.
		Unless: func(s *image.Step) bool {
			return managers.BasedOn(s, "debian", "squeeze", "wheezy", "jessie", "6", "7", "8") ||
				managers.BasedOn(s, "ubuntu", "precise", "trusty", "10.04", "12.04", "14.04")
		},
		CleanedBy: []string{"pip"},
		Option:    "--no-cache-dir",
		Mount:     "/root/.cache/pip",
	}.Check(),
}

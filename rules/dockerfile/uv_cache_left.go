package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var uvCacheLeft = &rules.Rule{
	ID:       "dockerfile/uv-cache-left",
	Summary:  "uv leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	Optional: true,
	References: []string{
		"uv documentation, Caching; Using uv in Docker",
	},
	Check: managers.Cache{
		Managers:  []string{"uv"},
		Folders:   []string{"~/.cache/uv"},
		What:      "its cache",
		Off:       []string{"UV_NO_CACHE"},
		Moved:     []string{"UV_CACHE_DIR", "XDG_CACHE_HOME"},
		MovedBy:   []string{"--cache-dir"},
		Elsewhere: []string{"--offline"},
		CleanedBy: []string{"uv"},
		Option:    "--no-cache",
		Mount:     "/root/.cache/uv",
	}.Check(),
}

package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var npmCacheLeft = &rules.Rule{
	ID:       "dockerfile/npm-cache-left",
	Summary:  "npm leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"npm documentation: npm cache, config cache",
	},
	Check: managers.Cache{
		Managers:  []string{"npm"},
		Folders:   []string{"~/.npm", "~/.npm/_cacache"},
		What:      "its cache",
		Moved:     []string{"npm_config_cache", "NPM_CONFIG_CACHE"},
		MovedBy:   []string{"--cache"},
		Elsewhere: []string{"--offline", "--package-lock-only"},
		CleanedBy: []string{"npm"},
		Clean:     "npm cache clean --force",
		Mount:     "/root/.npm",
	}.Check(),
}

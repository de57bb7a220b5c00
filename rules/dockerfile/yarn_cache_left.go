package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var yarnCacheLeft = &rules.Rule{
	ID:       "dockerfile/yarn-cache-left",
	Aliases:  []string{"DL3060"},
	Summary:  "yarn leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Yarn 1 documentation: yarn cache",
	},
	Check: managers.Cache{
		Managers: []string{"yarn"},
		Folders:  []string{"/usr/local/share/.cache/yarn", "/usr/local/share/.cache", "~/.cache/yarn", "~/.yarn"},
		What:     "its cache",
		Moved:    []string{"YARN_CACHE_FOLDER", "XDG_CACHE_HOME"},
		MovedBy:  []string{"--cache-folder"},
		Elsewhere: []string{
			"--offline", "--immutable", "--immutable-cache", "--check-cache", "--inline-builds", "--mode",
		},
		CleanedBy: []string{"yarn"},
		Clean:     "yarn cache clean",
		Mount:     "/usr/local/share/.cache/yarn",
	}.Check(),
}

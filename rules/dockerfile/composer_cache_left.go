package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var composerCacheLeft = &rules.Rule{
	ID:       "dockerfile/composer-cache-left",
	Summary:  "composer leaves its cache in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"Composer documentation: --no-cache, COMPOSER_CACHE_DIR",
	},
	Check: managers.Cache{
		Managers:  []string{"composer"},
		Folders:   []string{"~/.composer", "~/.composer/cache", "~/.cache/composer", "/tmp/cache"},
		What:      "its cache",
		Moved:     []string{"COMPOSER_CACHE_DIR", "COMPOSER_HOME", "XDG_CACHE_HOME"},
		CleanedBy: []string{"composer"},
		Option:    "--no-cache", Late: true,
		Mount: "/root/.composer/cache",
	}.Check(),
}

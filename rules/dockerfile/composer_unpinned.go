package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var composerUnpinned = &rules.Rule{
	ID:       "dockerfile/composer-unpinned",
	Summary:  "composer requires packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Composer documentation: require, create-project",
	},
	Check: pins.Check("composer"),
}

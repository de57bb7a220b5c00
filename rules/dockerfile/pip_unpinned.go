package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var pipUnpinned = &rules.Rule{
	ID:       "dockerfile/pip-unpinned",
	Aliases:  []string{"DL3013"},
	Summary:  "pip installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"pip documentation: Repeatable Installs; Requirement Specifiers",
		"uv documentation: Environment variables",
	},
	Check: pins.Check("pip", "uv", "pipx"),
}

package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var zypperUnpinned = &rules.Rule{
	ID:       "dockerfile/zypper-unpinned",
	Aliases:  []string{"DL3037"},
	Summary:  "zypper installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"zypper(8): package capabilities",
	},
	Check: pins.Check("zypper"),
}

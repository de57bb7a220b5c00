package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var yumUnpinned = &rules.Rule{
	ID:       "dockerfile/yum-unpinned",
	Aliases:  []string{"DL3033"},
	Summary:  "yum installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"yum(8): specifying package names",
	},
	Check: pins.Check("yum"),
}

package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var dnfUnpinned = &rules.Rule{
	ID:       "dockerfile/dnf-unpinned",
	Aliases:  []string{"DL3041"},
	Summary:  "dnf installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"dnf(8): specifying packages",
	},
	Check: pins.Check("dnf", "microdnf", "tdnf"),
}

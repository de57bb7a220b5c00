package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var aptUnpinned = &rules.Rule{
	ID:       "dockerfile/apt-unpinned",
	Aliases:  []string{"DL3008"},
	Summary:  "apt installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"apt-get(8): install",
		"Debian wiki: DebianRepository, archives of past versions at snapshot.debian.org",
	},
	Check: pins.Check("apt-get", "apt", "aptitude"),
}

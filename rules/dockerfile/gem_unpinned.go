package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var gemUnpinned = &rules.Rule{
	ID:       "dockerfile/gem-unpinned",
	Aliases:  []string{"DL3028"},
	Summary:  "gem installs packages without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"RubyGems guides: gem install",
	},
	Check: pins.Check("gem"),
}

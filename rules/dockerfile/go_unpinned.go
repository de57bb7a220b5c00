package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var goUnpinned = &rules.Rule{
	ID:       "dockerfile/go-unpinned",
	Aliases:  []string{"DL3062"},
	Summary:  "go fetches a module without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Go Modules Reference: go install, go get; Version queries",
	},
	Check: pins.Check("go"),
}

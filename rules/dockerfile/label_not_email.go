package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotEmail = &rules.Rule{
	ID:       "dockerfile/label-not-email",
	Aliases:  []string{"DL3058"},
	Summary:  "a label that must be an e-mail address is not one",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labels.Listed{},
	References: []string{
		"RFC 5322, section 3.4.1",
	},
	Check: labels.Values(labels.Email),
}

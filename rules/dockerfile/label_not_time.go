package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotTime = &rules.Rule{
	ID:       "dockerfile/label-not-time",
	Aliases:  []string{"DL3053"},
	Summary:  "the value of a label that has to be a time is not one of RFC 3339",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labels.Listed{Labels: []string{"org.opencontainers.image.created"}},
	References: []string{
		"OCI image specification, annotations.md: org.opencontainers.image.created",
		"RFC 3339, section 5.6",
	},
	Check: labels.Values(labels.Time),
}

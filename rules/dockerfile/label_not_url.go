package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotUrl = &rules.Rule{
	ID:       "dockerfile/label-not-url",
	Aliases:  []string{"DL3052"},
	Summary:  "a label that must be a URL is not one",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options: labels.Listed{Labels: []string{
		"org.opencontainers.image.url", "org.opencontainers.image.source", "org.opencontainers.image.documentation",
	}},
	References: []string{
		"OCI image specification, annotations.md: org.opencontainers.image.url, source and documentation",
	},
	Check: labels.Values(labels.URL),
}

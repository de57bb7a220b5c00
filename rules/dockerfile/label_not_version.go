package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotVersion = &rules.Rule{
	ID:       "dockerfile/label-not-version",
	Aliases:  []string{"DL3056"},
	Summary:  "the value of a label that names a version is not a semantic version",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labels.Listed{Labels: []string{"org.opencontainers.image.version"}},
	References: []string{
		"OCI image specification, annotations.md: org.opencontainers.image.version",
		"Semantic Versioning 2.0.0",
	},
	Check: labels.Values(labels.Version),
}

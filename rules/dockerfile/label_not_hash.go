package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotHash = &rules.Rule{
	ID:       "dockerfile/label-not-hash",
	Aliases:  []string{"DL3055"},
	Summary:  "the value of a label that names a revision is not a hash of Git",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labels.Listed{Labels: []string{"org.opencontainers.image.revision"}},
	References: []string{
		"OCI image specification, annotations.md: org.opencontainers.image.revision",
		"Git documentation: gitrevisions",
	},
	Check: labels.Values(labels.Hash),
}

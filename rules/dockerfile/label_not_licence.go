package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

var labelNotLicence = &rules.Rule{
	ID:       "dockerfile/label-not-licence",
	Aliases:  []string{"DL3054"},
	Summary:  "the value of a label that names licences is not an SPDX licence expression",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labels.Listed{Labels: []string{"org.opencontainers.image.licenses"}},
	References: []string{
		"OCI image specification, annotations.md: org.opencontainers.image.licenses",
		"SPDX specification, annex on licence expressions; SPDX License List",
	},
	Check: labels.Values(labels.Licence),
}

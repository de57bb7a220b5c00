package dockerfile

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/pins"
)

var cargoUnpinned = &rules.Rule{
	ID:       "dockerfile/cargo-unpinned",
	Summary:  "cargo installs a crate without a version",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"The Cargo Book: cargo install",
	},
	Check: pins.Check("cargo"),
}

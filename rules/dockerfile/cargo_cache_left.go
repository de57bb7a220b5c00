package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var cargoCacheLeft = &rules.Rule{
	ID:       "dockerfile/cargo-cache-left",
	Summary:  "cargo leaves the registry and the sources of crates in the layer",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"The Cargo Book, Cargo Home",
	},
	Check: managers.Cache{
		Managers: []string{"cargo"},
		Verbs:    []string{"install"},
		Folders: []string{
			"~/.cargo/registry", "/usr/local/cargo/registry", "~/.cargo/registry/cache",
			"/usr/local/cargo/registry/cache",
		},
		What:      "the registry and the sources of crates",
		Moved:     []string{"CARGO_HOME"},
		Elsewhere: []string{"--offline"},
		Clean:     `rm -rf "${CARGO_HOME:-$HOME/.cargo}/registry"`,
	}.Check(),
}

// Package packs lists the packs of rules that come with sandlint. A new pack is a line in All.
package packs

//go:generate go run gen/main.go

import (
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile"
	"github.com/sandlint/sandlint/rules/nix"
	"github.com/sandlint/sandlint/rules/order"
	"github.com/sandlint/sandlint/rules/sandbox"
	"github.com/sandlint/sandlint/rules/sandlint"
	"github.com/sandlint/sandlint/rules/seccomp"
	"github.com/sandlint/sandlint/rules/shellcheck"
)

// All returns the packs, sorted by name.
func All() []rules.Pack {
	return []rules.Pack{dockerfile.Pack(), nix.Pack(), order.Pack(), sandbox.Pack(), sandlint.Pack(),
		seccomp.Pack(), shellcheck.Pack(nil)}
}

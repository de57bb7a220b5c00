package nix_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/nix"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

func TestRules(t *testing.T) { rulestest.Run(t, nix.Pack(), packs.All()) }

package sandbox_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/sandbox"
)

func TestRules(t *testing.T) { rulestest.Run(t, sandbox.Pack(), packs.All()) }

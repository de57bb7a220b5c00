package sandlint_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/sandlint"
)

func TestRules(t *testing.T) { rulestest.Run(t, sandlint.Pack(), packs.All()) }

package seccomp_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/seccomp"
)

func TestRules(t *testing.T) { rulestest.Run(t, seccomp.Pack(), packs.All()) }

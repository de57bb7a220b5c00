package dockerfile_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/dockerfile"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

func TestRules(t *testing.T) { rulestest.Run(t, dockerfile.Pack(), packs.All()) }

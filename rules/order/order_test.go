package order_test

import (
	"testing"

	"github.com/sandlint/sandlint/rules/order"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

func TestRules(t *testing.T) { rulestest.Run(t, order.Pack(), packs.All()) }

// Package order has the rules about the wrong order of things: what is configured only after it was needed.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package order

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "order".
func Pack() rules.Pack {
	return rules.Pack{Name: "order", Pages: pages, Rules: []*rules.Rule{
		mixedProfileTools,
		nixConfigAfterNixCommand,
		nixConfigHiddenByVolume,
		nixConfigOverwritten,
		nixConfigVariableOverwritten,
	}}
}

// Package sandlint holds the rules about what people write for sandlint itself.
package sandlint

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack returns the rules, sorted by id.
func Pack() rules.Pack {
	return rules.Pack{Name: "sandlint", Pages: pages, Rules: []*rules.Rule{
		staleBaseline,
	}}
}

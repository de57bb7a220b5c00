// Package sandlint has the rules about what is written for sandlint itself: the comments that suppress findings, and
// the findings that the configuration accepts.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id. What rules share is below internal.
package sandlint

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "sandlint".
func Pack() rules.Pack {
	return rules.Pack{Name: "sandlint", Pages: pages, Rules: []*rules.Rule{
		endlessIgnore,
		expiredIgnore,
		forbiddenIgnore,
		malformedIgnore,
		missingReason,
		staleBaseline,
		unknownRule,
		unusedIgnore,
	}}
}

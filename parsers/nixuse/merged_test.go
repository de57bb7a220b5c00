package nixuse

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
)

// TestMergedSources grows random trees of merges: each finds the sources that it was made of.
func TestMergedSources(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	type tree struct {
		merged *merged
		labels []string
	}
	all := []tree{{merged: (&Model{}).begin(nixconf.Nix, nixconf.Head())}}
	for n := range 3000 {
		from := all[len(all)-1]
		if r.IntN(20) == 0 {
			from = all[r.IntN(len(all))]
		}
		label := strconv.Itoa(n)
		all = append(all, tree{
			merged: from.merged.with(nil, effective.SourceKind(n%4), Origin{Label: label}),
			labels: append(slices.Clip(from.labels), label),
		})
	}
	longest := slices.MaxFunc(all, func(a, b tree) int { return len(a.labels) - len(b.labels) })
	if len(longest.labels) < 50 {
		t.Fatalf("the longest has %d sources alone", len(longest.labels))
	}
	for _, one := range all {
		if one.merged.sources.at(-1) != nil || one.merged.sources.at(len(one.labels)) != nil {
			t.Fatal("a source outside is found")
		}
		for n, label := range one.labels {
			at := one.merged.sources.at(n)
			number, err := strconv.Atoi(label)
			if err != nil || at.origin.Label != label || at.kind != effective.SourceKind(number%4) {
				t.Fatalf("source %d of %q is %q", n, one.labels, at.origin.Label)
			}
		}
	}
}

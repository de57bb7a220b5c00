package packs_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestSameAgain checks the files of every case several times, as they are and with lines moved, and joined with those
// of the case before: what is found and fixed is the same each time, so nothing depends on the order of a Go map.
func TestSameAgain(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	times, share := 2, uint64(40) // one of forty cases
	if heavytest.On() {
		times, share = 4, 3
	}
	var before map[string]string
	eachCase(t, func(name string, texts map[string]string) {
		h := fnv.New64a()
		h.Write([]byte(name))
		seed := h.Sum64()
		mutated, joined := map[string]string{}, maps.Clone(texts)
		for _, path := range slices.Sorted(maps.Keys(texts)) {
			if len(texts[path]) > 20_000 {
				return
			}
			mutated[path] = mutate(rand.New(rand.NewPCG(26, seed)), texts[path])
			if other, ok := before[path]; ok {
				joined[path] = other + "\n" + texts[path]
			}
		}
		before = texts
		if seed%share > 0 {
			return
		}
		for _, files := range []map[string]string{texts, mutated, joined} {
			first := everything(t, set, files)
			for range times - 1 {
				if again := everything(t, set, files); again != first {
					t.Errorf("%s: two results:\n%s\n%s\n%s", name, first, again, show(files))
					return
				}
			}
		}
	})
}

// everything returns what is found in files and how they are fixed, as a text.
func everything(t *testing.T, set *rules.Set, texts map[string]string) string {
	t.Helper()
	var b strings.Builder
	result := rules.Check(inMemory(t, texts), set, rules.CheckOptions{Fixes: true})
	for _, f := range result.Findings {
		fmt.Fprintf(&b, "%s:%v %v %s %s\n", f.File.Path, f.Span, f.Severity, f.Rule.ID, f.Message)
		for _, r := range f.Related {
			fmt.Fprintf(&b, "  %s:%v %s\n", r.File.Path, r.Span, r.Message)
		}
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, "  %s", fix.Title)
			for _, e := range fix.Edits {
				fmt.Fprintf(&b, " %v %q", e.Span, e.Text)
			}
			b.WriteByte('\n')
		}
	}
	for _, r := range result.Rejected {
		fmt.Fprintf(&b, "rejected: %s: %s: %s\n", r.Rule.ID, r.Title, r.Reason)
	}
	after, _ := fixAll(t, set, texts, true)
	return b.String() + show(after)
}

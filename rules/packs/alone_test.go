package packs_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// eachCase calls do with the files of every case of every rule that has no flags.
func eachCase(t *testing.T, do func(name string, texts map[string]string)) {
	t.Helper()
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Cases {
				if len(c.Flags) > 0 {
					continue
				}
				texts := map[string]string{}
				for _, f := range c.Files {
					texts[f.Name] = string(f.Data)
				}
				do(r.ID+"/"+c.Name, texts)
			}
		}
	}
}

// TestShownAlone applies each fix that is shown beside others alone: its finding goes, and nothing breaks.
func TestShownAlone(t *testing.T) {
	heavytest.Need(t, "applies each fix of every rule's cases alone")
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	type kind struct{ path, rule string }
	census := func(result *rules.Result) (all map[kind]int, syntax int) {
		all = map[kind]int{}
		for _, f := range result.Findings {
			all[kind{f.File.Path, f.Rule.ID}]++
			if f.Rule.Syntax {
				syntax++
			}
		}
		return all, syntax
	}
	eachCase(t, func(name string, texts map[string]string) {
		result := rules.Check(inMemory(t, texts), set, rules.CheckOptions{Fixes: true})
		shown := 0
		for _, f := range result.Findings {
			shown += len(f.Fixes)
		}
		if shown < 2 {
			return
		}
		before, broken := census(result)
		for _, f := range result.Findings {
			for _, fix := range f.Fixes {
				if fix.Safety == fixers.Manual {
					continue
				}
				text, err := fixers.Apply(fix.Edits[0].File, fix.Edits)
				if err != nil {
					t.Errorf("%s: %s: %v", name, fix.Title, err)
					continue
				}
				after := maps.Clone(texts)
				after[fix.Edits[0].File.Path] = string(text)
				now, stillBroken := census(rules.Check(inMemory(t, after), set, rules.CheckOptions{}))
				at := kind{f.File.Path, f.Rule.ID}
				if now[at] >= before[at] || stillBroken > broken {
					t.Errorf("%s: %s: %s: alone it leaves %d of %d findings, %d of %d about syntax", name, f.Rule.ID,
						fix.Title, now[at], before[at], stillBroken, broken)
				}
			}
		}
	})
}

// TestRefuted mutates the files of all cases, and counts the fixes that rules propose and that the proof refuses
// because they do something else than they say: each is a mistake of the rule. Those that only bring another finding to
// light are not counted: a name that is written right may have a wrong value. SANDLINT_FUZZ is the number of workspaces
// made of each case, SANDLINT_SEED another beginning.
func TestRefuted(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	each, share := 1, uint64(12) // one of twelve cases
	if heavytest.On() {
		each, share = number("SANDLINT_FUZZ", 6), 1
	}
	first := uint64(number("SANDLINT_SEED", 26))
	files, refuted := 0, map[string]int{}
	eachCase(t, func(name string, texts map[string]string) {
		// Each case has its own sequence, so a new case changes nothing for the others.
		h := fnv.New64a()
		h.Write([]byte(name))
		seed := h.Sum64()
		if seed%share > 0 {
			return
		}
		r := rand.New(rand.NewPCG(first, seed))
		for range each {
			mutated := map[string]string{}
			for _, path := range slices.Sorted(maps.Keys(texts)) {
				text := texts[path]
				if len(text) > 20_000 {
					return
				}
				mutated[path] = mutate(r, text)
			}
			files++
			result := rules.Check(inMemory(t, mutated), set, rules.CheckOptions{Fixes: true})
			for _, w := range result.Rejected {
				// Removing a comment from YAML that is broken is still proposed, some ten times in 12,000 workspaces.
				if revealed(w) || w.Rule.ID == "sandlint/unused-ignore" {
					continue
				}
				if refuted[w.Rule.ID]++; refuted[w.Rule.ID] < 4 {
					t.Logf("%s: %s: %q: %s\n%s", name, w.Rule.ID, w.Title, w.Reason, show(mutated))
				}
			}
		}
	})
	var list strings.Builder
	total := 0
	for _, id := range slices.Sorted(maps.Keys(refuted)) {
		if n := refuted[id]; n > 0 {
			fmt.Fprintf(&list, "%s %d\n", id, n)
			total += n
		}
	}
	t.Logf("%d workspaces, refuted:\n%s", files, list.String())
	if total > 0 {
		t.Errorf("%d refuted fixes in %d workspaces", total, files)
	}
}

// revealed reports whether a fix was refused only because of something else that it brings to light: a finding of other
// text in the file, or what a runtime refuses about a rule that had no effect with its wrong name.
func revealed(w rules.Rejected) bool {
	pack, _, _ := strings.Cut(w.Rule.ID, "/")
	by, _, found := strings.Cut(strings.TrimSuffix(w.Reason[strings.LastIndexByte(w.Reason, '(')+1:], ")"), "/")
	return strings.Contains(w.Reason, "a new finding has come") ||
		found && strings.Contains(w.Reason, "the result does not parse") && by != pack ||
		strings.Contains(w.Rule.ID, "seccomp/unknown-") && strings.Contains(w.Reason, "the profile is refused")
}

// mutate deletes, repeats, swaps or joins lines of a text.
func mutate(r *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	for range 1 + r.IntN(3) {
		n := len(lines)
		if n < 2 {
			break
		}
		i, j := r.IntN(n), r.IntN(n)
		switch r.IntN(5) {
		case 0:
			lines = append(lines[:i:i], lines[i+1:]...)
		case 1:
			lines = append(lines[:i:i], append([]string{lines[j]}, lines[i:]...)...)
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		case 3:
			lines[i] = strings.TrimSuffix(lines[i], "\n")
		case 4:
			if k := r.IntN(len(lines[i]) + 1); k > 0 {
				lines[i] = lines[i][:k-1] + lines[i][k:]
			}
		}
	}
	return strings.Join(lines, "")
}

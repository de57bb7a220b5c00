package packs_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestAddIgnores suppresses all findings of every case of every rule, and checks again: nothing but what AddIgnores
// left is found, a second AddIgnores changes nothing, and only findings in JSON and at places without a line are left.
func TestAddIgnores(t *testing.T) {
	// Both of these are about comments that are well.
	set, err := rules.NewSet(packs.All(), rules.Selection{Select: []string{"all"},
		Ignore: []string{"DL1001", "InvalidDefinitionDescription"}})
	if err != nil {
		t.Fatal(err)
	}
	cases, suppressed, left := 0, 0, map[string]int{}
	n := 0
	eachCase(t, func(name string, texts map[string]string) {
		if n++; !heavytest.On() && n%20 > 0 || slices.ContainsFunc(slices.Collect(maps.Values(texts)),
			func(text string) bool { return strings.Contains(text, "sandlint:") }) {
			return
		}
		ws := inMemory(t, texts)
		result := rules.Check(ws, set, rules.CheckOptions{})
		if len(result.Findings) == 0 {
			return
		}
		cases++
		added := rules.AddIgnores(ws, set, rules.CheckOptions{}, result.Findings, "for now")
		after := maps.Clone(texts)
		for _, f := range added.Files {
			after[f.File.Path] = string(f.After)
		}
		ws = inMemory(t, after)
		again := rules.Check(ws, set, rules.CheckOptions{})
		suppressed += added.Suppressed
		for _, f := range added.Left {
			left[path.Base(f.File.Path)]++
		}
		if got := rules.Listing(again.Findings, true); len(again.Findings) != len(added.Left) {
			t.Errorf("%s: %d findings, %d suppressed, %d left; then found:\n%s%s", name, len(result.Findings),
				added.Suppressed, len(added.Left), got, show(after))
		}
		for _, f := range again.Findings {
			if f.Rule.Pack() == "sandlint" {
				t.Errorf("%s: %s: %s\n%s", name, f.Rule.ID, f.Message, show(after))
			}
		}
		if second := rules.AddIgnores(ws, set, rules.CheckOptions{}, again.Findings, "for now"); len(second.Files) > 0 {
			t.Errorf("%s: a second time, %s changes", name, second.Files[0].File.Path)
		}
	})
	t.Logf("%d cases, %d findings suppressed; left by file:", cases, suppressed)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Logf("  %d in %s", left[name], name)
	}
	if suppressed < cases/2 {
		t.Errorf("only %d findings of %d cases are suppressed", suppressed, cases)
	}
}

package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// plainDeleteLine is voidItems.deleteLine that reads the list for each item.
func plainDeleteLine(run *runs.Run, key string, of rules.Finding) (fixers.Edit, bool) {
	f, list := of.File, run.Keys[key]
	begins := func(n int) bool { return strings.HasPrefix(strings.TrimLeft(f.Text(f.Line(n)), " \t"), "- ") }
	n, first := f.LineOf(of.Span.Start), f.LineOf(list.Start)
	if !list.Contains(of.Span) || first == n || !begins(n) {
		return fixers.Edit{}, false
	}
	line := f.Text(f.Line(first))
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if strings.Count(f.Text(run.Whole), "\n"+indent+key+":") > 1 {
		return fixers.Edit{}, false
	}
	items := 0
	for line := first + 1; line <= f.LineOf(list.End); line++ {
		if f.Line(line).Start < list.End && begins(line) {
			items++
		}
	}
	if items == 1 {
		return fixers.Edit{File: f, Span: f.FullLine(first).Join(f.FullLine(n))}, true
	}
	return fixers.Edit{File: f, Span: f.FullLine(n)}, true
}

// TestDeleteLine compares the edits that delete items of random lists with those that are made for each item alone.
func TestDeleteLine(t *testing.T) {
	const key = "security_opt"
	deleted, kept := 0, 0
	for seed := range uint64(heavytest.Times(1000)) {
		r := rand.New(rand.NewPCG(seed, 17))
		var text strings.Builder
		text.WriteString("services:\n  s:\n    image: x\n    ")
		list := source.Span{Start: text.Len()}
		text.WriteString(key + ":")
		var items []source.Span
		for range 1 + r.IntN(4) {
			text.WriteString([]string{"\n    - ", "\n      - ", "\n\t- ", " [", "\n      # x\n      - "}[r.IntN(5)])
			start := text.Len()
			fmt.Fprintf(&text, "a:%d", r.IntN(3))
			items = append(items, source.Span{Start: start, End: text.Len()})
			text.WriteString([]string{"", "", " # y", "]"}[r.IntN(4)])
		}
		list.End = text.Len()
		text.WriteString("\n")
		if r.IntN(4) == 0 {
			text.WriteString("    " + key + ":\n    - b\n")
		}
		start := text.Len()
		text.WriteString("    cap_add:\n    - c\n")
		items = append(items, source.Span{Start: start, End: start + 1}) // outside of the list
		f := source.NewFile("compose.yaml", []byte(text.String()))
		run := &runs.Run{File: f, Whole: f.Span(), Keys: map[string]source.Span{key: list}}
		v := voidItems{key: key}
		for _, n := range r.Perm(len(items)) {
			of := rules.Finding{File: f, Span: items[n]}
			got, ok := v.deleteLine(run, of)
			want, wantOK := plainDeleteLine(run, key, of)
			if ok != wantOK || got != want {
				t.Fatalf("seed %d: the item at %v of\n%s%v %v, want %v %v", seed, items[n], text.String(), got, ok,
					want, wantOK)
			}
			if ok {
				deleted++
			} else {
				kept++
			}
		}
	}
	if deleted < 100 || kept < 100 {
		t.Errorf("only %d items were deleted, and %d not", deleted, kept)
	}
}

package values

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// plainDelete is Lists.Delete that makes each edit for itself.
func plainDelete(f *source.File, o *outline.Outline, item source.Span, items int) (fixers.Edit, Items, bool) {
	n := o.At(item)
	if n < 0 || items < 2 || o.Broken || o.Shared(item) {
		return fixers.Edit{}, Items{}, false
	}
	path, isItem := strings.CutSuffix(o.Values[n].Path, "[]")
	list := o.Find(path)
	if !isItem || list < 0 || o.Count(path+"[]") != items || o.Count(path) != 1 {
		return fixers.Edit{}, Items{}, false
	}
	change := Items{Path: path}
	for _, v := range o.Values[list+1 : min(list+1+items, len(o.Values))] {
		if v.Path == path+"[]" {
			change.Removed = append(change.Removed, v.Text)
		}
	}
	edit, ok := deleteLines(f, o.Spans[list].Whole)
	return edit, change, ok && len(change.Removed) == items && !strings.Contains(f.Text(edit.Span), "#")
}

// TestLists compares the edits that delete lists of random files with those that are made for each item, and the
// judgement of fixes that share a list with that of fixes that have one each.
func TestLists(t *testing.T) {
	deleted, judged := 0, 0
	for seed := range uint64(heavytest.Times(300)) {
		r := rand.New(rand.NewPCG(seed, 17))
		var text strings.Builder
		text.WriteString("services:\n")
		for n := range 1 + r.IntN(3) {
			fmt.Fprintf(&text, "  s%d:\n    image: x\n", r.IntN(4)+n/2)
			for _, key := range []string{"security_opt", "cap_add"} {
				switch r.IntN(4) {
				case 0:
					fmt.Fprintf(&text, "    %s: [a, %s]\n", key, []string{"b", "'c'", "b, a"}[r.IntN(3)])
				case 1, 2:
					fmt.Fprintf(&text, "    %s:\n", key)
					for range 1 + r.IntN(3) {
						fmt.Fprintf(&text, "    - %s%s\n", []string{"a", "b", "c", "d"}[r.IntN(4)],
							[]string{"", "", "", " # x"}[r.IntN(4)])
					}
				}
			}
		}
		f := source.NewFile("compose.yaml", []byte(text.String()))
		o := outline.YAML(f)
		lists := NewLists(f, o)
		type asked struct {
			item  source.Span
			items int
		}
		var questions []asked
		for n, v := range o.Values {
			for items := range 5 {
				questions = append(questions, asked{o.Spans[n].Value, items})
			}
			if strings.HasSuffix(v.Path, "[]") {
				questions = append(questions, asked{o.Spans[n].Value, o.Count(v.Path)})
			}
		}
		r.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
		var together, alone []fixers.Fix
		edited := map[source.Span]fixers.Edit{}
		for _, q := range questions {
			edit, change, ok := lists.Delete(q.item, q.items)
			want, wantChange, wantOK := plainDelete(f, o, q.item, q.items)
			if ok != wantOK || ok && (edit != want || !reflect.DeepEqual(change, wantChange)) {
				t.Fatalf("seed %d: %d items at %v of\n%s%v %v %v, want %v %v %v", seed, q.items, q.item, text.String(),
					edit, change, ok, want, wantChange, wantOK)
			}
			if ok && r.IntN(3) == 0 {
				together = append(together, fixers.Fix{Changes: fixers.Changes{change}})
				alone = append(alone, fixers.Fix{Changes: fixers.Changes{wantChange}})
				edited[edit.Span] = edit
			}
			if ok {
				deleted++
			}
		}
		spans := make([]source.Span, 0, len(edited))
		for s := range edited {
			spans = append(spans, s)
		}
		slices.SortFunc(spans, func(a, b source.Span) int { return b.Start - a.Start })
		after, all := text.String(), true
		for _, s := range spans {
			if r.IntN(4) > 0 { // otherwise a fix declares what it does not do
				after = after[:s.Start] + after[s.End:]
			} else {
				all = false
			}
		}
		is := outline.YAML(source.NewFile("compose.yaml", []byte(after)))
		got, want := Compare(o, is, together), Compare(o, is, alone)
		if got != want || (got == "") != all {
			t.Fatalf("seed %d: fixes of\n%sto\n%s: %q, want %q", seed, text.String(), after, got, want)
		}
		if len(together) > 1 && got == "" {
			judged++
		}
	}
	if deleted < 50 || judged < 5 {
		t.Errorf("only %d edits were made, and %d results accepted", deleted, judged)
	}
}

package fixers

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestApply(t *testing.T) {
	f := source.NewFile("f", []byte("0123456789"))
	edit := func(start, end int, text string) Edit { return Edit{f, source.Span{Start: start, End: end}, text} }
	tests := []struct {
		name  string
		edits []Edit
		want  string // the text, or a part of the error after "!"
	}{
		{"none", nil, "0123456789"},
		{"replace", []Edit{edit(2, 4, "xyz")}, "01xyz456789"},
		{"in any order", []Edit{edit(8, 9, "b"), edit(1, 2, "a")}, "0a234567b9"},
		{"at both ends", []Edit{edit(0, 0, "<"), edit(10, 10, ">")}, "<0123456789>"},
		{"touching", []Edit{edit(2, 4, "a"), edit(4, 6, "b")}, "01ab6789"},
		{"insertion before a replacement", []Edit{edit(4, 6, "b"), edit(4, 4, "a")}, "0123ab6789"},
		{"insertion after a replacement", []Edit{edit(4, 6, "b"), edit(6, 6, "a")}, "0123ba6789"},
		{"duplicates", []Edit{edit(2, 4, "a"), edit(2, 4, "a"), edit(7, 7, "i"), edit(7, 7, "i")}, "01a456i789"},
		{"everything", []Edit{edit(0, 10, "")}, ""},
		{"overlap", []Edit{edit(2, 5, "a"), edit(4, 6, "b")}, "!overlap"},
		{"same span, other text", []Edit{edit(2, 5, "a"), edit(2, 5, "b")}, "!overlap"},
		{"two insertions at one place", []Edit{edit(2, 2, "a"), edit(2, 2, "b")}, "!overlap"},
		{"insertion inside a replacement", []Edit{edit(2, 5, "a"), edit(3, 3, "b")}, "!overlap"},
		{"outside", []Edit{edit(9, 11, "a")}, "!which has 10"},
		{"negative", []Edit{edit(-1, 1, "a")}, "!which has 10"},
		{"reversed", []Edit{edit(3, 2, "a")}, "!bytes 3 to 2"},
		{"another file", []Edit{{source.NewFile("g", f.Bytes), source.Span{}, "a"}}, `!another text than that of "f"`},
		{"an older text", []Edit{{source.NewFile("f", []byte("0")), source.Span{}, "a"}}, "!another text"},
		{"no file", []Edit{{nil, source.Span{}, "a"}}, "!another text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Apply(f, test.edits)
			if message, ok := strings.CutPrefix(test.want, "!"); ok {
				if err == nil || !strings.Contains(err.Error(), message) {
					t.Errorf("got %q, %v; want an error with %q", got, err, message)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
			if string(f.Bytes) != "0123456789" {
				t.Error("the file was changed")
			}
		})
	}
}

// combineFixes is combine for fixes without findings.
func combineFixes(fixes []Fix) (taken, deferred []Fix) {
	order := make([]candidate, len(fixes))
	for i := range fixes {
		order[i] = candidate{finding: &Finding{}, fix: &fixes[i]}
	}
	in, out := combine(order, false)
	for _, c := range in {
		taken = append(taken, *c.fix)
	}
	for _, c := range out {
		deferred = append(deferred, *c.fix)
	}
	return taken, deferred
}

func TestCombine(t *testing.T) {
	f, g := source.NewFile("f", []byte("0123456789")), source.NewFile("g", []byte("0123456789"))
	edit := func(f *source.File, start, end int) Edit { return Edit{f, source.Span{Start: start, End: end}, "x"} }
	fix := func(title string, safety Safety, edits ...Edit) Fix {
		return Fix{Title: title, Safety: safety, Edits: edits}
	}
	tests := []struct {
		name            string
		fixes           []Fix
		taken, deferred string
	}{
		{"apart", []Fix{fix("b", Safe, edit(f, 4, 5)), fix("a", Safe, edit(f, 1, 2))}, "a b", ""},
		{
			"touching replacements keep apart", []Fix{fix("a", Safe, edit(f, 1, 3)), fix("b", Safe, edit(f, 3, 5))},
			"a b", "",
		},
		{
			"overlap",
			[]Fix{fix("a", Safe, edit(f, 1, 4)), fix("b", Safe, edit(f, 3, 5)), fix("c", Safe, edit(f, 4, 6))}, "a c",
			"b",
		},
		{"inside", []Fix{fix("a", Safe, edit(f, 1, 9)), fix("b", Safe, edit(f, 3, 5))}, "a", "b"},
		{
			"insertion where another begins", []Fix{fix("b", Safe, edit(f, 3, 5)), fix("a", Safe, edit(f, 3, 3))}, "a",
			"b",
		},
		{"insertion where another ends", []Fix{fix("a", Safe, edit(f, 3, 5)), fix("b", Safe, edit(f, 5, 5))}, "a", "b"},
		{"two insertions at one place", []Fix{fix("b", Safe, edit(f, 3, 3)), fix("a", Safe, edit(f, 3, 3))}, "a", "b"},
		{"safe first", []Fix{fix("a", Unsafe, edit(f, 3, 4)), fix("b", Safe, edit(f, 3, 4))}, "b", "a"},
		{"position before safety", []Fix{fix("a", Unsafe, edit(f, 2, 4)), fix("b", Safe, edit(f, 3, 4))}, "a", "b"},
		{
			"all or nothing",
			[]Fix{
				fix("a", Safe, edit(f, 5, 6)), fix("b", Safe, edit(f, 7, 8), edit(f, 5, 6)),
				fix("c", Safe, edit(f, 7, 8)),
			},
			"a c",
			"b",
		},
		{"other files do not matter", []Fix{fix("a", Safe, edit(g, 5, 6)), fix("b", Safe, edit(f, 5, 6))}, "b a", ""},
		{"across files", []Fix{fix("a", Safe, edit(g, 5, 6), edit(f, 5, 6)), fix("b", Safe, edit(g, 4, 8))}, "a", "b"},
		{"advice is in neither list", []Fix{fix("a", Manual), fix("b", Safe, edit(f, 0, 1))}, "b", ""},
		{"own edits may touch", []Fix{fix("a", Safe, edit(f, 3, 5), edit(f, 3, 3), edit(f, 5, 5))}, "a", ""},
	}
	titles := func(fixes []Fix) string {
		var s []string
		for _, f := range fixes {
			s = append(s, f.Title)
		}
		return strings.Join(s, " ")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for range 6 {
				taken, deferred := combineFixes(test.fixes)
				if titles(taken) != test.taken || titles(deferred) != test.deferred {
					t.Fatalf("took %q, deferred %q; want %q and %q", titles(taken), titles(deferred), test.taken,
						test.deferred)
				}
				rand.Shuffle(len(test.fixes),
					func(i, j int) { test.fixes[i], test.fixes[j] = test.fixes[j], test.fixes[i] })
			}
		})
	}
}

// FuzzCombine checks that what is taken applies, that every fix is in one of the lists, and that order does not matter.
func FuzzCombine(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint64(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 255, 255, 1, 1, 0, 3, 1, 0, 3}, uint64(2))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		file := source.NewFile("f", bytes.Repeat([]byte("x"), 64))
		var fixes []Fix
		for len(data) >= 3 {
			start, length := int(data[0])%64, int(data[1])%8
			e := Edit{file, source.Span{Start: start, End: min(start+length, 64)}, string('a' + rune(data[2]%4))}
			if n := len(fixes); n > 0 && data[2]&0x80 != 0 {
				fixes[n-1].Edits = append(fixes[n-1].Edits, e)
			} else {
				fixes = append(fixes, Fix{Title: string('a' + rune(data[2]>>4&3)), Safety: Safety(1 + data[2]>>6&1),
					Edits: []Edit{e}})
			}
			data = data[3:]
		}
		fixes = slices.DeleteFunc(fixes, func(fix Fix) bool {
			_, err := Apply(file, fix.Edits)
			return err != nil
		})
		taken, deferred := combineFixes(fixes)
		if len(taken)+len(deferred) != len(fixes) || len(fixes) > 0 && len(taken) == 0 {
			t.Fatalf("%d taken and %d deferred of %d", len(taken), len(deferred), len(fixes))
		}
		var edits []Edit
		for _, fix := range taken {
			edits = append(edits, fix.Edits...)
		}
		text, err := Apply(file, edits)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(fixes), func(i, j int) { fixes[i], fixes[j] = fixes[j], fixes[i] })
		again, _ := combineFixes(fixes)
		edits = nil
		for _, fix := range again {
			edits = append(edits, fix.Edits...)
		}
		if other, err := Apply(file, edits); err != nil || !bytes.Equal(text, other) {
			t.Fatalf("another order gives %q instead of %q: %v", other, text, err)
		}
		if d := cmp.Diff(len(taken), len(again)); d != "" {
			t.Fatal(d)
		}
	})
}

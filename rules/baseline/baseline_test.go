package baseline_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/baseline"
)

var rule = &rules.Rule{ID: "nix/example", Aliases: []string{"EX1"}, Severity: rules.Warning}

// found returns a finding for each occurrence of a word in a text.
func found(path, text, word string) []rules.Finding {
	f := source.NewFile(path, []byte(text))
	var out []rules.Finding
	for at := 0; ; {
		n := strings.Index(text[at:], word)
		if n < 0 {
			return out
		}
		at += n
		out = append(out, rules.Finding{Rule: rule, File: f, Span: source.Span{Start: at, End: at + len(word)}})
		at += len(word)
	}
}

func parse(t *testing.T, text []byte) *baseline.Baseline {
	t.Helper()
	b, problems := baseline.Parse(source.NewFile("b", text))
	if len(problems) > 0 {
		t.Fatalf("%q: %s", text, problems[0].Message)
	}
	return b
}

func entries(findings []rules.Finding) []baseline.Entry {
	var out []baseline.Entry
	for n := range findings {
		out = append(out, baseline.EntryOf(&findings[n], findings[n].File.Path))
	}
	return out
}

func matcher(b *baseline.Baseline) *baseline.Matcher {
	return b.Matcher(func(path string) string { return path }, []rules.Pack{{Rules: []*rules.Rule{rule}}})
}

// fresh returns the lines of the findings that a baseline does not accept.
func fresh(b *baseline.Baseline, findings []rules.Finding) []int {
	var out []int
	by, _ := matcher(b).Match(findings)
	for n := range by {
		if by[n] < 0 {
			out = append(out, findings[n].File.LineOf(findings[n].Span.Start))
		}
	}
	return out
}

func TestMatch(t *testing.T) {
	const before = "a one\nb two\nb one\nb one\n"
	b := parse(t, baseline.Format([]string{"."}, entries(found("f", before, "one"))))
	for _, c := range []struct {
		name, path, text string
		fresh            []int
	}{
		{"same", "f", before, nil},
		{"moved", "f", "x\nb one\n\nb   one\r\na one", nil},
		{"a fourth above", "f", "new one\n" + before, []int{1}},
		{"a fourth between", "f", "a one\nnew one\nb two\nb one\nb one\n", []int{2}},
		{"one on a changed line", "f", "a one, changed\nb one\nb one", nil},
		{"all on changed lines", "f", "x one\ny one\nz one\nw one", []int{4}},
		{"fewer", "f", "b one", nil},
		{"another path", "g", before, []int{1, 3, 4}},
	} {
		if got := fresh(b, found(c.path, c.text, "one")); !slices.Equal(got, c.fresh) {
			t.Errorf("%s: new in lines %d, want %d", c.name, got, c.fresh)
		}
	}
	if got := fresh(b, found("f", "a two", "two")); len(got) != 1 {
		t.Error("another text is accepted")
	}
	other := found("f", before, "one")
	for n := range other {
		other[n].Rule = &rules.Rule{ID: "nix/other"}
	}
	if got := fresh(b, other); len(got) != 3 {
		t.Error("another rule is accepted")
	}
}

// An entry under a former name of the rule stays good.
func TestAlias(t *testing.T) {
	text := baseline.Format([]string{"."}, entries(found("f", "one", "one")))
	b := parse(t, bytes.ReplaceAll(text, []byte("nix/example"), []byte("EX1")))
	if got := fresh(b, found("f", "one", "one")); len(got) > 0 {
		t.Error("the entry does not accept the finding")
	}
}

// Of a long text the first line counts, and a long line says nothing about the place.
func TestLongText(t *testing.T) {
	block := "begin\n" + strings.Repeat("x y\n", 500) + "end"
	whole := func(text string) []rules.Finding {
		f := source.NewFile("f", []byte(text))
		return []rules.Finding{{Rule: rule, File: f, Span: f.Span()}}
	}
	b := parse(t, baseline.Format([]string{"."}, entries(whole(block))))
	if len(b.Source.Bytes) > 200 {
		t.Errorf("an entry with %d bytes", len(b.Source.Bytes))
	}
	if got := fresh(b, whole(strings.Replace(block, "x y", "z", 1))); len(got) > 0 {
		t.Error("an edit inside a long block makes its finding new")
	}
	if got := fresh(b, whole(strings.Replace(block, "begin", "start", 1))); len(got) == 0 {
		t.Error("another block is accepted")
	}
	line := strings.Repeat("x ", 5000) + "one" + strings.Repeat(" y", 5000)
	b = parse(t, baseline.Format([]string{"."}, entries(found("f", line, "one"))))
	if got := fresh(b, found("f", "z"+line, "one")); len(got) > 0 {
		t.Error("an edit elsewhere in a long line makes a finding new")
	}
}

func TestFormatIsParsed(t *testing.T) {
	var list []baseline.Entry
	for n, path := range []string{"a", "a b/c", `"q"`, "é/\x01", "-x", "ends ", "\xff"} {
		e := baseline.EntryOf(&found("f", "one\n", "one")[0], path)
		e.Count = n + 1
		list = append(list, e)
	}
	paths := []string{".", "x y", "z"}
	text := baseline.Format(paths, list)
	b := parse(t, text)
	if diff := cmp.Diff(paths, b.Paths); diff != "" {
		t.Error(diff)
	}
	if again := baseline.Format(b.Paths, b.Entries); !bytes.Equal(again, text) {
		t.Errorf("%s\nis read as\n%s", text, again)
	}
	seen := map[string]int{}
	for _, e := range b.Entries {
		seen[e.Path] = e.Count
	}
	for _, e := range list {
		if seen[e.Path] != e.Count {
			t.Errorf("the entry of %q has the number %d, want %d", e.Path, seen[e.Path], e.Count)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# sandlint baseline 1\n# paths: . \"a b\"\n504afa2fc78f510a 9c6a829b 1 nix/x \"a b\" text\n"))
	f.Add([]byte("# sandlint baseline 1\r\n504afa2fc78f510a 9c6a829b 2 nix/x a\n504afa2fc78f510a 9c6a829b 7 nix/x a"))
	f.Add([]byte("<<<<<<< HEAD\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, problems := baseline.Parse(source.NewFile("b", text))
		for _, p := range problems {
			if p.Span.Start < 0 || p.Span.End > len(text) || p.Span.Start > p.Span.End {
				t.Fatalf("%q: problem at %v", text, p.Span)
			}
		}
		if len(problems) > 0 {
			return
		}
		m := matcher(b)
		_, used := m.Match(nil)
		stale := m.Stale(used, func(*baseline.Entry) bool { return true })
		pruned := parse(t, b.Prune(stale))
		if len(pruned.Entries) > 0 {
			t.Fatalf("%q: an entry is left: %q", text, pruned.Source.Bytes)
		}
	})
}

func BenchmarkBaseline(b *testing.B) {
	for _, count := range []int{300, 3_000, 30_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			var findings []rules.Finding
			for n := range count / 30 {
				findings = append(findings, found(fmt.Sprintf("images/%d/Dockerfile", n),
					strings.Repeat(fmt.Sprintf("RUN one %d\n", n), 30), "one")...)
			}
			for b.Loop() {
				text := baseline.Format([]string{"."}, entries(findings))
				read, _ := baseline.Parse(source.NewFile("b", text))
				m := matcher(read)
				_, used := m.Match(findings[:count/2])
				stale := m.Stale(used, func(*baseline.Entry) bool { return true })
				if len(read.Prune(stale)) >= len(text) {
					b.Fatal("nothing is pruned")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(count), "µs/entry")
		})
	}
}

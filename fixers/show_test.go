package fixers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// verdictsOf shows what ProveAll says of each fix: its title, with "!" where it failed and "?" where it was not tried.
func verdictsOf(t *testing.T, c *fakeChecker, text string) (string, int) {
	t.Helper()
	files := []*source.File{source.NewFile("f", []byte(text))}
	findings, err := c.Lint(files)
	if err != nil {
		t.Fatal(err)
	}
	c.calls = 0
	verdicts, err := NewProver(files, findings, c).ProveAll(findings)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n, f := range findings {
		for m, fix := range f.Fixes {
			b.WriteString(strings.TrimPrefix(fix.Title, "Write "))
			switch err := verdicts[n][m]; {
			case errors.Is(err, ErrRejected):
				b.WriteString("!")
			case errors.Is(err, ErrUntried):
				b.WriteString("?")
			case err != nil:
				t.Errorf("%v is neither a rejection nor untried", err)
			}
			b.WriteString(" ")
		}
	}
	return strings.TrimSpace(b.String()), c.calls
}

// newBefore returns a lint that finds the last of one text that stands before another one.
func newBefore(text, before string) func([]*source.File, []Finding) []Finding {
	return func(files []*source.File, found []Finding) []Finding {
		all := string(files[0].Bytes)
		if end := strings.Index(all, before); end >= 0 {
			if at := strings.LastIndex(all[:end], text); at >= 0 {
				return append(found, Finding{Path: "f", Rule: "new", Severity: 4, Key: text,
					Span: source.Span{Start: at, End: at + len(text)}})
			}
		}
		return found
	}
}

func TestProveAll(t *testing.T) {
	refuse := func(what string) func(string, string, []Fix) string {
		return func(_, after string, _ []Fix) string {
			if strings.Contains(after, what) {
				return "there is a " + what
			}
			return ""
		}
	}
	for _, tt := range []struct {
		name, text string
		check      fakeChecker
		want       string
		calls      int // of Lint, at most
	}{
		{
			"a thousand fixes cost one proof", strings.Repeat("a.", 1000),
			fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}}},
			strings.TrimSpace(strings.Repeat("A ", 1000)), 1,
		},
		{
			"alternatives are proved apart", "a.a",
			fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A", "B"}}}},
			"A B A B", 2,
		},
		{
			"fixes of one place are proved apart", "aa.aa",
			fakeChecker{rules: []fakeRule{
				{ID: "r1", Old: "aa", New: []string{"A"}}, {ID: "r2", Old: "aa", New: []string{"B"}},
			}},
			"A A B B", 2,
		},
		{
			"alternatives and fixes of other rules share batches", "a.b.a.b",
			fakeChecker{rules: []fakeRule{
				{ID: "ra", Old: "a", New: []string{"A", "B"}},
				{ID: "rb", Old: "b", New: []string{"D"}}, {ID: "rc", Old: "b", New: []string{"C"}},
			}},
			"A B A B D D C C", 2,
		},
		{
			"a fix may give another finding the text of one that is gone", "X.x",
			fakeChecker{rules: []fakeRule{
				{ID: "r1", Old: "X", New: []string{"y"}}, {ID: "r1", Old: "x", New: []string{"y"}},
				{ID: "r2", Old: "x", New: []string{"X"}},
			}},
			"y y X", 2,
		},
		{
			"fixes that make the same edits are proved together", strings.Repeat("a.", 100),
			fakeChecker{rules: []fakeRule{
				{ID: "r1", Old: "a", New: []string{"A"}}, {ID: "r2", Old: "a", New: []string{"A"}},
			}},
			strings.TrimSpace(strings.Repeat("A ", 200)), 1,
		},
		{
			"one that fails among many", strings.Repeat("a.", 500) + "b." + strings.Repeat("a.", 500),
			fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "rb", Old: "b", New: []string{"B"}},
				},
				compare: refuse("B"),
			},
			strings.Repeat("A ", 1000) + "B!", 3,
		},
		{
			"one that fails among many of its rule", strings.Repeat("a.", 500) + "(a)." + strings.Repeat("a.", 499),
			fakeChecker{
				rules:   []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}},
				compare: refuse("(A)"),
			},
			strings.Repeat("A ", 500) + "A!" + strings.Repeat(" A", 499), 2*11 + 1,
		},
		{
			"good alone, bad together", "a.a.a.a",
			fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}},
				compare: func(_, after string, _ []Fix) string {
					if strings.Count(after, "A") > 1 {
						return "no two capitals"
					}
					return ""
				},
			},
			"A A A A", 7,
		},
		{
			"a rule whose every fix fails", strings.Repeat("b.", 200),
			fakeChecker{rules: []fakeRule{{ID: "rb", Old: "b", New: []string{"B"}}}, compare: refuse("B")},
			strings.TrimSpace(strings.Repeat("B! ", 200)), 80,
		},
		{
			"twins that fail alike", strings.Repeat("a ", 40) + "x " + strings.Repeat("b ", 40),
			fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: 3, Old: "a", New: []string{"A"}},
					{ID: "rb", Severity: 3, Old: "b", New: []string{"B"}},
				},
				lint: newBefore("A", "x"),
			},
			strings.Repeat("A! ", 40) + strings.TrimSpace(strings.Repeat("B ", 40)), 4,
		},
		{
			"twins of which the last passes", strings.Repeat("a ", 9) + "x a ",
			fakeChecker{
				rules: []fakeRule{{ID: "ra", Severity: 3, Old: "a", New: []string{"A"}}}, lint: newBefore("A", "x"),
			},
			strings.Repeat("A! ", 9) + "A", 24,
		},
		{
			"fixes that make one edit that fails", strings.Repeat("a.", 40),
			fakeChecker{
				rules: []fakeRule{{ID: "ra", Severity: 3, Old: "a", New: []string{"A"}}},
				lint: func(files []*source.File, found []Finding) []Finding {
					for n := range found {
						found[n].Fixes[0].Edits = []Edit{{files[0], source.Span{}, "x"}}
					}
					return newBefore("x", "a")(files, found)
				},
			},
			strings.TrimSpace(strings.Repeat("A! ", 40)), 1,
		},
		{
			"fixes that insert the same text", strings.Repeat("a.", 40),
			fakeChecker{
				rules: []fakeRule{{ID: "ra", Severity: 3, Old: "a", New: []string{"A"}}},
				lint: func(files []*source.File, found []Finding) []Finding {
					end := len(files[0].Bytes)
					for n := range found {
						found[n].Fixes[0].Edits = append(found[n].Fixes[0].Edits,
							Edit{files[0], source.Span{Start: end, End: end}, "x"})
					}
					return found
				},
			},
			strings.TrimSpace(strings.Repeat("A ", 40)), 1,
		},
		{"nothing to prove", "b", fakeChecker{rules: []fakeRule{{ID: "rb", Old: "b"}}}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, calls := verdictsOf(t, &tt.check, tt.text)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if calls > tt.calls {
				t.Errorf("%d calls of Lint, want at most %d", calls, tt.calls)
			}
		})
	}
}

// TestProveAllBudget has fixes of which each overlaps all others, so each needs a proof of its own. Beyond the budget
// they are not tried, and which these are does not depend on anything but the text.
func TestProveAllBudget(t *testing.T) {
	const n = 400
	check := fakeChecker{lint: func(files []*source.File, _ []Finding) []Finding {
		var out []Finding
		for i := range n {
			fix := Fix{
				Title: fmt.Sprintf("Write %d", i), Safety: Safe,
				Edits: []Edit{{files[0], source.Span{Start: 0, End: 1}, fmt.Sprintf("%d", i)}},
			}
			if files[0].Bytes[0] == 'x' {
				out = append(out, Finding{Path: "f", Rule: "r", Key: fmt.Sprint(i), Fixes: []Fix{fix}})
			}
		}
		return out
	}}
	for _, size := range []int{1 << 10, 10 << 10, 100 << 10} {
		text := "x" + strings.Repeat(".", size-1)
		got, calls := verdictsOf(t, &check, text)
		again, _ := verdictsOf(t, &check, text)
		if got != again {
			t.Errorf("with %d bytes two runs differ", size)
		}
		if want := min(n, showBudget(size)/size+1); calls > want || calls < want-1 {
			t.Errorf("with %d bytes: %d calls of Lint, want %d", size, calls, want)
		}
		if untried := strings.Count(got, "?"); untried != n-calls {
			t.Errorf("with %d bytes: %d of %d fixes are untried after %d proofs", size, untried, n, calls)
		}
	}
}

// TestProveAllAlone compares the verdicts with those of Prove, for random texts and rules whose fixes do not depend on
// each other.
func TestProveAllAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 1))
	for range 300 {
		check := fakeChecker{
			rules: []fakeRule{
				{ID: "ra", Severity: 3, Old: "a", New: []string{"A", "x"}},
				{ID: "rb", Severity: 2, Old: "b", New: []string{"B", "bb"}},
				{ID: "rc", Severity: 3, Old: "c", New: []string{"(", "C"}},
				{ID: "syntax", Severity: 1, Old: "(", Syntax: true},
			},
			compare: func(before, after string, _ []Fix) string {
				if strings.Count(before, "[") != strings.Count(strings.ReplaceAll(after, "[B", ""), "[") {
					return "a B in brackets"
				}
				return ""
			},
		}
		var text strings.Builder
		for range 1 + r.IntN(20) {
			text.WriteString([]string{"a", "b", "c", "[", "."}[r.IntN(5)] + " ")
		}
		files := []*source.File{source.NewFile("f", []byte(strings.ReplaceAll(text.String(), "[ ", "[")))}
		findings, _ := check.Lint(files)
		p := NewProver(files, findings, &check)
		verdicts, err := p.ProveAll(findings)
		if err != nil {
			t.Fatal(err)
		}
		for n, f := range findings {
			for m, fix := range f.Fixes {
				if alone := p.Prove(f, fix); (alone == nil) != (verdicts[n][m] == nil) {
					t.Errorf("%q: %s: together %v, alone %v", files[0].Bytes, fix.Title, verdicts[n][m], alone)
				}
			}
		}
	}
}

// TestRunBudget stops when fixes that overlap would need too many passes.
func TestRunBudget(t *testing.T) {
	size := 200 << 10
	check := fakeChecker{lint: func(files []*source.File, _ []Finding) []Finding {
		left := strings.Count(string(files[0].Bytes), "x")
		var out []Finding
		for range left {
			edit := Edit{files[0], source.Span{Start: 0, End: left}, strings.Repeat("x", left-1)}
			fix := Fix{Title: "Remove one", Safety: Safe, Edits: []Edit{edit}}
			out = append(out, Finding{Path: "f", Rule: "r", Key: "x", Fixes: []Fix{fix}})
		}
		return out
	}}
	run := func(text string) Result {
		r, err := Run([]*source.File{source.NewFile("f", []byte(text))}, Options{}, &check)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run(strings.Repeat("x", 300) + strings.Repeat(".", size))
	if applied := len(r.Files[0].Applied); applied < 30 || applied > 100 || r.Untried != 300-applied {
		t.Errorf("%d applied, %d untried", applied, r.Untried)
	}
	if r := run(strings.Repeat("x", 300) + "."); r.Untried != 0 || string(r.Files[0].After.Bytes) != "." {
		t.Errorf("a small file: %d untried", r.Untried)
	}
}

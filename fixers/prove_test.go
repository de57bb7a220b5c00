package fixers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// fakeRule finds every occurrence of Old and offers to replace it.
type fakeRule struct {
	ID       string
	Severity int
	Syntax   bool
	Old      string
	New      []string // one fix for each; none gives a finding without fix
	Safety   Safety   // of the fixes; Safe when zero and there are fixes
	Changes  Changes  // that the fixes declare
}

// fakeChecker lints texts with fakeRules.
type fakeChecker struct {
	rules   []fakeRule
	compare func(before, after string, fixes []Fix) string
	lint    func(files []*source.File, findings []Finding) []Finding // what else happens in a Lint
	calls   int
	err     error
	seed    uint64 // shuffles the findings when not 0
}

func (c *fakeChecker) Lint(files []*source.File) ([]Finding, error) {
	c.calls++
	if c.err != nil && c.calls > 1 {
		return nil, c.err
	}
	var out []Finding
	for _, f := range files {
		text := string(f.Bytes)
		for _, rule := range c.rules {
			for at := 0; ; {
				i := strings.Index(text[at:], rule.Old)
				if i < 0 {
					break
				}
				span := source.Span{Start: at + i, End: at + i + len(rule.Old)}
				at = span.End
				finding := Finding{
					Path:     f.Path,
					Rule:     rule.ID,
					Severity: rule.Severity,
					Key:      rule.Old,
					Span:     span,
					Message:  "found " + rule.Old,
					Syntax:   rule.Syntax,
					Note:     rule.Severity <= 2,
				}
				for _, text := range rule.New {
					safety := rule.Safety
					if safety == Manual {
						safety = Safe
					}
					finding.Fixes = append(finding.Fixes,
						Fix{Title: "Write " + text, Safety: safety, Edits: []Edit{{f, span, text}},
							Changes: rule.Changes})
				}
				out = append(out, finding)
			}
		}
	}
	if c.lint != nil {
		out = c.lint(files, out)
	}
	if c.seed != 0 {
		r := rand.New(rand.NewPCG(c.seed, uint64(c.calls)))
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out, nil
}

func (c *fakeChecker) Compare(before, after []*source.File, n int, fixes []Fix) string {
	if c.compare == nil {
		return ""
	}
	return c.compare(string(before[n].Bytes), string(after[n].Bytes), fixes)
}

// summary writes a result as text: each file's final text, and what was applied, rejected and found to cycle.
func summary(r Result) string {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "%s = %s\n", f.Before.Path, f.After.Bytes)
		for _, a := range f.Applied {
			fmt.Fprintf(&b, "  applied %s: %s\n", a.Rule, a.Title)
		}
		for _, a := range f.Rejected {
			fmt.Fprintf(&b, "  rejected %s: %s: %s\n", a.Rule, a.Title, a.Reason)
		}
		for _, c := range f.Cycles {
			fmt.Fprintf(&b, "  cycle of %s\n", strings.Join(c.Rules, " and "))
		}
	}
	return b.String()
}

func TestRun(t *testing.T) {
	const info, warning, failure = 2, 3, 4
	reveals := Changes{Reveals{}}
	tests := []struct {
		name  string
		text  string
		check fakeChecker
		opts  Options
		want  string
		calls int // how often Lint may be called
	}{
		{
			name: "nothing to do", text: "x",
			check: fakeChecker{rules: []fakeRule{{ID: "a", Old: "y", New: []string{"z"}}}},
			want:  "f = x\n", calls: 1,
		},
		{
			name: "one pass for fixes that keep apart", text: "a.b.a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "rb", Old: "b", New: []string{"B"}}},
			},
			want: "f = A.B.A\n  applied ra: Write A\n  applied rb: Write B\n  applied ra: Write A\n", calls: 2,
		},
		{
			name: "overlap waits for the next pass", text: "abc",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Old: "ab", New: []string{"xb"}}, {ID: "rb", Old: "bc", New: []string{"by"}},
				},
			},
			want: "f = xby\n  applied ra: Write xb\n  applied rb: Write by\n", calls: 3,
		},
		{
			name: "the culprit among many", text: "a.a.b.a.a.a.a.a.a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "rb", Old: "b", New: []string{"B"}}},
				compare: func(_, after string, _ []Fix) string {
					if strings.Contains(after, "B") {
						return "the B has another meaning"
					}
					return ""
				},
			},
			want: "f = A.A.b.A.A.A.A.A.A\n" + strings.Repeat("  applied ra: Write A\n",
				8) + "  rejected rb: Write B: the B has another meaning\n", calls: 12,
		},
		{
			name: "syntax broken", text: "a.b",
			check: fakeChecker{rules: []fakeRule{
				{ID: "ra", Severity: failure, Old: "a", New: []string{"("}},
				{ID: "rb", Severity: failure, Old: "b", New: []string{"B"}},
				{ID: "syntax", Severity: info, Old: "(", Syntax: true},
			}},
			want: "f = a.B\n  applied rb: Write B\n" +
				"  rejected ra: Write (: the result does not parse: found ( (syntax)\n",
			calls: 5,
		},
		{
			name: "a syntax error that was there before", text: "(a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "syntax", Old: "(", Syntax: true}},
			},
			want: "f = (A\n  applied ra: Write A\n", calls: 2,
		},
		{
			name: "a new finding as bad as the old one", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: warning, Old: "a", New: []string{"b"}},
					{ID: "rb", Severity: warning, Old: "b"},
				},
			},
			want: "f = a\n  rejected ra: Write b: a new finding has come: found b (rb)\n", calls: 2,
		},
		{
			name: "a new finding that is less bad, with a fix of its own", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Syntax: true, Old: "a", New: []string{"b"}},
					{ID: "rb", Severity: warning, Old: "b", New: []string{"c"}},
				},
			},
			want: "f = c\n  applied ra: Write b\n  applied rb: Write c\n", calls: 3,
		},
		{
			name: "a new finding that is less bad, which no syntax error hid", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Old: "a", New: []string{"b"}},
					{ID: "rb", Severity: info, Old: "b", New: []string{"c"}},
				},
			},
			want: "f = a\n  rejected ra: Write b: a new finding has come: found b (rb)\n", calls: 2,
		},
		{
			name: "a lesser finding brought by one fix beside a fix of little weight", text: "a.i",
			check: fakeChecker{rules: []fakeRule{
				{ID: "ra", Severity: failure, Syntax: true, Old: "a", New: []string{"w"}},
				{ID: "ri", Severity: info, Old: "i", New: []string{"I"}},
				{ID: "rw", Severity: warning, Old: "w"},
			}},
			want: "f = w.I\n  applied ra: Write w\n  applied ri: Write I\n", calls: 3,
		},
		{
			name: "an unsafe fix that brings a note, and one that brings a warning", text: "a.c",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Old: "a", New: []string{"i"}, Safety: Unsafe},
					{ID: "rc", Severity: failure, Old: "c", New: []string{"w"}, Safety: Unsafe},
					{ID: "ri", Severity: info, Old: "i"},
					{ID: "rw", Severity: warning, Old: "w"},
				},
			},
			opts: Options{Unsafe: true},
			want: "f = i.c\n  applied ra: Write i\n  rejected rc: Write w: a new finding has come: found w (rw)\n",
		},
		{
			name: "an unsafe fix reveals what other rules say at the same severity or below", text: "a.b.c.d",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: warning, Old: "a", New: []string{"w"}, Safety: Unsafe, Changes: reveals},
					{ID: "rb", Severity: warning, Old: "b", New: []string{"e"}, Safety: Unsafe, Changes: reveals},
					{ID: "rc", Severity: warning, Old: "c", New: []string{"z"}, Safety: Unsafe, Changes: reveals},
					{ID: "rd", Severity: warning, Old: "d", New: []string{"s"}, Safety: Unsafe, Changes: reveals},
					{ID: "rw", Severity: warning, Old: "w"},
					{ID: "re", Severity: failure, Old: "e"},
					{ID: "rz", Severity: info, Old: "z"},
					{ID: "rs", Severity: info, Syntax: true, Old: "s"},
				},
			},
			opts: Options{Unsafe: true},
			want: "f = w.b.z.d\n  applied ra: Write w\n  applied rc: Write z\n" +
				"  rejected rb: Write e: a new finding has come: found e (re)\n" +
				"  rejected rd: Write s: the result does not parse: found s (rs)\n",
		},
		{
			name: "a safe fix reveals nothing", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Old: "a", New: []string{"w"}, Changes: reveals},
					{ID: "rw", Severity: warning, Old: "w"},
				},
			},
			want: "f = a\n  rejected ra: Write w: a new finding has come: found w (rw)\n",
		},
		{
			name: "an unsafe fix reveals nothing of its own rule", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Old: "a", New: []string{"w"}, Safety: Unsafe, Changes: reveals},
					{ID: "ra", Severity: warning, Old: "w"},
				},
			},
			opts: Options{Unsafe: true},
			want: "f = a\n  rejected ra: Write w: a new finding has come: found w (ra)\n",
		},
		{
			name: "a fix that mends nothing", text: "a",
			check: fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"aa"}}}},
			want: "f = a\n" +
				"  rejected ra: Write aa: the finding is still there, or another one has come: found a (ra)\n",
			calls: 2,
		},
		{
			name: "a fix that changes nothing", text: "a",
			check: fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"a"}}}},
			want:  "f = a\n  rejected ra: Write a: it changes nothing\n", calls: 1,
		},
		{
			name: "a rule that undoes another", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: failure, Syntax: true, Old: "a", New: []string{"b"}},
					{ID: "rb", Severity: warning, Old: "b", New: []string{"a"}},
				},
			},
			want:  "f = b\n  applied ra: Write b\n  rejected rb: Write a: the result does not parse: found a (ra)\n",
			calls: 3,
		},
		{
			name: "a cycle that the findings do not betray", text: "a.x",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: 100, Old: "a", New: []string{"b"}},
					{ID: "rb", Severity: 100, Old: "b", New: []string{"c"}},
					{ID: "rc", Severity: 100, Old: "c", New: []string{"a"}},
					{ID: "rx", Severity: 100, Old: "x", New: []string{"X"}},
				},
				lint: fading("rb", "rc", "ra", "rb"),
			},
			want: "f = a.X\n  applied ra: Write b\n  applied rx: Write X\n  applied rb: Write c\n" +
				"  applied rc: Write a\n  cycle of ra and rb and rc\n",
		},
		{
			name: "good alone, bad together", text: "a.b",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "rb", Old: "b", New: []string{"B"}}},
				compare: func(_, after string, _ []Fix) string {
					if after == "A.B" {
						return "no two capitals"
					}
					return ""
				},
			},
			want: "f = A.b\n  applied ra: Write A\n  rejected rb: Write B: no two capitals\n", calls: 6,
		},
		{
			name: "bad alone, good together", text: "a.b",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}, {ID: "rb", Old: "b", New: []string{"B"}}},
				compare: func(_, after string, _ []Fix) string {
					if after == "A.b" || after == "a.B" {
						return "half a change"
					}
					return ""
				},
			},
			want: "f = A.B\n  applied ra: Write A\n  applied rb: Write B\n", calls: 2,
		},
		{
			name: "only one of two twins can be mended", text: "(a).a.a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}},
				compare: func(_, after string, _ []Fix) string {
					if strings.Contains(after, "(A)") {
						return "in brackets"
					}
					return ""
				},
			},
			want: "f = (a).A.A\n  applied ra: Write A\n  applied ra: Write A\n  rejected ra: Write A: in brackets\n",
		},
		{
			name: "twins in each other's way, of which the first cannot be mended", text: "aaa",
			check: fakeChecker{
				lint: func(files []*source.File, _ []Finding) []Finding {
					var findings []Finding
					for i := range strings.Count(string(files[0].Bytes), "aa") +
						strings.Count(string(files[0].Bytes), "aaa") {
						fix := Fix{
							Title:  "Write b",
							Safety: Safe,
							Edits:  []Edit{{files[0], source.Span{Start: i, End: i + 2}, "b"}},
						}
						findings = append(findings, Finding{Path: "f", Rule: "ra", Key: "aa", Fixes: []Fix{fix}})
					}
					return findings
				},
				compare: func(_, after string, _ []Fix) string {
					if strings.HasPrefix(after, "b") {
						return "begins with b"
					}
					return ""
				},
			},
			want: "f = ab\n  applied ra: Write b\n",
		},
		{
			name: "the second alternative when the first one fails", text: "a",
			check: fakeChecker{
				rules: []fakeRule{
					{ID: "ra", Severity: warning, Old: "a", New: []string{"b", "c"}},
					{ID: "rb", Severity: warning, Old: "b"},
				},
			},
			want:  "f = c\n  applied ra: Write c\n  rejected ra: Write b: a new finding has come: found b (rb)\n",
			calls: 3,
		},
		{
			name: "unsafe fixes wait for leave", text: "a",
			check: fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}, Safety: Unsafe}}},
			want:  "f = a\n", calls: 1,
		},
		{
			name: "unsafe fixes with leave", text: "a", opts: Options{Unsafe: true},
			check: fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}, Safety: Unsafe}}},
			want:  "f = A\n  applied ra: Write A\n", calls: 2,
		},
		{
			name: "edits of a file that is not there", text: "a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}},
				lint: func(_ []*source.File, findings []Finding) []Finding {
					for i := range findings {
						findings[i].Fixes[0].Edits[0].File = source.NewFile("g", nil)
					}
					return findings
				},
			},
			want: "f = a\n  rejected ra: Write A: it edits \"g\", which is not one of the files\n", calls: 1,
		},
		{
			name: "edits that overlap in one fix", text: "a",
			check: fakeChecker{
				rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}},
				lint: func(files []*source.File, findings []Finding) []Finding {
					for i := range findings {
						fix := &findings[i].Fixes[0]
						fix.Edits = append(fix.Edits, Edit{files[0], source.Span{Start: 0, End: 1}, "B"})
					}
					return findings
				},
			},
			want: "f = a\n  rejected ra: Write A: edits of bytes 0 to 1 and 0 to 1 of \"f\" overlap\n", calls: 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := test.check
			result, err := Run([]*source.File{source.NewFile("f", []byte(test.text))}, test.opts, &c)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, summary(result)); d != "" {
				t.Error(d)
			}
			if test.calls != 0 && c.calls > test.calls {
				t.Errorf("%d calls of Lint, want at most %d", c.calls, test.calls)
			}
		})
	}
}

// fading adds findings to each Lint, fewer than to the one before, as a rule would that does not look at the text
// alone; so the findings that fixes bring seem to have been there.
func fading(rules ...string) func([]*source.File, []Finding) []Finding {
	calls := 0
	return func(_ []*source.File, findings []Finding) []Finding {
		calls++
		for i := calls - 1; i < len(rules); i++ {
			findings = append(findings, Finding{Path: "f", Rule: rules[i], Severity: 100, Key: "other"})
		}
		return findings
	}
}

// TestRunAcrossFiles has a finding in one file that a fix of another one mends.
// TestRunDowngraded applies a fix that lowers the severity of another rule's finding, which is no new finding, or that
// causes a new one.
func TestRunDowngraded(t *testing.T) {
	const info, warning, failure = 2, 3, 4
	for _, tt := range []struct {
		before, after []int // severities of the other rule's findings
		want          string
	}{
		{[]int{failure}, []int{warning}, "f = b\n  applied r: Write b\n"},
		{[]int{failure, failure}, []int{info, warning}, "f = b\n  applied r: Write b\n"},
		{[]int{failure}, []int{warning, warning}, "f = a\n  rejected r: Write b: a new finding has come: other (o)\n"},
		{[]int{warning}, []int{failure}, "f = a\n  rejected r: Write b: a new finding has come: other (o)\n"},
		{nil, []int{warning}, "f = a\n  rejected r: Write b: a new finding has come: other (o)\n"},
		{nil, []int{info}, "f = a\n  rejected r: Write b: a new finding has come: other (o)\n"},
	} {
		check := fakeChecker{
			rules: []fakeRule{{ID: "r", Severity: warning, Old: "a", New: []string{"b"}}},
			lint: func(files []*source.File, findings []Finding) []Finding {
				severities := tt.after
				if string(files[0].Bytes) == "a" {
					severities = tt.before
				}
				for _, s := range severities {
					findings = append(findings,
						Finding{Path: "f", Rule: "o", Severity: s, Key: fmt.Sprint(s), Message: "other"})
				}
				return findings
			},
		}
		r, err := Run([]*source.File{source.NewFile("f", []byte("a"))}, Options{}, &check)
		if err != nil {
			t.Fatal(err)
		}
		if got := summary(r); got != tt.want {
			t.Errorf("from %v to %v:\n%s", tt.before, tt.after, got)
		}
	}
}

func TestRunAcrossFiles(t *testing.T) {
	check := &fakeChecker{lint: func(files []*source.File, _ []Finding) []Finding {
		conf, docker := files[0], files[1]
		if !strings.Contains(string(conf.Bytes), "bad") {
			return nil
		}
		end := source.Span{Start: len(docker.Bytes), End: len(docker.Bytes)}
		return []Finding{{
			Path: docker.Path, Rule: "import", Key: "k", Fixes: []Fix{{
				Title: "Mend both", Safety: Safe,
				Edits: []Edit{{docker, end, "!"}, {conf, conf.Span(), "good"}},
			}},
		}}
	}}
	files := []*source.File{
		source.NewFile("nix.conf", []byte("bad")), source.NewFile("Dockerfile", []byte("COPY")),
		source.NewFile("other", []byte("bad")),
	}
	result, err := Run(files, Options{}, check)
	if err != nil {
		t.Fatal(err)
	}
	want := "nix.conf = good\n  applied import: Mend both\nDockerfile = COPY!\n  applied import: Mend both\n" +
		"other = bad\n"
	if d := cmp.Diff(want, summary(result)); d != "" {
		t.Error(d)
	}
	if result.Files[2].After != files[2] {
		t.Error("a file that was not edited is another value")
	}
	if len(result.Findings) != 0 {
		t.Errorf("findings at the end: %v", result.Findings)
	}
}

// TestRunOrder checks that the order of files and findings is of no influence.
func TestRunOrder(t *testing.T) {
	rules := []fakeRule{
		{ID: "r1", Severity: 3, Old: "ab", New: []string{"xy"}},
		{ID: "r2", Severity: 3, Old: "bc", New: []string{"yz"}},
		{ID: "r3", Severity: 2, Old: "xy", New: []string{"ab", "q"}},
		{ID: "r4", Severity: 3, Old: "c", New: []string{"d"}},
		{ID: "r5", Severity: 3, Old: "d"},
		{ID: "r6", Severity: 4, Old: "a", New: []string{"b", "e"}},
		{ID: "r7", Severity: 4, Old: "a", New: []string{"b", "e"}},
	}
	compare := func(_, after string, _ []Fix) string {
		if strings.Contains(after, "eb") {
			return "eb"
		}
		return ""
	}
	var want string
	for seed := uint64(1); seed < 60; seed++ {
		files := []*source.File{
			source.NewFile("f", []byte("abcabc.ab.bc.aab.c")), source.NewFile("g", []byte("cba.cab.abc.a")),
		}
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		result, err := Run(files, Options{}, &fakeChecker{rules: rules, compare: compare, seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(result.Files,
			func(a, b FileResult) int { return strings.Compare(a.Before.Path, b.Before.Path) })
		got := summary(result)
		if want == "" {
			want = got
			if !strings.Contains(want, "rejected") || !strings.Contains(want, "applied r2") {
				t.Fatalf("the case is too simple:\n%s", want)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
}

// TestRunEnds runs random sets of rules, which often undo each other, and checks what every result must satisfy.
func TestRunEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		b := make([]byte, 1+r.IntN(2))
		for i := range b {
			b[i] = 'a' + byte(r.IntN(3))
		}
		return string(b)
	}
	for range 2000 {
		c := &fakeChecker{}
		for i := range 1 + r.IntN(6) {
			rule := fakeRule{ID: fmt.Sprint("r", i), Severity: r.IntN(4), Old: word(), Syntax: r.IntN(8) == 0}
			for range r.IntN(3) {
				rule.New = append(rule.New, word())
			}
			c.rules = append(c.rules, rule)
		}
		f := source.NewFile("f", []byte(word()+word()+word()+word()+word()))
		before, _ := c.Lint([]*source.File{f})
		result, err := Run([]*source.File{f}, Options{}, c)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := c.Lint([]*source.File{result.Files[0].After})
		if d := cmp.Diff(after, result.Findings,
			cmp.Comparer(func(a, b *source.File) bool { return sameFile(a, b) })); d != "" {
			t.Fatal(d)
		}
		if len(result.Files[0].Applied) > 0 && len(after) >= len(before) && worst(after) >= worst(before) &&
			slices.EqualFunc(before, after, func(a, b Finding) bool { return a.identity() == b.identity() }) {
			t.Fatalf("fixes were applied and nothing is better: %s", summary(result))
		}
		again, err := Run([]*source.File{result.Files[0].After}, Options{}, c)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Files[0].Applied) > 0 {
			t.Fatalf("a second run still finds something to do:\n%s%s%v", summary(result), summary(again), c.rules)
		}
	}
}

func worst(findings []Finding) int {
	n := -1
	for _, f := range findings {
		n = max(n, f.Severity)
	}
	return n
}

// TestRunBadRule checks that a rule whose every fix fails costs only so much, and does not keep others from being
// applied.
func TestRunBadRule(t *testing.T) {
	c := &fakeChecker{
		rules: []fakeRule{{ID: "bad", Old: "b", New: []string{"B"}}, {ID: "good", Old: "g", New: []string{"G"}}},
		compare: func(_, after string, _ []Fix) string {
			if strings.Contains(after, "B") {
				return "no B"
			}
			return ""
		},
	}
	result, err := Run([]*source.File{source.NewFile("f", []byte(strings.Repeat("b.g.", 1000)))}, Options{}, c)
	if err != nil {
		t.Fatal(err)
	}
	f := result.Files[0]
	if got := string(f.After.Bytes); got != strings.Repeat("b.G.", 1000) {
		t.Errorf("got %.100q", got)
	}
	if len(f.Applied) != 1000 || len(f.Rejected) != 1 || f.Rejected[0].Reason != "no B" {
		t.Errorf("%d applied, rejected %v", len(f.Applied), f.Rejected)
	}
	if c.calls > 300 {
		t.Errorf("%d calls of Lint", c.calls)
	}
}

func TestRunError(t *testing.T) {
	c := &fakeChecker{rules: []fakeRule{{ID: "ra", Old: "a", New: []string{"A"}}}, err: errors.New("out of order")}
	if _, err := Run([]*source.File{source.NewFile("f", []byte("a"))}, Options{}, c); !errors.Is(err, c.err) {
		t.Errorf("got %v, want the error of the checker", err)
	}
}

func TestProve(t *testing.T) {
	c := &fakeChecker{
		rules: []fakeRule{
			{ID: "good", Severity: 3, Old: "a", New: []string{"A"}},
			{ID: "mad", Severity: 3, Old: "b", New: []string{"(", "b.b", "M"}},
			{ID: "syntax", Severity: 1, Old: "(", Syntax: true},
		},
		compare: func(before, after string, fixes []Fix) string {
			if strings.Contains(after, "M") {
				return fmt.Sprintf("%s became %s by %d fix", before, after, len(fixes))
			}
			return ""
		},
	}
	files := []*source.File{source.NewFile("f", []byte("a.b"))}
	findings, _ := c.Lint(files)
	p := NewProver(files, findings, c)
	var got []string
	for _, f := range findings {
		for _, fix := range f.Fixes {
			err := p.Prove(f, fix)
			if err != nil && !errors.Is(err, ErrRejected) {
				t.Errorf("%v does not match ErrRejected", err)
			}
			got = append(got, fmt.Sprint(err))
		}
	}
	got = append(got, fmt.Sprint(p.Prove(findings[0], Fix{Title: "Think"})))
	want := []string{
		"<nil>",
		"fix is not proved: the result does not parse: found ( (syntax)",
		"fix is not proved: the finding is still there, or another one has come: found b (mad)",
		"fix is not proved: a.b became a.M by 1 fix",
		"fix is not proved: it is advice and has no edits",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c.err = errors.New("out of order")
	if err := p.Prove(findings[0], findings[0].Fixes[0]); !errors.Is(err, c.err) || errors.Is(err, ErrRejected) {
		t.Errorf("got %v, want the error of the checker", err)
	}
}

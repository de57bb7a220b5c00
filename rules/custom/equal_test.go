package custom_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
	"github.com/sandlint/sandlint/rules/packs"
)

// equalDir is a folder whose files TestEqual checks, too: -equal=DIR.
var equalDir = flag.String("equal", "", "a folder with files for TestEqual")

// twin is a built-in rule with the rules of a pack that are to find the same.
type twin struct {
	builtin string
	custom  []string
	// found is how many lines they found.
	found int
}

// TestEqual checks that built-in rules written in HCL (testdata/equal/PACK.hcl) find the same lines as the built-in
// ones, over the cases of all rules, and over a folder (-equal). The HCL rule for nix/a is equal-nix/a; where it takes
// several, the others are called equal-nix/a-and-….
func TestEqual(t *testing.T) {
	heavytest.Need(t, "checks the cases of all rules")
	names, err := filepath.Glob("testdata/equal/*.hcl")
	if err != nil || len(names) == 0 {
		t.Fatal("no packs", err)
	}
	all := packs.All()
	var twins []*twin
	var selected []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, problems := custom.Read(source.NewFile(name, b))
		var p *custom.Pack
		if len(problems) == 0 {
			p, problems = s.Pack(custom.Options{Known: packs.All()})
		}
		for _, problem := range problems {
			t.Errorf("%s:%d: %s", name, 1+strings.Count(string(b[:problem.Span.Start]), "\n"), problem.Message)
		}
		if p == nil {
			t.FailNow()
		}
		all = append(all, p.Rules())
		for _, r := range p.Rules().Rules {
			builtin, _, _ := strings.Cut(strings.TrimPrefix(r.ID, "equal-"), "-and-")
			selected = append(selected, r.ID)
			i := slices.IndexFunc(twins, func(w *twin) bool { return w.builtin == builtin })
			if i < 0 {
				if _, _, err := rules.Find(packs.All(), builtin); err != nil {
					t.Fatalf("%s: %v", r.ID, err)
				}
				i = len(twins)
				twins, selected = append(twins, &twin{builtin: builtin}), append(selected, builtin)
			}
			twins[i].custom = append(twins[i].custom, r.ID)
		}
	}
	set, err := rules.NewSet(all, rules.Selection{Only: selected})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page.Cases {
				equalCase(t, r.ID, &page.Cases[i], set, twins)
			}
		}
	}
	if *equalDir != "" {
		ws, err := rules.Load(workspace.Options{Dir: *equalDir, Paths: []string{"."},
			Targets: workspace.DefaultTargets()})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, *equalDir, ws, set, twins)
	}
	for _, w := range twins {
		t.Logf("%s: %d lines", w.builtin, w.found)
		if w.found == 0 {
			t.Errorf("%s finds nothing anywhere", w.builtin)
		}
	}
}

func equalCase(t *testing.T, rule string, c *rules.Case, set *rules.Set, twins []*twin) {
	t.Helper()
	files := map[string][]byte{}
	for _, f := range c.Files {
		files[f.Name] = f.Data
	}
	targets := workspace.DefaultTargets()
	for _, f := range c.Flags {
		if consumer, version, _ := strings.Cut(f, "="); targets.Set(consumer, version) != nil {
			continue // how the files are written, and options of the rule: both sides see the same
		}
	}
	ws, err := rules.InMemory(targets, files)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, rule+"/"+c.Name, ws, set, twins)
}

// equal compares what twins find in a workspace.
func equal(t *testing.T, where string, ws *workspace.Workspace, set *rules.Set, twins []*twin) {
	t.Helper()
	result := rules.Check(ws, set, rules.CheckOptions{NoIgnores: true})
	for _, e := range result.Failed {
		t.Errorf("%s: %s: %v", where, e.Rule.ID, e.Err)
	}
	lines := map[string][]string{} // by rule
	for _, f := range result.Findings {
		at := fmt.Sprintf("%s:%d", f.File.Path, f.File.LineOf(f.Span.Start))
		lines[f.Rule.ID] = append(lines[f.Rule.ID], at)
	}
	distinct := func(ids ...string) []string {
		var out []string
		for _, id := range ids {
			out = append(out, lines[id]...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	for _, w := range twins {
		want, got := distinct(w.builtin), distinct(w.custom...)
		w.found += len(want)
		for _, at := range want {
			if !slices.Contains(got, at) {
				t.Errorf("%s: %s: %s finds nothing", where, at, w.custom[0])
			}
		}
		for _, at := range got {
			if !slices.Contains(want, at) {
				t.Errorf("%s: %s: %s finds what %s does not", where, at, w.custom[0], w.builtin)
			}
		}
	}
}

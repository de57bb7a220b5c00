package custom

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// shippedPack loads a pack that comes with sandlint.
func shippedPack(tb testing.TB, name string) *Pack {
	tb.Helper()
	f, ok := OpenBuiltin(name)
	if !ok {
		tb.Fatalf("there is no %s", name)
	}
	s, problems := Read(f)
	var p *Pack
	if len(problems) == 0 {
		p, problems = s.Pack(Options{Version: "0.1.0", Read: ReadBuiltin})
	}
	for _, problem := range problems {
		at := f.Position(problem.Span.Start)
		tb.Errorf("%s:%d:%d: %s", f.Path, at.Line, at.Column, problem.Message)
	}
	if p == nil {
		tb.FailNow()
	}
	return p
}

// TestShipped runs the tests of the packs that come with sandlint.
func TestShipped(t *testing.T) {
	rules := 0
	for _, name := range Builtin() {
		p := shippedPack(t, name)
		if p.Name != name {
			t.Errorf("%s is called %s", name, p.Name)
		}
		for _, r := range p.rules {
			rules++
			if r.description == "" {
				t.Errorf("%s has no description", r.rule.ID)
			}
		}
		for _, r := range p.Test(nil, nil) {
			for _, problem := range r.Problems {
				t.Errorf("%s: %q: %s", r.Rule, r.Test, problem)
			}
		}
	}
	if rules < 20 {
		t.Errorf("only %d rules", rules)
	}
}

// TestShippedUpdate checks that the packs that come with sandlint are as Update would write them.
func TestShippedUpdate(t *testing.T) {
	for _, name := range Builtin() {
		p := shippedPack(t, name)
		after, err := p.Update(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, problems := Read(source.NewFile("pack.hcl", after)); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if !strings.Contains(string(after), "pack \""+name+"\"") {
			t.Errorf("%s lost its name", name)
		}
	}
}

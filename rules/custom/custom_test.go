package custom

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// load returns the pack with a text, and fails the test where it is refused.
func load(t *testing.T, text string) *Pack {
	t.Helper()
	p, problems := tryLoad(text)
	for _, problem := range problems {
		t.Errorf("%q: %s", text[min(problem.Span.Start, len(text)):min(problem.Span.End, len(text))], problem.Message)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

func tryLoad(text string) (*Pack, []source.Problem) {
	s, problems := Read(source.NewFile("pack.hcl", []byte(text)))
	if len(problems) > 0 {
		return nil, problems
	}
	return s.Pack(Options{Version: "0.1.0"})
}

// passes runs the tests of a pack.
func passes(t *testing.T, text string) {
	t.Helper()
	for _, r := range load(t, text).Test(nil, nil) {
		for _, problem := range r.Problems {
			t.Errorf("%s: %s: %s", r.Rule, r.Test, problem)
		}
	}
}

// TestExamples checks the example of each kind: it finds something in its file.
func TestExamples(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			on := k.Name
			if k.Index != "" {
				on += `["ptrace"]`
			}
			p := load(t, "pack \"x\" {}\nrule \"r\" {\n  summary = \"s\"\n  on = "+on+"\n"+k.Example+"}\n")
			set, err := rules.NewSet([]rules.Pack{p.Rules()}, rules.Selection{})
			if err != nil {
				t.Fatal(err)
			}
			ws, err := rules.InMemory(workspace.DefaultTargets(), map[string][]byte{k.File: []byte(k.Bad)})
			if err != nil {
				t.Fatal(err)
			}
			result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
			for _, e := range result.Failed {
				t.Errorf("the rule fails: %v", e.Err)
			}
			for _, x := range result.Rejected {
				t.Errorf("the fix %q is refused: %s", x.Title, x.Reason)
			}
			if len(result.Findings) == 0 {
				t.Errorf("nothing is found in\n%s", k.Bad)
			}
			if strings.Contains(k.Example, "fix {") {
				for _, f := range result.Findings {
					if len(f.Fixes) == 0 {
						t.Errorf("no fix is offered")
					}
				}
			}
			if k.Good != "" || k.format() == "dockerfile" {
				ws, err := rules.InMemory(workspace.DefaultTargets(), map[string][]byte{k.File: []byte(k.goodFile())})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range rules.Check(ws, set, rules.CheckOptions{}).Findings {
					t.Errorf("found in the good file: %s", f.Message)
				}
			}
			for _, a := range k.Attributes {
				if a.Doc == "" || a.Name == "" {
					t.Errorf("%s has no description", a.Name)
				}
			}
		})
	}
}

// TestFunctions checks the example of each function.
func TestFunctions(t *testing.T) {
	for _, f := range append(Functions(), modelFunctions()...) {
		if f.Example == "" {
			continue
		}
		p := load(t, "pack \"x\" {}\nlocals {\n  a = "+f.Example+"\n  b = "+f.Gives+`
}
rule "r" {
  summary = "s"
  on      = dockerfile.from
  when    = jsonencode(local.a) == jsonencode(local.b)
  message = "m"
  test "it is so" { bad = "FROM debian:12\n" }
}
`)
		if r := p.Test(nil, nil)[0]; len(r.Problems) > 0 {
			t.Errorf("%s: %s is not %s: %s", f.Name, f.Example, f.Gives, r.Problems)
		}
	}
}

package workflow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestOutline(t *testing.T) {
	f := source.NewFile("w.yml", []byte(`env: {A: top}
defaults: {run: {shell: pwsh}}
jobs:
  one:
    env:
      B: ${{ secrets.B }}
    steps:
      - uses: a/b@v1
        with: {x: "y"}
        env: {C: step}
      - run: |
          echo one
            two
        shell: bash -e {0}
      - run: echo
`))
	o := ReadOutline(f)
	var env []string
	for _, e := range o.Env {
		env = append(env, e.Name+"="+f.Text(e.Value.Span(source.Span{End: len(e.Value.Text)})))
	}
	if diff := cmp.Diff([]string{"A=top", "B=${{ secrets.B }}", "C=step"}, env); diff != "" {
		t.Error(diff)
	}
	if len(o.Steps) != 3 || o.Steps[0].Action() != "a/b" || o.Steps[1].Shell() != "bash" ||
		o.Steps[2].Shell() != "pwsh" {
		t.Fatalf("steps %+v", o.Steps)
	}
	script := o.Steps[1].Script()
	if got := string(script.Text); got != "echo one\n  two\n" {
		t.Errorf("script %q", got)
	}
	line := source.Span{Start: strings.Index(string(script.Text), "  two"), End: len(script.Text)}
	if s, _, ok := script.Edit(line, ""); !ok || f.Text(s) != "            two\n" {
		t.Errorf("deleting a line of a block deletes %q, %v", f.Text(s), ok)
	}
	if _, _, ok := script.Edit(source.Span{}, "a\n"); ok {
		t.Error("a line can be written into a block")
	}
	if s, _, ok := script.Edit(source.Span{Start: 5, End: 8}, "1"); !ok || f.Text(s) != "one" {
		t.Errorf("a word of a block is %q, %v", f.Text(s), ok)
	}
}

func TestOutlineOfAction(t *testing.T) {
	o := ReadOutline(source.NewFile("action.yml",
		[]byte("name: x\nruns:\n  using: composite\n  steps:\n    - uses: a/b@v1\n      with:\n        k: v\n"+
			"    - run: 'a'\n      shell: sh\n")))
	if len(o.Steps) != 2 || string(o.Steps[0].Input("K").Text) != "v" || string(o.Steps[1].Script().Text) != "a" {
		t.Errorf("steps %+v", o.Steps)
	}
	for _, text := range []string{"", "- a", "jobs: 1", "jobs: {a: 1, b: [2]}", "runs: {steps: {a: b}}",
		"jobs:\n  a:\n", "a: [", "env: [a]"} {
		if o := ReadOutline(source.NewFile("w.yml", []byte(text))); len(o.Steps)+len(o.Env) != 0 {
			t.Errorf("%q has %+v", text, o)
		}
	}
}

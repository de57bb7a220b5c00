package outline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

const sample = `# first
services:
  web: &web
    image: "a # b" # image
    cap_add: [A, 'B']
    steps:
      - run: |
          # no comment
          x
      - uses: y
  other: *web
---
{"kind": 1}
`

func TestYAML(t *testing.T) {
	o := outline.YAML(source.NewFile("f.yaml", []byte(sample)))
	want := []outline.Value{
		{Path: "", Text: "{}"},
		{Path: "services", Text: "{}"},
		{Path: "services.web", Text: "&web {}"},
		{Path: "services.web.image", Text: "a # b", Quoted: true},
		{Path: "services.web.cap_add", Text: "[]"},
		{Path: "services.web.cap_add[]", Text: "A"},
		{Path: "services.web.cap_add[]", Text: "B", Quoted: true},
		{Path: "services.web.steps", Text: "[]"},
		{Path: "services.web.steps[0]", Text: "{}"},
		{Path: "services.web.steps[0].run", Text: "# no comment\nx\n", Quoted: true},
		{Path: "services.web.steps[1]", Text: "{}"},
		{Path: "services.web.steps[1].uses", Text: "y"},
		{Path: "services.other", Text: "*web"},
		{Path: "1:", Text: "{}"},
		{Path: "1:kind", Text: "1"},
	}
	if diff := cmp.Diff(want, o.Values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"# first", "# image"}, o.Comments); diff != "" || o.Broken {
		t.Errorf("broken %t, comments (-want +got):\n%s", o.Broken, diff)
	}
}

// FuzzYAML checks that the places lie in the file, and that the same text has the same outline.
func FuzzYAML(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("a: [b, {c: d}]\r\n# x\n- : :"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := source.NewFile("f.yaml", text)
		o := outline.YAML(file)
		if len(o.Values) != len(o.Spans) {
			t.Fatalf("%d values, %d places", len(o.Values), len(o.Spans))
		}
		for n, at := range o.Spans {
			if !file.Span().Contains(at.Value) || !at.Whole.Contains(at.Value) || !file.Span().Contains(at.Whole) {
				t.Fatalf("%q lies at %v in %v", o.Values[n].Path, at.Value, at.Whole)
			}
		}
	})
}

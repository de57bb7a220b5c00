package trace

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// hostile is a trace whose texts have what each format reserves.
func hostile() *Trace {
	n := 0
	text := "\"]; <b>&`#;--> \n\t\x1b[31m %% end " + strings.Repeat("é", 200)
	return &Trace{Files: []string{text}, Stages: []Stage{{
		Name: text, From: text, Platforms: []Platform{{Name: text, Why: text}},
		Events:   []Event{{Kind: "append", Path: text, Text: text, Known: true}, {Kind: "command", Command: &n}},
		Commands: []Command{{Command: text, Settings: []Setting{{Name: "cores", Value: text}}}},
	}}}
}

// TestSVG reads pictures as XML.
func TestSVG(t *testing.T) {
	for _, tr := range []*Trace{hostile(), {Files: []string{"Dockerfile"}}} {
		var b strings.Builder
		if err := tr.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, b.String())
			}
		}
	}
}

// TestMermaid looks at the lines of a flowchart: text stays between the quotes of its node.
func TestMermaid(t *testing.T) {
	var b strings.Builder
	if err := hostile().WriteMermaid(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := strings.Count(line, `"`); n != 0 && n != 2 || strings.ContainsAny(line, "&`\x1b") {
			t.Errorf("line %q", line)
		}
		if _, text, ok := strings.Cut(line, `"`); ok {
			text, _, _ = strings.Cut(text, `"`)
			if text = strings.ReplaceAll(text, "<br/>", ""); strings.ContainsAny(text, "<>") {
				t.Errorf("text %q", text)
			}
		}
	}
}

// BenchmarkSVG draws Dockerfiles of three sizes.
func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := &Trace{Files: []string{"Dockerfile"}}
			for range n {
				tr.Stages = append(tr.Stages, hostile().Stages...)
			}
			for b.Loop() {
				if err := tr.WriteSVG(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

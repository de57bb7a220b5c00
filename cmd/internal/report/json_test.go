package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/cmd/internal/schematest"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// violation returns why the output breaks the schema of findings, or a definition in it; nil where it does not.
func violation(t *testing.T, doc []byte, definition ...string) error {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", "findings.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range definition {
		if schema, err = schematest.Definition(schema, name); err != nil {
			t.Fatal(err)
		}
	}
	return schematest.Check(schema, doc)
}

// TestJSONLines checks that the lines are the findings of the JSON, and one about the run.
func TestJSONLines(t *testing.T) {
	for name, r := range map[string]*Report{
		"one of everything": sample(t),
		"nothing":           {Version: "0.1.0", Result: &rules.Result{}},
	} {
		var whole struct {
			Findings      []any
			Files, Errors any
		}
		if err := json.Unmarshal(render(t, "json", r), &whole); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(render(t, "jsonl", r)), "\n")
		if len(lines) != len(whole.Findings)+2 || lines[len(lines)-1] != "" {
			t.Fatalf("%s: %d lines for %d findings", name, len(lines)-1, len(whole.Findings))
		}
		for i, want := range whole.Findings {
			var got any
			if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, line %d (-json +jsonl):\n%s", name, i+1, diff)
			}
			if err := violation(t, []byte(lines[i]), "finding"); err != nil {
				t.Errorf("%s, line %d: %v", name, i+1, err)
			}
		}
		last := lines[len(lines)-2]
		if err := violation(t, []byte(last), "run"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if violation(t, []byte(last), "finding") == nil {
			t.Errorf("%s: the line about the run passes as a finding", name)
		}
		var run struct{ Files, Errors any }
		if err := json.Unmarshal([]byte(last), &run); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{whole.Files, whole.Errors}, []any{run.Files, run.Errors}); diff != "" {
			t.Errorf("%s, the run (-json +jsonl):\n%s", name, diff)
		}
	}
}

func TestJSONStatisticsFollowTheirSchema(t *testing.T) {
	for name, r := range map[string]*Report{
		"one of everything": sample(t),
		"nothing":           {Version: "0.1.0", Result: &rules.Result{}},
	} {
		var out bytes.Buffer
		if err := writeJSONStatistics(&out, r); err != nil {
			t.Fatal(err)
		}
		if err := violation(t, out.Bytes(), "statistics"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSONFollowsItsSchema(t *testing.T) {
	for name, r := range map[string]*Report{
		"one of everything": sample(t),
		"nothing":           {Version: "0.1.0", Result: &rules.Result{}},
		"incomplete": {Version: "0.1.0", Result: &rules.Result{
			Incomplete: []workspace.Skipped{{Path: "Dockerfile", Reason: "too much"}}}},
	} {
		if err := violation(t, render(t, "json", r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The schema says something: each of these changes breaks it.
	doc := string(render(t, "json", sample(t)))
	for _, change := range [][2]string{
		{`"version": 1`, `"version": 2`},
		{`"severity":"error"`, `"severity":"fatal"`},
		{`"line":1,`, `"line":0,`},
		{`"aliases":[]`, `"aliases":null`},
		{`"suppressed":null`, `"suppressed":false`},
		{`"fingerprint":"`, `"fingerprint":"x`},
		{`"related":[],`, ``},
		{`"rule":"nix/unknown-setting"`, `"rule":"unknown-setting"`},
		{`"start":15`, `"start":-1`},
	} {
		changed := strings.Replace(doc, change[0], change[1], 1)
		if changed == doc {
			t.Errorf("%s is not in the output", change[0])
		} else if violation(t, []byte(changed)) == nil {
			t.Errorf("%s in place of %s passes the schema", change[1], change[0])
		}
	}
}

// TestJSONPositions checks that lines and columns count code points, offsets count bytes, and edits are as the fixers
// apply them.
func TestJSONPositions(t *testing.T) {
	f := source.NewFile("Dockerfile", []byte("FROM a\r\nRUN größe 𝄞 <x> && y\n"))
	span := spanOf(t, f, "<x>", 0)
	r := &Report{Result: &rules.Result{Findings: []rules.Finding{{Rule: tagRule, Severity: rules.Error, File: f,
		Span: span, Message: "<&>\u2028",
		Fixes: []fixers.Fix{{Title: "T", Safety: fixers.Safe,
			Edits: []fixers.Edit{{File: f, Span: span, Text: "<y>\r\n"}}}}}}}}
	out := render(t, "json", r)
	if !strings.Contains(string(out), "<&>") {
		t.Error("HTML characters are escaped")
	}
	var doc struct {
		Findings []struct {
			Message string
			Range   struct {
				Start, End struct{ Line, Column, Offset int }
			}
			Fixes []struct {
				Edits []struct {
					Path       string
					Start, End int
					Text       string
				}
			}
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	got := doc.Findings[0]
	start, end := got.Range.Start, got.Range.End
	if start.Line != 2 || start.Column != 13 || start.Offset != 25 || end.Line != 2 || end.Column != 16 ||
		end.Offset != 28 {
		t.Errorf("range %+v", got.Range)
	}
	e := got.Fixes[0].Edits[0]
	if after := string(f.Bytes[:e.Start]) + e.Text +
		string(f.Bytes[e.End:]); after != "FROM a\r\nRUN größe 𝄞 <y>\r\n && y\n" {
		t.Errorf("the edit gives %q", after)
	}
	if got.Message != "<&>\u2028" {
		t.Errorf("message %q", got.Message)
	}
}

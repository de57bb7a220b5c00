package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// load writes files to a new folder, the root of a repository, and returns their workspace.
func load(t *testing.T, files map[string]string) *workspace.Workspace {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ws, err := rules.Load(workspace.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// set returns the rules of packs that a selection selects.
func set(t *testing.T, packs []rules.Pack, sel rules.Selection) *rules.Set {
	t.Helper()
	s, err := rules.NewSet(packs, sel)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pack returns a pack named "t" of rules.
func pack(list ...*rules.Rule) []rules.Pack { return []rules.Pack{{Name: "t", Rules: list}} }

// eachRun reports every RUN.
var eachRun = &rules.Rule{
	ID: "t/run", Aliases: []string{"T1"}, Summary: "there is a RUN", Severity: rules.Warning,
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		for _, i := range d.Instructions {
			if i.Name == "RUN" {
				p.Report(rules.Finding{File: d.Source, Span: i.Args, Message: "a RUN"})
			}
		}
	}),
}

// eachSetting reports every setting.
var eachSetting = &rules.Rule{
	ID: "t/setting", Summary: "there is a setting", Severity: rules.Info,
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range text.Entries {
			p.Report(rules.Finding{
				File:    text.Fragment.File,
				Span:    text.Fragment.Span(entry.Name.Span),
				Message: "the setting " + entry.Name.Text,
			})
		}
	}),
}

// render shows findings, one a line.
func render(findings []rules.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		p := f.File.Position(f.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d %s %s: %s", f.File.Path, p.Line, p.Column, f.Severity, f.Rule.ID, f.Message)
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, " (%s: %s)", fix.Safety, fix.Title)
		}
		if s := f.Suppressed; s != nil {
			fmt.Fprintf(&b, " [%s on line %d: %s]", s.Kind, s.File.LineOf(s.Span.Start), s.Reason)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// rejected shows the fixes that failed their proof.
func rejected(list []rules.Rejected) string {
	var b strings.Builder
	for _, w := range list {
		fmt.Fprintf(&b, "%s %s: %s: %s\n", w.File.Path, w.Rule.ID, w.Title, w.Reason)
	}
	return b.String()
}

package nix_test

import (
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix"
)

// TestTraceAndCheckAgree holds that what the trace of a nix.conf calls fatal is an error of the check on the same line,
// and that where the check says that every Nix command fails, the trace does: for the texts of the rules' cases, and
// for mixtures of their lines.
func TestTraceAndCheckAgree(t *testing.T) {
	pack := nix.Pack()
	set, err := rules.NewSet([]rules.Pack{pack}, rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	var lines []string
	for _, r := range pack.Rules {
		page, err := pack.Page(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Cases {
			for _, f := range c.Files {
				if filepath.Base(f.Name) != "nix.conf" || len(f.Data) > 4096 ||
					strings.Contains(string(f.Data), "include") {
					continue
				}
				if len(c.Files) == 1 {
					texts = append(texts, string(f.Data))
				}
				lines = append(lines, strings.SplitAfter(string(f.Data), "\n")...)
			}
		}
	}
	random := rand.New(rand.NewPCG(9, 13))
	for range 200 {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			b.WriteString(lines[random.IntN(len(lines))])
		}
		texts = append(texts, b.String())
	}
	releases := [][2]string{
		{"nix", "2.8"}, {"nix", "2.26"}, {"nix", "2.34"}, {"lix", "2.93"}, {"determinate", "3.10"},
	}
	// A template is checked as what it will be, which is not known, and traced as it stands.
	template := regexp.MustCompile(`@\w+@|\{\{|<\w+>`)
	fatal := 0
	for n, text := range texts {
		if template.MatchString(text) {
			continue
		}
		release := releases[n%len(releases)]
		targets := workspace.DefaultTargets()
		if err := targets.Set(release[0], release[1]); err != nil {
			t.Fatal(err)
		}
		ws, err := rules.Load(workspace.Options{
			Dir: t.TempDir(), Paths: []string{"-"}, Stdin: []byte(text), StdinName: "etc/nix/nix.conf",
			Targets: targets,
		})
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ws.Open(ws.Entries[0])
		if err != nil {
			continue // it is another program's, which the check says too
		}
		trace := ws.TraceNix([]*nixuse.Text{doc.Texts[0]})
		result := rules.Check(ws, set, rules.CheckOptions{})
		var fails, there []string
		for _, f := range result.Findings {
			if f.Severity != rules.Error {
				continue
			}
			if strings.Contains(f.Message, "every Nix command fails") {
				fails = append(fails, f.Message)
			}
			if trace.Fatal != nil && f.File.LineOf(f.Span.Start) <= trace.Fatal.File.LineOf(trace.Fatal.Span.Start) &&
				f.File.LineOf(f.Span.End) >= trace.Fatal.File.LineOf(trace.Fatal.Span.Start) {
				there = append(there, f.Message)
			}
		}
		switch {
		case trace.Fatal != nil && len(there) == 0:
			t.Errorf("%s %s: the trace says %q, and the check reports no error there:\n%s", release[0], release[1],
				trace.Fatal.Message, text)
		case trace.Fatal == nil && len(fails) > 0:
			t.Errorf("%s %s: the check says %q, and the trace is well:\n%s", release[0], release[1], fails, text)
		}
		if trace.Fatal != nil {
			fatal++
		}
	}
	if fatal < 50 {
		t.Errorf("only %d of %d texts are fatal", fatal, len(texts))
	}
}

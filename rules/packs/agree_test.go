package packs_test

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestTraceAndCheckAgreeOnBuilds holds that what the trace of a Dockerfile, of a bake target or of a service of Compose
// calls fatal for a command is an error of the check at the same line, that where the check says that every Nix command
// fails, a command of the trace does, and that the three traces say the same: for mixtures of lines of the rules'
// cases, in the places where an image has settings. TestTraceAndCheckAgree of package nix does so for files alone.
func TestTraceAndCheckAgreeOnBuilds(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, text := range nixTexts(t) {
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "include") && !strings.ContainsAny(line, "@{<\\'\"$\r") {
				lines = append(lines, strings.TrimRight(line, "\n")+"\n")
			}
		}
	}
	count := 60
	if heavytest.On() {
		count = number("SANDLINT_FUZZ", 2000)
	}
	random := rand.New(rand.NewPCG(uint64(number("SANDLINT_SEED", 9)), 14))
	fatal := 0
	for n := range count {
		var conf strings.Builder
		for range 1 + random.IntN(3) {
			conf.WriteString(lines[random.IntN(len(lines))])
		}
		texts := build(n, []string{"2.8.1", "2.26.3", "2.34.0"}[random.IntN(3)], conf.String())
		ws := inMemory(t, texts)
		result := rules.Check(ws, set, rules.CheckOptions{})
		var first string
		for k, doc := range traced(t, ws) {
			f := fatalOf(doc)
			said := "nothing"
			if f != nil {
				said = fmt.Sprintf("%s:%d %s", path.Base(f.File.Path), f.File.LineOf(f.Span.Start), f.Message)
				fatal++
			}
			if k == 0 {
				first = said
			} else if said != first {
				t.Errorf("the trace of the Dockerfile says %s, and trace %d %s:\n%s", first, k, said, show(texts))
			}
			if f != nil && !reports(result, f) {
				t.Errorf("the trace says %s, and the check reports no error there:\n%s", said, show(texts))
			}
			for _, found := range result.Findings {
				if f == nil && found.Severity == rules.Error &&
					strings.HasSuffix(found.Message, "; every Nix command fails") {
					t.Errorf("the check says %q, and trace %d is well:\n%s", found.Message, k, show(texts))
				}
			}
		}
	}
	if fatal < count/2 {
		t.Errorf("only %d of %d traces are fatal", fatal, 3*count)
	}
}

// build returns a build whose image has some settings of Nix, in one of several ways, before a Nix command.
func build(n int, release, conf string) map[string]string {
	texts := map[string]string{
		"docker-bake.hcl": "target \"app\" {}\n",
		"compose.yaml":    "services:\n  app:\n    build: .\n",
	}
	write := "RUN cat >> /etc/nix/nix.conf <<'EOF'\n" + conf + "EOF\n"
	switch n % 3 {
	case 1:
		write = "COPY <<'EOF' /etc/nix/nix.conf\n" + conf + "EOF\n"
	case 2:
		write = "COPY nix.conf /etc/nix/nix.conf\n"
		texts["nix.conf"] = conf
	}
	texts["Dockerfile"] = "FROM nixos/nix:" + release + "\n" + write + "RUN nix-build .\n"
	return texts
}

// traced returns the Dockerfile as it is traced alone, for the bake target and for the service.
func traced(t *testing.T, ws *workspace.Workspace) []*workspace.Document {
	t.Helper()
	var docs []*workspace.Document
	for _, e := range ws.Entries {
		if path.Base(e.Path) == "Dockerfile" {
			doc, err := ws.Open(e)
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, doc)
		}
	}
	for _, name := range []string{"/project/docker-bake.hcl", "/project/compose.yaml"} {
		plans, err := ws.Plans(name)
		if err != nil || len(plans) != 1 {
			t.Fatalf("%s: %d plans, %v", name, len(plans), err)
		}
		doc, _, err := ws.OpenPlan(&plans[0])
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

// fatalOf returns why the first Nix command of a build fails, nil where none does.
func fatalOf(doc *workspace.Document) *nixuse.TraceFatal {
	for _, stage := range doc.Nix.Trace() {
		for _, c := range stage.Commands {
			if c.Fatal != nil {
				return c.Fatal
			}
		}
	}
	return nil
}

// reports reports whether a check has an error at the line where the trace says that Nix fails.
func reports(result *rules.Result, f *nixuse.TraceFatal) bool {
	line := f.File.LineOf(f.Span.Start)
	for _, found := range result.Findings {
		if found.Severity == rules.Error && found.File.Path == f.File.Path &&
			found.File.LineOf(found.Span.Start) <= line && found.File.LineOf(found.Span.End) >= line {
			return true
		}
	}
	return false
}

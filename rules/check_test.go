package rules_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

// eachCommand reports every command that runs Nix.
func eachCommand(p *rules.Pass, img *nixuse.Image) {
	for _, e := range img.Events {
		if e.Kind == nixuse.RunCommand {
			p.Report(rules.Finding{File: e.File, Span: e.Span, Message: e.Nix.Label})
		}
	}
}

// TestOrder has rules report in no order, and some things twice.
func TestOrder(t *testing.T) {
	at := func(name string, spans ...source.Span) *rules.Rule {
		return &rules.Rule{
			ID:       name,
			Severity: rules.Warning,
			Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
				for _, s := range spans {
					p.Report(rules.Finding{File: d.Source, Span: s, Message: fmt.Sprint("to ", s.End)})
				}
			}),
		}
	}
	ws := load(t, map[string]string{
		"b/Dockerfile": "FROM scratch\nRUN a\n",
		"a/Dockerfile": "FROM scratch\nRUN a\n",
		"B.dockerfile": "FROM scratch\n",
	})
	s := set(t, pack(
		at("t/b", source.Span{Start: 5, End: 9}, source.Span{Start: 5, End: 7}, source.Span{Start: 0, End: 4}),
		at("t/a", source.Span{Start: 5, End: 8}, source.Span{Start: 5, End: 8}, source.Span{Start: 2, End: 3}),
	), rules.Selection{})
	var want string
	for _, file := range []string{"B.dockerfile", "a/Dockerfile", "b/Dockerfile"} {
		want += strings.ReplaceAll(
			"F:1:1 warning t/b: to 4\nF:1:3 warning t/a: to 3\nF:1:6 warning t/a: to 8\nF:1:6 warning t/b: to 7\n"+
				"F:1:6 warning t/b: to 9\n",
			"F:",
			file+":",
		)
	}
	if diff := cmp.Diff(want, render(rules.Check(ws, s, rules.CheckOptions{}).Findings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSharedScript has two Dockerfiles run one script, whose findings are reported once.
func TestSharedScript(t *testing.T) {
	ws := load(t, map[string]string{
		"a/Dockerfile":   "FROM nixos/nix\nCOPY tools/setup.sh /\nRUN /setup.sh\n",
		"b/Dockerfile":   "FROM nixos/nix\nCOPY tools/setup.sh /\nRUN /setup.sh && /setup.sh\n",
		"tools/setup.sh": "nix-build\n",
	})
	s := set(t, pack(&rules.Rule{ID: "t/command", Severity: rules.Info, Check: rules.OnTimeline(eachCommand)}),
		rules.Selection{})
	const want = "tools/setup.sh:1:1 info t/command: nix-build\n"
	if got := render(rules.Check(ws, s, rules.CheckOptions{}).Findings); got != want {
		t.Errorf("got %s", got)
	}
}

// TestCheckResult counts files, and keeps what could not be read.
func TestCheckResult(t *testing.T) {
	ws := load(t,
		map[string]string{"Dockerfile": "FROM scratch\n", "b/Dockerfile": "FROM scratch\n", "nix.conf": "server {\n"})
	if err := os.Remove(filepath.Join(ws.Dir(), "b", "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	calls := 0
	result := rules.Check(
		ws,
		set(t, pack(eachRun), rules.Selection{}),
		rules.CheckOptions{Progress: func(done, total int) {
			calls++
			if done != calls || total != 3 {
				t.Errorf("progress %d of %d at call %d", done, total, calls)
			}
		}},
	)
	if result.Checked != 1 || calls != 3 || len(result.Skipped) != 1 || result.Skipped[0].Path != "nix.conf" {
		t.Errorf("%d files, %d calls, skipped %v", result.Checked, calls, result.Skipped)
	}
	if len(result.Errors) != 1 || result.Errors[0].Error() != "reading b/Dockerfile: no such file or directory" {
		t.Errorf("errors %v", result.Errors)
	}
}

// TestSeverityOfFinding has a rule give severities of its own, which what the user configured replaces.
func TestSeverityOfFinding(t *testing.T) {
	r := &rules.Rule{
		ID:       "t/mixed",
		Severity: rules.Warning,
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			p.Report(rules.Finding{File: d.Source, Message: "one"})
			p.Report(rules.Finding{
				File:     d.Source,
				Span:     source.Span{Start: 1, End: 1},
				Message:  "two",
				Severity: rules.Info,
			})
		}),
	}
	ws := load(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	for _, tt := range []struct {
		sel  rules.Selection
		want string
	}{
		{rules.Selection{}, "Dockerfile:1:1 warning t/mixed: one\nDockerfile:1:2 info t/mixed: two\n"},
		{rules.Selection{Severity: map[string]rules.Severity{"t/mixed": rules.Error}},
			"Dockerfile:1:1 error t/mixed: one\nDockerfile:1:2 error t/mixed: two\n"},
	} {
		if got := render(rules.Check(ws, set(t, pack(r), tt.sel), rules.CheckOptions{}).Findings); got != tt.want {
			t.Errorf("got\n%swant\n%s", got, tt.want)
		}
	}
}

// allCases returns the files of all cases of all rules, each case in a folder of its own.
func allCases(t testing.TB) map[string]string {
	files := map[string]string{}
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Cases {
				for _, f := range c.Files {
					files[r.ID+"/"+c.Name+"/"+f.Name] = string(f.Data)
				}
			}
		}
	}
	return files
}

// TestDeterminism checks and fixes the same files again and again, on one core and on many. The result has the same
// bytes. The light form takes one case in thirty.
func TestDeterminism(t *testing.T) {
	files := allCases(t)
	if !heavytest.On() {
		for name := range files {
			if crc32.ChecksumIEEE([]byte(path.Dir(name)))%90 > 0 {
				delete(files, name)
			}
		}
	}
	everything := set(t, packs.All(), rules.Selection{Only: []string{"all"}})
	texts := map[string][]byte{}
	for name, text := range files {
		texts[name] = []byte(text)
	}
	run := func() []byte {
		targets := workspace.DefaultTargets()
		if err := targets.Set("platform", "linux/amd64,linux/arm64"); err != nil {
			t.Fatal(err)
		}
		ws := rulestest.InMemory(t, targets, texts)
		var b bytes.Buffer
		for _, fixes := range []bool{false, true} {
			result := rules.Check(ws, everything, rules.CheckOptions{Fixes: fixes})
			b.WriteString(
				rules.Listing(result.Findings, true) + render(result.Suppressed) + rejected(result.Rejected))
		}
		fixed := rules.Fix(ws, everything, rules.FixOptions{Unsafe: true})
		for _, f := range fixed.Files {
			fmt.Fprintf(&b, "== %s\n%s", f.File.Path, f.After)
			for _, a := range f.Applied {
				fmt.Fprintf(&b, "%s %s %s\n", a.Rule.ID, a.Safety, a.Title)
			}
		}
		b.WriteString(rules.Listing(fixed.After.Findings, true) + rejected(fixed.Rejected))
		return b.Bytes()
	}
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	first := run()
	if len(first) < 10_000 {
		t.Fatalf("only %d bytes of output", len(first))
	}
	more := []int{8}
	if heavytest.On() {
		more = []int{2, 8, 32}
	}
	for _, cores := range more {
		runtime.GOMAXPROCS(cores)
		if again := run(); !bytes.Equal(first, again) {
			t.Fatalf("another result with %d cores:\n%s", cores,
				cmp.Diff(strings.Split(string(first), "\n"), strings.Split(string(again), "\n")))
		}
	}
}

// TestFixesAreAskedFor checks that findings have fixes only with CheckOptions.Fixes, and suppressed ones never.
func TestFixesAreAskedFor(t *testing.T) {
	advice := &rules.Rule{
		ID:       "t/advice",
		Severity: rules.Info,
		Fixes:    []fixers.Safety{fixers.Manual},
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			for _, i := range d.Instructions {
				p.Report(rules.Finding{
					File:    d.Source,
					Span:    i.Keyword,
					Message: "think",
					Fixes:   []fixers.Fix{{Title: "Think again"}},
				})
			}
		}),
	}
	ws := load(t, map[string]string{"Dockerfile": "FROM scratch\n# sandlint: ignore[t]\nRUN a\n"})
	s := set(t, pack(advice), rules.Selection{})
	const want = "Dockerfile:1:1 info t/advice: think\n"
	if got := render(rules.Check(ws, s, rules.CheckOptions{}).Findings); got != want {
		t.Error(got)
	}
	result := rules.Check(ws, s, rules.CheckOptions{Fixes: true})
	if got := render(result.Findings); got != "Dockerfile:1:1 info t/advice: think (manual: Think again)\n" {
		t.Error(got)
	}
	if got := render(result.Suppressed); got != "Dockerfile:3:1 info t/advice: think [inline on line 2: ]\n" {
		t.Error(got)
	}
}

// TestDefectOfARule has a rule that panics on one file: that file is an error, and the others are still linted.
func TestDefectOfARule(t *testing.T) {
	r := &rules.Rule{
		ID:       "t/defect",
		Severity: rules.Warning,
		Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
			if strings.HasPrefix(d.Source.Path, "a/") {
				panic("defect")
			}
			p.Report(rules.Finding{File: d.Source, Message: "found"})
		}),
	}
	ws := load(t, map[string]string{"a/Dockerfile": "FROM scratch\n", "b/Dockerfile": "FROM scratch\n"})
	s := set(t, pack(r), rules.Selection{})
	result := rules.Check(ws, s, rules.CheckOptions{})
	if len(result.Findings) != 1 || len(result.Errors) != 1 || !strings.Contains(result.Errors[0].Error(), "defect") {
		t.Errorf("findings %v, errors %v", result.Findings, result.Errors)
	}
	if fixed := rules.Fix(ws, s, rules.FixOptions{}); len(fixed.After.Errors) != 1 {
		t.Errorf("errors after fixing: %v", fixed.After.Errors)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/cmd/internal/cli"
)

// TestProblemMatcher checks that the problem matcher of the action matches every finding that the format compact
// prints, of each severity, and no other line.
func TestProblemMatcher(t *testing.T) {
	var file struct {
		ProblemMatcher []struct {
			Owner    string
			Severity string
			Pattern  []struct {
				Regexp                                      string
				File, Line, Column, Severity, Message, Code int
			}
		}
	}
	if err := json.Unmarshal([]byte(rootFile(t, ".github/action/matcher.json")), &file); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile":    "FROM debian\nRUNN a\nMAINTAINER a: b [c]\nRUN cd /x && curl y | sh\nWORKDIR x\n",
		"a: 1/nix.conf": "cores=4\nsandbox = false\nunknwn-setting = [1]\n",
		"seccomp.json":  `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmodd"]}]}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	cli.Main([]string{"check", "--no-shellcheck", "--select", "all", "--format", "compact", dir}, nil, &out, &problems)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	severities := map[string]bool{}
	for n, line := range lines {
		matched := 0
		for _, m := range file.ProblemMatcher {
			p := m.Pattern[0]
			groups := regexp.MustCompile(p.Regexp).FindStringSubmatch(line)
			if groups == nil {
				continue
			}
			matched++
			severity := m.Severity
			if p.Severity > 0 {
				severity = groups[p.Severity]
			}
			severities[severity] = true
			place := strings.Join([]string{groups[p.File], groups[p.Line], groups[p.Column]}, ":")
			if !strings.HasPrefix(line, place+": ") ||
				!strings.HasSuffix(line, ": "+groups[p.Message]+" ["+groups[p.Code]+"]") {
				t.Errorf("%s matches %q as %q", m.Owner, line, groups[1:])
			}
			if !strings.HasPrefix(groups[p.File], dir) || strings.Contains(groups[p.Message], ": error: ") {
				t.Errorf("%s takes %q for the file of %q", m.Owner, groups[p.File], line)
			}
		}
		if last := n == len(lines)-1; last && matched != 0 || !last && matched != 1 {
			t.Errorf("%d matchers match %q", matched, line)
		}
	}
	for _, severity := range []string{"error", "warning", "notice"} {
		if !severities[severity] {
			t.Errorf("no line of the severity %s in:\n%s", severity, out.String())
		}
	}
}

// TestActionInputs checks that no script of the action holds an expression, so no input is run, and that each input is
// used and explained.
func TestActionInputs(t *testing.T) {
	action := rootFile(t, "action.yml")
	guide := rootFile(t, "docs/ci.md")
	for line := range strings.Lines(action) {
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")), ": ")
		if key == "run" && (strings.Contains(value, "${{") || !strings.HasPrefix(value, `'"$GITHUB_ACTION_PATH/`)) {
			t.Errorf("a script of the action is not a file: %s", value)
		}
	}
	_, inputs, _ := strings.Cut(action, "\ninputs:\n")
	inputs, _, _ = strings.Cut(inputs, "\noutputs:\n")
	names := regexp.MustCompile(`(?m)^  ([a-z-]+):$`).FindAllStringSubmatch(inputs, -1)
	if len(names) < 10 {
		t.Fatalf("the action has %d inputs", len(names))
	}
	for _, m := range names {
		if !strings.Contains(action, "${{ inputs."+m[1]+" }}") && m[1] != "seccomp-diff" {
			t.Errorf("the input %s is not used", m[1])
		}
		if !strings.Contains(guide, "| `"+m[1]+"` |") && m[1] != "token" {
			t.Errorf("docs/ci.md does not explain the input %s", m[1])
		}
	}
}

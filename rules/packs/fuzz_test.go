package packs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// fuzzNames are the names under which a text is looked at.
var fuzzNames = []string{"Dockerfile", "nix.conf", "seccomp.json"}

// FuzzLint has every rule look at a text as each kind of file. Nothing panics, every place that is named lies in its file, the edits of a fix apply, and what all fixes
// together make of a text has no fix left.
func FuzzLint(f *testing.F) {
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				f.Fatal(err)
			}
			for _, c := range page.Cases {
				for _, file := range c.Files {
					if len(file.Data) < 2000 {
						f.Add(file.Data)
					}
				}
			}
		}
	}
	for _, text := range []string{
		"", "\n", "\x00", "\ufeff", "FROM", "FROM a\nFROM b\nFROM a", "ARG A=b\nFROM $A", "FROM nixos/nix\nRUN \\\n", "FROM nixos/nix\nRUN <<EOF\nnix-env -i x\nEOF",
		"FROM nixos/nix\r\nRUN nix-build\r\nRUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\r\n",
		"# escape=`\nFROM nixos/nix\nRUN nix-env -i a; `\n  echo sandbox=false >> /etc/nix/nix.conf",
		"sandbox=true\ncores 4\nextra-substituters = a\nsubstituters = b\nsubstituters = c", "cores = 1\rcores = 2", "= \n include\n!include x y\n",
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["raed", "read", "read"], "action": "SCMP_ACT_ALLOW"}], "architectures": ["X"]}`,
		`{"linux": {"seccomp": {"syscalls": [{"name": "x", "names": []}]}}, "defaultAction": 1}`, `{"defaultAction": "SCMP_ACT_ERRNO", /* c */ "syscalls": [,]}`,
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		f.Fatal(err)
	}
	everything, err := rules.NewSet(packs.All(), rules.Selection{Only: []string{"all"}})
	if err != nil {
		f.Fatal(err)
	}
	targets := workspace.DefaultTargets()
	if err := targets.Set("platform", "linux/amd64,linux/arm64"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range fuzzNames {
			load := func(text []byte) *workspace.Workspace {
				ws, err := workspace.Load(workspace.Options{Dir: dir, Paths: []string{"-"}, Stdin: text, StdinName: name, Targets: targets})
				if err != nil {
					t.Fatal(err)
				}
				return ws
			}
			ws := load(text)
			checked := rules.Check(ws, everything, rules.CheckOptions{Fixes: true})
			for _, e := range checked.Errors {
				t.Errorf("%s: %v", name, e)
			}
			checkPlaces(t, name, len(text), checked.Findings)
			checkPlaces(t, name, len(text), checked.Suppressed)
			checkWithheld(t, checked.Withheld)

			fixed := rules.Fix(ws, everything, rules.FixOptions{Unsafe: true})
			checkWithheld(t, fixed.Withheld)
			if len(fixed.Files) == 0 {
				continue
			}
			after := fixed.Files[0].After
			if bytes.Equal(after, text) {
				t.Errorf("%s: a file is said to be fixed and has the same text", name)
			}
			checkPlaces(t, name, len(after), fixed.After.Findings)
			again := rules.Fix(load(after), everything, rules.FixOptions{Unsafe: true})
			for _, f := range again.Files {
				t.Errorf("%s: fixing again changes the text\nfrom %q\nto   %q\nto   %q", name, text, after, f.After)
			}
		}
	})
}

func checkPlaces(t *testing.T, name string, size int, findings []rules.Finding) {
	t.Helper()
	for _, f := range findings {
		check := func(what string, file *source.File, s source.Span) {
			if file == nil || s.Start < 0 || s.End < s.Start || s.End > len(file.Bytes) {
				t.Errorf("%s: %s of %s (%s) is at %v", name, what, f.Rule.ID, f.Message, s)
			} else if file.Path == name && len(file.Bytes) != size {
				t.Errorf("%s: %s of %s is in another text", name, what, f.Rule.ID)
			}
		}
		check("a finding", f.File, f.Span)
		for _, r := range f.Related {
			check("a related place", r.File, r.Span)
		}
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				check("an edit", e.File, e.Span)
			}
		}
		if f.Message == "" || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, "%!") {
			t.Errorf("%s: message of %s: %q", name, f.Rule.ID, f.Message)
		}
	}
}

// checkWithheld accepts that a fix is found to do too much; that is what the proof is for. It must apply, though.
func checkWithheld(t *testing.T, list []rules.Withheld) {
	t.Helper()
	for _, w := range list {
		if w.Rule == nil {
			t.Errorf("%q is withheld: %s", w.Title, w.Reason)
			continue
		}
		for _, defect := range []string{"overlap", "edit of ", "not one of the files", "changes nothing", "other files than it began with"} {
			if strings.Contains(w.Reason, defect) {
				t.Errorf("%s: %s: %s", w.Rule.ID, w.Title, w.Reason)
			}
		}
	}
}

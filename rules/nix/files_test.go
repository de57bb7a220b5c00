package nix_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix"
)

// workspaceOf returns a workspace of files whose text a txtar cannot hold; a text that begins with "->" is a symbolic
// link.
func workspaceOf(t *testing.T, files map[string]string) *workspace.Workspace {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 2 && text[:2] == "->" {
			err = os.Symlink(text[2:], name)
		} else {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ws, err := rules.Load(workspace.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// only returns the set with one rule.
func only(t *testing.T, id string) *rules.Set {
	t.Helper()
	set, err := rules.NewSet([]rules.Pack{nix.Pack()}, rules.Selection{Only: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestMissingFinalNewlineOfCopy looks at nix.conf files without final newline that an image copies and appends to.
func TestMissingFinalNewlineOfCopy(t *testing.T) {
	for _, c := range []struct {
		name       string
		dockerfile string
		conf       string
		want       string
		fixed      string
	}{
		{"appended", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN echo cores = 4 >> /etc/nix/nix.conf\n",
			"max-jobs = 4",
			"nix.conf:1:1-13 warning the last line has no newline, so what is appended to the file becomes part of " +
				"it\n\tDockerfile:3:5 text is appended here\n\tsafe: End the line\n", "max-jobs = 4\n"},
		{"CRLF and comment", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN echo cores = 4 >> /etc/nix/nix.conf\n",
			"max-jobs = 4\r\n# end",
			"nix.conf:2:1-6 warning the last line has no newline, so what is appended to the file becomes part of " +
				"it\n\tDockerfile:3:5 text is appended here\n\tsafe: End the line\n", "max-jobs = 4\r\n# end\r\n"},
		{"comment appended", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN echo '# x' >> /etc/nix/nix.conf\n",
			"max-jobs = 4", "", ""},
		{"not appended", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\n", "max-jobs = 4", "", ""},
		{"other file", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN echo cores = 4 >> /root/.config/nix/nix.conf\n",
			"max-jobs = 4", "", ""},
		{"blank line at the end", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN echo cores = 4 >> /etc/nix/nix.conf\n",
			"max-jobs = 4\n  ", "", ""},
		{"a script between", "FROM nixos/nix\nCOPY nix.conf /etc/nix/\nRUN ./unknown.sh\nRUN echo cores = 4 >> " +
			"/etc/nix/nix.conf\n", "max-jobs = 4", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			ws := workspaceOf(t, map[string]string{"Dockerfile": c.dockerfile, "nix.conf": c.conf})
			set := only(t, "nix/missing-final-newline")
			result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
			if d := cmp.Diff(c.want, rules.Listing(result.Findings, true)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			fixed := ""
			for _, f := range rules.Fix(ws, set, rules.FixOptions{}).Files {
				fixed += string(f.After)
			}
			if fixed != c.fixed {
				t.Errorf("fixed text %q, want %q", fixed, c.fixed)
			}
		})
	}
}

// TestIncludeOfLink looks at includes of files that exist but cannot be read.
func TestIncludeOfLink(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.conf")
	ws := workspaceOf(t, map[string]string{
		"nix.conf":      "include dangling.conf\ninclude outside.conf\ninclude away/a.conf\ninclude gone.conf\n",
		"dangling.conf": "->nothing",
		"outside.conf":  "->" + outside,
		"away":          "->" + filepath.Dir(outside),
	})
	result := rules.Check(ws, only(t, "nix/include-missing"), rules.CheckOptions{})
	want := "4:9-18 error included file \"gone.conf\" does not exist; every Nix command fails\n"
	if d := cmp.Diff(want, rules.Listing(result.Findings, false)); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

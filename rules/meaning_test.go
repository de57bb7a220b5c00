package rules

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// TestCompareHosted checks what the proof accepts and rejects in a file that merely holds nix.conf text.
func TestCompareHosted(t *testing.T) {
	const before = `jobs:
  a:
    steps:
      - uses: cachix/install-nix-action@v31
        with:
          extra_nix_config: |
            cores = 1
            cores = 2
            max-jobs=3
      - run: echo 'keep-outputs = true' >> /etc/nix/nix.conf
`
	for _, test := range []struct {
		name     string
		old, new string
		changes  fixers.Changes
		want     string // part of the answer; "" for none
	}{
		{"nothing", "", "", fixers.Changes{}, ""},
		{"a dead line", "            cores = 1\n", "", fixers.Changes{}, ""},
		{"the line that counts", "            cores = 2\n", "", fixers.Changes{}, `setting "cores" is "1"`},
		{"the same, declared", "            cores = 2\n", "", fixers.Changes{fixnix.Settings{"cores"}}, ""},
		{"a line without its indentation", "cores = 1\n", "", fixers.Changes{}, "syntax error"},
		{"a repair", "max-jobs=3", "max-jobs = 3", fixers.Changes{fixers.Repair{}}, ""},
		{"a quote that ends the shell's", "keep-outputs = true", "keep-outputs = 'true",
			fixers.Changes{fixnix.Settings{"keep-outputs"}}, "syntax error"},
		{"another command", "echo", "printf", fixers.Changes{}, "around"},
		{"another key", "extra_nix_config", "nix_conf", fixers.Changes{}, "around"},
		{"the action", "@v31", "@v30", fixers.Changes{}, "around"},
		{"the target file", "/etc/nix/nix.conf", "/etc/nix/other", fixers.Changes{}, "1 nix.conf texts instead of 2"},
		{"a setting of another text", "keep-outputs = true", "keep-outputs = false", fixers.Changes{},
			`"keep-outputs"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			ws, err := Load(workspace.Options{
				Dir:       t.TempDir(),
				Paths:     []string{"-"},
				Stdin:     []byte(before),
				StdinName: ".github/workflows/ci.yml",
			})
			if err != nil {
				t.Fatal(err)
			}
			path := ws.Entries[0].Path
			from := source.NewFile(path, []byte(before))
			at := strings.Index(before, test.old)
			edit := fixers.Edit{File: from, Span: source.Span{Start: at, End: at + len(test.old)}, Text: test.new}
			to := source.NewFile(path, []byte(strings.Replace(before, test.old, test.new, 1)))
			c := &checker{ws: ws, entries: ws.Entries, original: []*source.File{from}}
			got := c.Compare(c.original, []*source.File{to}, 0,
				[]fixers.Fix{{Edits: []fixers.Edit{edit}, Changes: test.changes}})
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

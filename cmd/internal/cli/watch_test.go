package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/rules/packs"
)

// script is a source of changes that makes them: each edit is one.
type script struct {
	t        *testing.T
	edits    []func()
	followed []string
}

func (s *script) Follow(folders []string) bool {
	more := slices.ContainsFunc(folders, func(f string) bool { return !slices.Contains(s.followed, f) })
	s.followed = folders
	return more
}

func (s *script) Wait(context.Context) bool {
	if len(s.edits) == 0 {
		return false
	}
	s.edits[0]()
	s.edits = s.edits[1:]
	return true
}

func (s *script) Close() {}

// watched runs check --watch while files change, and returns its outputs and its status. Edits are pairs of a path and
// a text, which is removed where that is "-".
func watched(t *testing.T, dir string, terminal bool, args []string, edits ...[2]string) (string, string, int) {
	t.Helper()
	a, stdout, stderr := testApp(dir, nil)
	a.packs = packs.All
	a.now = func() time.Time { return time.Date(2026, 11, 30, 9, 5, 7, 0, time.UTC) }
	a.terminal = func(w io.Writer) bool { return terminal && w == io.Writer(stdout) }
	env := map[string]string{"NO_COLOR": "1", "SANDLINT_SHELLCHECK": "none"}
	a.getenv = func(name string) string { return env[name] }
	s := &script{t: t}
	for _, e := range edits {
		s.edits = append(s.edits, func() {
			path := filepath.Join(dir, e[0])
			err := os.RemoveAll(path)
			if e[1] != "-" {
				if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
					err = os.WriteFile(path, []byte(e[1]), 0o644)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	a.changes = s
	status := a.run(append([]string{"check", "--watch"}, args...))
	return stdout.String(), stderr.String(), status
}

func TestWatchInPipe(t *testing.T) {
	dir := write(t, map[string]string{"nix.conf": "cores = 1\n"})
	out, errors, status := watched(t, dir, false, []string{"--format", "compact"},
		[2]string{"nix.conf", "core = 1\n"}, // a finding
		[2]string{"other.txt", "x"},         // nothing that matters
		[2]string{"new/nix.conf", "cores = 1\ncores = 2\n"},
		[2]string{".sandlint.hcl", "oops {\n"},
		[2]string{".sandlint.hcl", "ignore = [\"nix/unknown-setting\"]\n"},
		[2]string{"new", "-"},
	)
	want := `no findings in 1 file
sandlint: 09:05:07 watching 2 folders
CORE1 finding (1 warning) in 1 file; 1 fixable with "sandlint fix --unsafe"
sandlint: 09:05:07 watching 2 folders
NEWCORE2 findings (2 warnings) in 2 files; 1 fixable with "sandlint fix", 1 more with --unsafe
sandlint: 09:05:07 watching 3 folders
sandlint: 09:05:07 watching 1 folder
NEW1 finding (1 warning) in 1 file; 1 fixable with "sandlint fix"; the configuration switches off 1 rule
sandlint: 09:05:07 watching 3 folders
no findings in 1 file; the configuration switches off 1 rule
sandlint: 09:05:07 watching 2 folders
`
	want = strings.NewReplacer(
		"CORE", "nix.conf:1:1: warning: setting \"core\" is unknown to Nix, Lix and Determinate Nix; "+
			"did you mean \"cores\"? [nix/unknown-setting]\n",
		"NEW", "new/nix.conf:1:1: warning: \"cores\" is assigned again on line 2, so this value is lost "+
			"[nix/duplicate-setting]\n",
	).Replace(want)
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	if strings.Count(errors, "unknown block \"oops\"") != 1 || status != StatusOK {
		t.Errorf("status %d, errors %s", status, errors)
	}

	out, _, status = watched(t, dir, false, []string{"--format", "json", "--no-config"},
		[2]string{"nix.conf", "cores = 2\n"})
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], `{"version":1,`) ||
		!strings.Contains(lines[0], "unknown-setting") || strings.Contains(lines[1], "unknown-setting") ||
		status != StatusOK {
		t.Errorf("status %d, got\n%s", status, out)
	}
	_, _, status = watched(t, dir, false, nil, [2]string{"nix.conf", "core = 1\n"}, [2]string{".sandlint.hcl", "-"})
	if status != StatusFindings {
		t.Errorf("the status of the last state is %d", status)
	}
}

func TestWatchOnTerminal(t *testing.T) {
	dir := write(t, map[string]string{"nix.conf": "cores = 1\n"})
	out, _, _ := watched(t, dir, true, []string{"--format", "compact"},
		[2]string{"other.txt", "x"}, [2]string{"nix.conf", "core = 1\n"})
	const (
		begin, end = "\x1b[?2026h\x1b[H\x1b[2J", "\x1b[?2026l"
		status     = "09:05:07 watching 2 folders; Ctrl-C ends"
	)
	want := begin + "no findings in 1 file\n\n" + status + end + "\r\x1b[K" + status + begin +
		"nix.conf:1:1: warning: setting \"core\" is unknown to Nix, Lix and Determinate Nix; " +
		"did you mean \"cores\"? [nix/unknown-setting]\n" +
		"1 finding (1 warning) in 1 file; 1 fixable with \"sandlint fix --unsafe\"\n\n" + status + end + "\n"
	if out != want {
		t.Errorf("got\n%q\nwant\n%q", out, want)
	}
}

// TestWatchEqualsCheck edits files at random, and checks that each block is what check prints then.
func TestWatchEqualsCheck(t *testing.T) {
	dir := write(t, map[string]string{
		"Dockerfile": cacheTexts["Dockerfile"][1], "svc/nix.conf": "include ../nix.conf\n",
	})
	plain := func() string {
		a, stdout, _ := testApp(dir, nil)
		a.packs = packs.All
		a.run([]string{"check", "--format", "compact"})
		return stdout.String()
	}
	a, _, _ := testApp(dir, nil)
	var got bytes.Buffer
	a.packs, a.stdout = packs.All, &got
	var want []string
	s := &script{t: t}
	for n, text := range slices.Concat(cacheTexts["nix.conf"], cacheTexts["nix.conf"][:2]) {
		s.edits = append(s.edits, func() {
			if now := plain(); len(want) == 0 || want[len(want)-1] != now {
				want = append(want, now)
			}
			path := filepath.Join(dir, []string{"nix.conf", "svc/nix.conf"}[n%2])
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Error(err)
			}
		})
	}
	a.changes = s
	a.run([]string{"check", "--watch", "--format", "compact"})
	var blocks []string
	for block := range strings.SplitSeq(got.String(), "sandlint: 00:00:00 watching 3 folders\n") {
		blocks = append(blocks, block)
	}
	for n := range want {
		if n >= len(blocks) || blocks[n] != want[n] {
			t.Fatalf("block %d of %q\nwant %q", n, blocks, want[n])
		}
	}
}

func TestWatchRefuses(t *testing.T) {
	dir := write(t, map[string]string{"nix.conf": "cores = 1\n"})
	for args, want := range map[string]string{
		"--format sarif":         "one of the formats text, compact and json",
		"--format text=x":        "one of the formats text, compact and json",
		"--cache ../x":           "--watch and --cache cannot be used together",
		"--staged":               "cannot be used with",
		"-":                      "cannot be used with",
		"--only nix/no-such":     "there is no rule",
		"--format=text --diff":   "cannot be used with",
		"--target nix=4711.0815": "--target",
	} {
		if _, errors, status := watched(t, dir, false, strings.Fields(args)); status != StatusUsage ||
			!strings.Contains(errors, want) {
			t.Errorf("%s: status %d, %s", args, status, errors)
		}
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/baseline"
)

// oldRepository is a repository of 50 files with six findings each, in the working directory.
type oldRepository struct{ t *testing.T }

func newOldRepository(t *testing.T) *oldRepository {
	t.Chdir(t.TempDir())
	t.Setenv("SANDLINT_SHELLCHECK", "none")
	t.Setenv("SANDLINT_FORMAT", "compact")
	t.Setenv("GITHUB_ACTIONS", "")
	r := &oldRepository{t}
	for n := range 50 {
		text := "cores = 1\n"
		for m := range 6 {
			text += fmt.Sprintf("no-such-setting-%d-%d = 1\n", n, m)
		}
		r.write(r.file(n), text)
	}
	return r
}

func (r *oldRepository) file(n int) string {
	return filepath.Join(fmt.Sprintf("host%d", n), "nix.conf")
}

func (r *oldRepository) write(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *oldRepository) read(name string) string {
	r.t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// edit changes the text of a file.
func (r *oldRepository) edit(n int, change func(string) string) {
	r.write(r.file(n), change(r.read(r.file(n))))
}

// sandlint runs a command, which must end with a status, and returns what it prints.
func (r *oldRepository) sandlint(status int, args ...string) string {
	r.t.Helper()
	var out bytes.Buffer
	if got := cli.Main(args, strings.NewReader(""), &out, &out); got != status {
		r.t.Fatalf("sandlint %s: status %d, want %d:\n%s", strings.Join(args, " "), got, status, out.String())
	}
	return out.String()
}

func (r *oldRepository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=n", "-c", "user.email=n@example.org"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (r *oldRepository) lines() []string { return strings.Split(r.read(baseline.Name), "\n") }

// A baseline survives lines above the findings, and prune removes exactly what was fixed.
func TestBaselineOfOldRepository(t *testing.T) {
	r := newOldRepository(t)
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	if out := r.sandlint(0, "baseline", "write"); !strings.Contains(out, "300 findings in 50 files accepted") {
		t.Fatal(out)
	}
	for n := range 50 {
		r.edit(n, func(text string) string { return strings.Repeat("# another line\n", 20) + text })
	}
	if out := r.sandlint(0, "check", "--baseline", baseline.Name); !strings.Contains(out, "300 in the baseline") {
		t.Error(out)
	}
	before := r.lines()
	var fixed []string
	for n := range 10 {
		name := fmt.Sprintf("no-such-setting-%d-%d", 3*n, n%6)
		fixed = append(fixed, name)
		r.edit(3*n, func(text string) string { return strings.Replace(text, name+" = 1\n", "", 1) })
	}
	r.sandlint(1, "check", "--baseline", baseline.Name)
	if out := r.sandlint(0, "baseline", "prune"); !strings.Contains(out, "10 of 300 entries removed") {
		t.Error(out)
	}
	after := r.lines()
	var removed []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			removed = append(removed, line[strings.LastIndex(line, " ")+1:])
		}
	}
	slices.Sort(fixed)
	slices.Sort(removed)
	if !slices.Equal(fixed, removed) || len(after) != len(before)-10 {
		t.Errorf("removed %q, want %q", removed, fixed)
	}
	r.sandlint(0, "check", "--baseline", baseline.Name)
}

// Two branches that add and remove entries, of the same files too, merge, and what they leave is right.
func TestBaselineMerges(t *testing.T) {
	heavytest.Program(t, "git")
	for _, attributes := range []string{"", baseline.Name + " merge=union\n"} {
		r := newOldRepository(t)
		r.git("init", "-q", "-b", "main")
		r.write(".gitattributes", attributes)
		r.sandlint(0, "baseline", "write")
		r.git("add", ".")
		r.git("commit", "-qm", "old")
		few, many := []int{7, 21}, make([]int, 50)
		for n := range many {
			many[n] = n
		}
		for round, where := range [][]int{few, many} {
			if attributes == "" && round > 0 {
				break // neighbouring lines are likely now, which conflict without the attribute
			}
			for _, branch := range []string{"one", "two"} {
				r.git("checkout", "-q", "-b", fmt.Sprint(branch, round), "main")
				for _, n := range where {
					r.edit(n, func(text string) string {
						text = fmt.Sprintf("no-such-one-%d-%d = 1\n", round, n) + text
						gone := round
						if branch == "two" {
							_, text, _ = strings.Cut(text, "\n")
							text += fmt.Sprintf("no-such-two-%d-%d = 1\n", round, n)
							gone += 3
						}
						return strings.Replace(text, fmt.Sprintf("no-such-setting-%d-%d = 1\n", n, gone), "", 1)
					})
				}
				r.sandlint(0, "baseline", "write")
				r.git("commit", "-qam", branch)
			}
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", fmt.Sprint("one", round))
			r.git("merge", "-q", "-m", "both", fmt.Sprint("two", round))
			// What a union brings back is stale, and nothing is new.
			r.sandlint(0, "check", "--baseline", baseline.Name, "--ignore", "sandlint/stale-baseline")
			r.sandlint(0, "baseline", "prune")
			r.sandlint(0, "check", "--baseline", baseline.Name)
			merged := r.lines()
			r.sandlint(0, "baseline", "write")
			slices.Sort(merged)
			written := r.lines()
			slices.Sort(written)
			if !slices.Equal(slices.Compact(merged), written) { // a union can leave an entry twice
				t.Errorf("%q: the merged baseline differs from one that is written anew", attributes)
			}
			r.git("commit", "-qam", "pruned", "--allow-empty")
		}
	}
}

package files

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// git runs git in a folder, without the user's configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(heavytest.Program(t, "git"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// repository makes a repository with many files.
func repository(t *testing.T, dir string, init ...string) {
	t.Helper()
	git(t, filepath.Dir(dir), append(append([]string{"init", "-q"}, init...), dir)...)
	for _, name := range []string{
		"Dockerfile", "a.b/c", "a/b", "a0", "ignored/Dockerfile", "ignored/deep/er/x", "ünï/ö",
		strings.Repeat("n", 200), strings.Repeat("long/", 40) + "file", "x y", "1234567", "12345678", "123456789",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "add", "-A")
}

// TestIndex reads the indexes that git writes, in all versions, and compares them with what git says.
func TestIndex(t *testing.T) {
	for _, tt := range []struct {
		name string
		init []string
		run  [][]string
	}{
		{"version 2", nil, [][]string{{"update-index", "--index-version", "2"}}},
		{"version 3", nil, [][]string{{"add", "-N", "."}, {"update-index", "--skip-worktree", "Dockerfile"}}},
		{"version 4", nil, [][]string{{"update-index", "--index-version", "4"}}},
		{"version 4 with flags", nil,
			[][]string{{"update-index", "--index-version", "4"}, {"update-index", "--skip-worktree", "Dockerfile"}}},
		{"SHA-256", []string{"--object-format=sha256"}, nil},
		{"SHA-256, version 4", []string{"--object-format=sha256"},
			[][]string{{"update-index", "--index-version", "4"}}},
		{"split", nil, [][]string{{"update-index", "--split-index"}, {"update-index", "--force-remove", "x y"},
			{"update-index", "--chmod=+x", "Dockerfile"}}},
		{"empty", nil, [][]string{{"rm", "-rqf", "--cached", "."}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "r")
			repository(t, dir, tt.init...)
			for _, args := range tt.run {
				git(t, dir, args...)
			}
			got := readIndex(Disk{}, dir)
			for _, name := range strings.Split(strings.TrimSuffix(git(t, dir, "ls-files", "-z"), "\x00"), "\x00") {
				if name != "" && !slices.Contains(got, name) {
					t.Errorf("%q is missing in %q", name, got)
				}
			}
			want := strings.Count(git(t, dir, "ls-files", "-z"), "\x00")
			if len(got) != want && tt.name != "split" {
				t.Errorf("%d paths, want %d", len(got), want)
			}
		})
	}
}

// TestIndexBroken cuts and changes an index: it is read or refused, and nothing else happens.
func TestIndexBroken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	repository(t, dir)
	whole, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, _, err := parseIndex(bytes.NewReader(whole[:n]), 20); err == nil && n < len(whole)/2 {
			t.Errorf("the first %d of %d bytes are an index", n, len(whole))
		}
		changed := slices.Clone(whole)
		changed[n] ^= 0xff
		_, _, _ = parseIndex(bytes.NewReader(changed), 20)
	}
	if _, _, err := parseIndex(bytes.NewReader(whole), 32); err == nil {
		t.Error("an index of SHA-1 was read as one of SHA-256")
	}
}

// TestTracked walks repositories in which git tracks files that its patterns ignore.
func TestTracked(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "r")
	repository(t, dir)
	for name, text := range map[string]string{
		".gitignore": "ignored/\nDockerfile\n*.conf\n", "new/Dockerfile": "x", "ignored/new": "x", "nix.conf": "x",
		"ignored/other/x": "x", "ignored/deep/er/.gitignore": "!new\n", "ignored/deep/er/new": "x",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "commit", "-qm", "x")
	// What git says is the truth: tracked files, and others that are not ignored.
	visited := func(dir string, opts WalkOptions) (got []string) {
		opts.Root = dir
		if err := Walk(Disk{}, opts, dir, func(v *Visit) error {
			if !v.Entry.IsDir() && !v.Ignored() {
				rel, _ := filepath.Rel(dir, v.Name)
				got = append(got, filepath.ToSlash(rel))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		return got
	}
	compare := func(dir string) {
		t.Helper()
		out := git(t, dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		want := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
		slices.Sort(want)
		want = slices.Compact(want)
		want = slices.DeleteFunc(want, func(name string) bool {
			info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
			return err != nil || info.IsDir()
		})
		if got := visited(dir, WalkOptions{}); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", filepath.Base(dir), got, want)
		}
	}
	compare(dir)
	if all := visited(dir, WalkOptions{NoGitignore: true}); !slices.Contains(all, "ignored/other/x") ||
		!slices.Contains(all, "nix.conf") {
		t.Errorf("without patterns: %q", all)
	}
	// A linked work tree has a file .git, and an index elsewhere.
	git(t, dir, "worktree", "add", "-q", filepath.Join(top, "linked"))
	for name, text := range map[string]string{
		"linked/.gitignore": "Dockerfile\nignored\n", "r/.git/info/exclude": "a0\nfresh\n", "linked/fresh": "",
	} {
		if err := os.WriteFile(filepath.Join(top, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compare(filepath.Join(top, "linked"))
	// A repository in a folder has its own patterns and its own index.
	outer := filepath.Join(top, "outer")
	git(t, top, "init", "-q", outer)
	if err := os.WriteFile(filepath.Join(outer, ".gitignore"), []byte("Dockerfile\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", dir, "sub")
	got := visited(outer, WalkOptions{})
	if !slices.Contains(got, "sub/Dockerfile") || !slices.Contains(got, "sub/ignored/Dockerfile") {
		t.Errorf("a submodule: %q", got)
	}
}

// FuzzIndex reads any bytes.
func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00"))
	f.Add([]byte("DIRC\x00\x00\x00\x04\xff\xff\xff\xff" + strings.Repeat("\x00", 200)))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, hash := range []int{20, 32} {
			names, _, err := parseIndex(bytes.NewReader(text), hash)
			if err == nil && len(names) > len(text) {
				t.Errorf("%d paths in %d bytes", len(names), len(text))
			}
		}
	})
}

package files

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/google/go-cmp/cmp"
)

// walked returns what a walk of a tree finds: the files that are not ignored, relative to root, and the errors.
func walked(t *testing.T, tree Tree, root string) (found, problems []string) {
	t.Helper()
	if err := Walk(tree, WalkOptions{Root: root}, root, func(v *Visit) error {
		rel, _ := filepath.Rel(root, v.Name)
		switch {
		case v.Err != nil:
			problems = append(problems, filepath.ToSlash(rel)+": "+v.Err.Error())
		case !v.Entry.IsDir() && !v.Ignored():
			found = append(found, filepath.ToSlash(rel))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found, problems
}

// TestIgnoreSameAsGit compares patterns that are looked up, and those with wildcards, in files above each other with
// what git lists.
func TestIgnoreSameAsGit(t *testing.T) {
	heavytest.Program(t, "git")
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	ignored := 0
	for range 300 {
		root := t.TempDir()
		folders := []string{root}
		for range 12 {
			dir := root
			for range random.IntN(4) {
				dir = filepath.Join(dir, pick("a", "b", "c.d", "ab"))
			}
			folders = append(folders, dir)
		}
		for _, dir := range folders {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if random.IntN(2) > 0 {
				continue
			}
			var lines []string
			for range 1 + random.IntN(4) {
				lines = append(lines, pick("", "", "!")+pick("", "", "/")+
					pick("", "", "", "a/", "**/", "*/", "a/**/")+
					pick("a", "b", "ab", "c.d", "*.d", "a*", "?", "[ab]", "x*d", "*b", "*", "**", "x.?.d", "\\a",
						"[!a]?*")+
					pick("", "", "/", " "))
			}
			write(t, filepath.Join(dir, ".gitignore"), []byte(strings.Join(lines, "\n")+"\n"))
		}
		all := 0
		for _, dir := range folders {
			for _, name := range []string{"f", "a.d", "x.c.d"} {
				write(t, filepath.Join(dir, name), nil)
				all++
			}
		}
		git := func(args ...string) string {
			cmd := exec.Command("git", args...)
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+root)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}
		git("init", "-q")
		want := strings.Fields(git("ls-files", "--others", "--exclude-standard"))
		slices.Sort(want)
		got, problems := walked(t, Disk{}, root)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 || problems != nil {
			for _, dir := range folders {
				b, _ := os.ReadFile(filepath.Join(dir, ".gitignore"))
				t.Logf("%s: %q", dir, b)
			}
			t.Fatalf("%q (-want +got):\n%s", problems, diff)
		}
		if len(got) < all {
			ignored++
		}
	}
	if ignored < 100 {
		t.Errorf("only %d trees had something that is ignored", ignored)
	}
}

// TestPatterns holds what git 2.39 said about single patterns.
func TestPatterns(t *testing.T) {
	for _, tt := range []struct{ pattern, ignored, not string }{
		{"*.o", "a.o b/c.o", "a.ob"},
		{"/x", "x", "b/x"},
		{"a*b", "ab b/axb", "a bb"},
		{"[!a]?", "bb b/cc", "ab"},
		{"b/*.o", "b/c.o", "c.o a/b/c.o b/d/c.o"},
		{"b/**/c", "b/c b/a/c b/a/a/c", "c a/b/c"},
		{"**/c", "c b/c", "bc"},
		{"b/**", "b/c b/d/c", "c"},
		{"!/**/*.d", "", "c.d b/c.d"},
		{`\!x`, "!x b/!x", "x"},
		{`x\ `, "", "x"},
		{"b/", "b/c a/b/c", "a/c"},
	} {
		texts := map[string][]byte{filepath.FromSlash("/r/.gitignore"): []byte(tt.pattern + "\n")}
		for _, name := range strings.Fields(tt.ignored + " " + tt.not) {
			texts[filepath.FromSlash("/r/"+name)] = nil
		}
		found, _ := walked(t, Memory(texts), filepath.FromSlash("/r"))
		want := append(strings.Fields(tt.not), ".gitignore")
		slices.Sort(want)
		slices.Sort(found)
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.pattern, diff)
		}
	}
}

// TestHostileIgnoreFiles are too large, or would be compared with each name for too long.
func TestHostileIgnoreFiles(t *testing.T) {
	at := filepath.FromSlash
	var globs strings.Builder
	for n := range 5000 {
		fmt.Fprintf(&globs, "x?%d\n", n)
	}
	tree := Memory(map[string][]byte{
		at("/r/a/.gitignore"): []byte(strings.Repeat("x\n", 600_000)), at("/r/a/x"): nil,
		at("/r/b/.gitignore"): []byte(globs.String()), at("/r/b/x"): nil,
		at("/r/c/.gitignore"): []byte(strings.Repeat("x\ny\n!y\n", 100_000)), at("/r/c/x"): nil,
		at("/r/.git/info/exclude"):    []byte(strings.Repeat("?\n", 600_000)),
		at("/r/.gitignore/no-a-file"): nil,
	})
	found, problems := walked(t, tree, at("/r"))
	want := []string{".gitignore/no-a-file", "a/.gitignore", "a/x", "b/.gitignore", "b/x", "c/.gitignore"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const used = ", so git's patterns in it are not used"
	wantProblems := []string{
		".git/info/exclude: the file is larger than 1 MiB" + used,
		"a/.gitignore: the file is larger than 1 MiB" + used,
		"b/.gitignore: the file has more than 4000 patterns with wildcards or paths" + used,
	}
	if diff := cmp.Diff(wantProblems, problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := newIgnores(tree, at("/r"), at("/r"))
	if len(err) != 1 || !errors.Is(err[0].Err, ErrTooManyPatterns) || errors.Is(err[0].Err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// BenchmarkIgnore walks folders that each have patterns, beside each other and in each other.
func BenchmarkIgnore(b *testing.B) {
	for _, shape := range []string{"beside", "nested"} {
		for _, n := range []int{100, 1_000, 4_000} {
			texts := map[string][]byte{}
			dir := filepath.FromSlash("/r")
			for i := range n {
				if shape == "nested" {
					dir = filepath.Join(dir, "d")
				} else {
					dir = filepath.FromSlash(fmt.Sprintf("/r/%d", i))
				}
				texts[filepath.Join(dir, ".gitignore")] = []byte("*.o\n/build\nnode_modules/\n!x\n")
				texts[filepath.Join(dir, "nix.conf")] = nil
			}
			tree := Memory(texts)
			b.Run(fmt.Sprintf("%s/%d", shape, n), func(b *testing.B) {
				for b.Loop() {
					root := filepath.FromSlash("/r")
					if err := Walk(tree, WalkOptions{Root: root}, root, func(v *Visit) error {
						if v.Err == nil && v.Ignored() {
							b.Fatal(v.Name)
						}
						return v.Err
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// trees returns the same tree on disk, in memory, half of it in an overlay, and as a file system of package fs, and the
// folder that it lies in.
func trees(t *testing.T, texts map[string]string) (dir string, all map[string]Tree) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	memory, over, mapFS := map[string][]byte{}, map[string][]byte{}, fstest.MapFS{}
	n := 0
	for _, name := range sortedKeys(texts) {
		text := []byte(texts[name])
		full := filepath.Join(dir, filepath.FromSlash(name))
		write(t, full, text)
		memory[full] = text
		mapFS[name] = &fstest.MapFile{Data: text}
		if n++; n%2 == 0 {
			over[full] = text
		}
	}
	disk := map[string][]byte{}
	for full, text := range memory {
		if _, ok := over[full]; !ok {
			disk[full] = text
		}
	}
	return dir, map[string]Tree{
		"disk": Disk{}, "memory": Memory(memory), "overlay": Overlay(Memory(disk), over), "fs": FS(dir, mapFS),
	}
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func write(t *testing.T, full string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTrees asks every kind of tree the same questions.
func TestTrees(t *testing.T) {
	dir, all := trees(t, map[string]string{"a": "A", "d/b": "B", "d/c": "C", "d/e/f": "F", "g/h": "H"})
	for name, tree := range all {
		t.Run(name, func(t *testing.T) {
			read := func(root, file string) string {
				b, err := Read(tree, root, filepath.Join(dir, filepath.FromSlash(file)))
				if err != nil {
					return "error: " + err.Error()
				}
				return string(b)
			}
			got := []string{
				read("", "a"), read(dir, "d/b"), read(filepath.Join(dir, "d"), "d/e/f"),
				read(filepath.Join(dir, "d"), "a"), read("", "no"), read("", "d"), read(dir, "../x"),
				fmt.Sprint(Names(tree, "", dir)), fmt.Sprint(Names(tree, dir, filepath.Join(dir, "d"))),
				fmt.Sprint(Names(tree, "", filepath.Join(dir, "a"))),
				fmt.Sprint(IsDir(tree, "", filepath.Join(dir, "d")), IsDir(tree, "", filepath.Join(dir, "a")),
					IsDir(tree, filepath.Join(dir, "d"), filepath.Join(dir, "g"))),
				fmt.Sprint(BeginsWith(tree, filepath.Join(dir, "a"), "A"),
					BeginsWith(tree, filepath.Join(dir, "a"), "AB"), BeginsWith(tree, filepath.Join(dir, "no"), "A")),
			}
			missing := "error: " + fs.ErrNotExist.Error()
			if name == "disk" || name == "overlay" {
				got[4] = strings.Replace(got[4], "no such file or directory", fs.ErrNotExist.Error(), 1)
			}
			want := []string{
				"A",
				"B",
				"F",
				missing,
				missing,
				"error: not a regular file",
				missing,
				"[a d g]",
				"[b c e]",
				"[]",
				"true false false",
				"true false false",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var walked []string
			if err := Walk(tree, WalkOptions{Root: dir}, dir, func(v *Visit) error {
				rel, _ := filepath.Rel(dir, v.Name)
				walked = append(walked, filepath.ToSlash(rel))
				if v.Entry.Name() == "e" {
					return fs.SkipDir
				}
				return v.Err
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{".", "a", "d", "d/b", "d/c", "d/e", "g", "g/h"}, walked); diff != "" {
				t.Errorf("walk (-want +got):\n%s", diff)
			}
		})
	}
}

// TestConfined leads links out of a root, on disk.
func TestConfined(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "out", "secret"), []byte("secret"))
	write(t, filepath.Join(dir, "root", "fine"), []byte("fine"))
	for link, target := range map[string]string{"leads-out": "../out/secret", "leads-in": "fine", "folder": "../out"} {
		if err := os.Symlink(target, filepath.Join(dir, "root", link)); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "root")
	for name, want := range map[string]string{"leads-out": "", "leads-in": "fine", "folder/secret": "",
		"fine": "fine"} {
		b, err := Read(Disk{}, root, filepath.Join(root, filepath.FromSlash(name)))
		if string(b) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if names := Names(Disk{}, root, filepath.Join(root, "folder")); names != nil {
		t.Errorf("a folder outside of the root was listed: %q", names)
	}
}

// TestReadInto reads files of a tree in memory into one buffer: the tree stays as it is.
func TestReadInto(t *testing.T) {
	tree := Memory(map[string][]byte{"/a": []byte("first"), "/b": []byte("other")})
	var buffer []byte
	for range 2 {
		for name, want := range map[string]string{"/a": "first", "/b": "other"} {
			var err error
			if buffer, err = ReadInto(tree, "", name, buffer); string(buffer) != want || err != nil {
				t.Fatalf("%s is %q, %v", name, buffer, err)
			}
		}
	}
}

// TestReadBounds reads files of the largest size, of one byte more, and paths that are not regular files.
func TestReadBounds(t *testing.T) {
	exact, over := strings.Repeat("a", MaxSize), strings.Repeat("a", MaxSize+1)
	dir, all := trees(t, map[string]string{"exact": exact, "over": over})
	for name, tree := range all {
		if b, err := Read(tree, "", filepath.Join(dir, "exact")); err != nil || len(b) != MaxSize {
			t.Errorf("%s: the largest size: %d bytes, %v", name, len(b), err)
		}
		if _, err := Read(tree, "", filepath.Join(dir, "over")); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: one byte more: %v", name, err)
		}
	}
	buffer := make([]byte, 0, 8)
	write(t, filepath.Join(dir, "small"), []byte("12345678"))
	if b, err := ReadInto(Disk{}, "", filepath.Join(dir, "small"), buffer); err != nil || string(b) != "12345678" {
		t.Errorf("a buffer of the file's size: %q, %v", b, err)
	}
}

// TestOverlay shadows, adds and lists.
func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	write(t, at("d/a"), []byte("disk"))
	write(t, at("d/b"), []byte("disk"))
	tree := Overlay(Disk{}, map[string][]byte{
		at("d/a"):         []byte("longer than the disk's"),
		at("d/new"):       []byte("n"),
		at("only/here/x"): []byte("x"),
	})
	if b, err := Read(tree, dir, at("d/a")); err != nil || string(b) != "longer than the disk's" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := Read(tree, dir, at("only/here/x")); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
	if got := fmt.Sprint(Names(tree, dir, at("d")), Names(tree, "", dir), Names(tree, dir, at("only")),
		IsDir(tree, dir, at("only/here"))); got != "[a b new] [d only] [here] true" {
		t.Error(got)
	}
	entries, err := tree.List("", at("d"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := entries[0].Info(); err != nil || info.Size() != int64(len("longer than the disk's")) {
		t.Errorf("the size in the list is that of the disk: %v, %v", info, err)
	}
	if Overlay(Disk{}, nil) != (Disk{}) {
		t.Error("an overlay of nothing is not the tree itself")
	}
}

// TestCache checks what is remembered, what a change forgets, and what an overlay shares.
func TestCache(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	texts := map[string][]byte{at("a"): []byte("A"), at("b"): []byte("B"), at("d/x"): []byte("X")}
	tree := Memory(texts)
	made := map[string]int{}
	get := func(c *Cache, t Tree, name string) string {
		return Get(c, t, name, func(t Tree) string {
			made[name]++
			b, err := Read(t, "", at(name))
			if err != nil {
				return "none"
			}
			return string(b)
		})
	}
	both := func(c *Cache, tr Tree) string {
		return Get(c, tr, 1, func(t Tree) string {
			made["both"]++
			return get(c, t, "a") + get(c, t, "b")
		})
	}
	list := func(c *Cache, tr Tree) string {
		return Get(c, tr, 2, func(t Tree) string { made["list"]++; return fmt.Sprint(Names(t, "", at("d"))) })
	}
	missing := func(c *Cache, tr Tree) string {
		return Get(c, tr, 3, func(t Tree) string { made["missing"]++; return fmt.Sprint(IsDir(t, "", at("no"))) })
	}
	c := NewCache()
	for range 2 {
		if got := both(c, tree) + list(c, tree) + missing(c, tree); got != "AB[x]false" {
			t.Fatal(got)
		}
	}
	want := func(counts string) {
		t.Helper()
		if got := fmt.Sprint(made); got != "map["+counts+"]" {
			t.Errorf("made %s, want %s", got, counts)
		}
	}
	want("a:1 b:1 both:1 list:1 missing:1")

	// What is made for an overlay shares what does not depend on it, through all that it was made of.
	over := map[string][]byte{at("b"): []byte("other"), at("d/y"): []byte("Y"), at("no/z"): nil}
	on, tr := c.Over([]string{at("b")}, []string{at("d/y"), at("no/z")}), Overlay(tree, over)
	if got := both(on, tr) + list(on, tr) + missing(on, tr) + get(on, tr, "a"); got != "Aother[x y]trueA" {
		t.Error(got)
	}
	want("a:1 b:2 both:2 list:2 missing:2")
	if got := both(c, tree); got != "AB" {
		t.Errorf("the cache below the overlay holds %q", got)
	}

	// A change forgets what depends on the file, and nothing else.
	c.Changed(at("b"))
	both(c, tree)
	list(c, tree)
	want("a:1 b:3 both:3 list:2 missing:2")
	c.Changed(at("d/new"))
	list(c, tree)
	want("a:1 b:3 both:3 list:3 missing:2")
	c.Changed(at("no/deep/file"))
	missing(c, tree)
	want("a:1 b:3 both:3 list:3 missing:3")
	c.Changed()
	both(c, tree)
	want("a:2 b:4 both:4 list:3 missing:3")

	// What asks only which files there are does not depend on their text.
	kind := func(c *Cache, tr Tree) string {
		return Get(c, tr, 4, func(t Tree) string { made["kind"]++; return fmt.Sprint(IsDir(t, "", at("d/x"))) })
	}
	list(c, tree)
	kind(c, tree)
	want("a:2 b:4 both:4 kind:1 list:4 missing:3")
	tr = Overlay(tree, map[string][]byte{at("d/x"): []byte("other")})
	on = c.Over([]string{at("d/x")}, nil)
	if got := list(on, tr) + kind(on, tr); got != "[x]false" {
		t.Error(got)
	}
	want("a:2 b:4 both:4 kind:1 list:4 missing:3")
	on = c.Over(nil, []string{at("d/x")})
	list(on, tr)
	kind(on, tr)
	want("a:2 b:4 both:4 kind:2 list:5 missing:3")
}

// TestIgnored walks a tree with patterns of git's at several depths.
func TestIgnored(t *testing.T) {
	dir := filepath.Join(string(filepath.Separator), "r")
	texts := map[string][]byte{}
	for name, text := range map[string]string{
		".git/info/exclude": "excluded\n", ".gitignore": "*.log\n/top\nbuild/\n", "a.log": "", "excluded": "",
		"top": "", "sub/top": "",
		"sub/.gitignore": "!keep.log\n# comment\n\nown\r\n", "sub/keep.log": "", "sub/b.log": "", "sub/own": "",
		"build/x": "", "own": "",
	} {
		texts[filepath.Join(dir, filepath.FromSlash(name))] = []byte(text)
	}
	var kept []string
	err := Walk(Memory(texts), WalkOptions{Root: dir}, dir, func(v *Visit) error {
		if !v.Entry.IsDir() && !v.Ignored() && !strings.HasSuffix(v.Name, ".gitignore") {
			rel, _ := filepath.Rel(dir, v.Name)
			kept = append(kept, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"own", "sub/keep.log", "sub/top"}, kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

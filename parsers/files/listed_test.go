package files

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestListed(t *testing.T) {
	top := filepath.FromSlash("/repo")
	texts := map[string]string{"1": "one", "two": "../a/f", "abs": top + "/a", "out": "/etc/passwd", "up": "../../x",
		"loop": "loop", "dot": "."}
	blobs := map[string]Blob{
		"a/f": {ID: "1"}, "a/b/run": {ID: "1", Executable: true}, "links/f": {ID: "two", Link: true},
		"links/abs": {ID: "abs", Link: true}, "links/out": {ID: "out", Link: true}, "links/up": {ID: "up", Link: true},
		"links/loop": {ID: "loop", Link: true}, "links/dot": {ID: "dot", Link: true}, "large": {ID: "large"},
	}
	reads := 0
	tree := Listed(top, blobs, func(id string) ([]byte, error) {
		reads++
		if text, ok := texts[id]; ok {
			return []byte(text), nil
		}
		return nil, ErrTooLarge
	})
	at := func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
	for name, want := range map[string]string{
		"a/f": "one", "a/b/run": "one", "links/f": "one", "links/abs/f": "one", "links/abs/b/run": "one",
		"links/dot/dot/f": "one",
		"a":               "not a regular file", ".": "not a regular file", "links/out": "file does not exist",
		"links/up":   "file does not exist",
		"links/loop": "more than 40 symbolic links", "x": "file does not exist", "a/f/x": "file does not exist",
		"large": ErrTooLarge.Error(), ".git": "not a regular file", ".git/config": "file does not exist",
	} {
		got, err := Read(tree, "", at(name))
		if err != nil {
			got = []byte(err.Error())
		}
		if !strings.HasSuffix(string(got), want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	before := reads
	if _, err := Read(tree, "", at("a/f")); err != nil || reads != before {
		t.Errorf("a file is read again: %v", err)
	}
	if got := strings.Join(Names(tree, "", top), " "); got != ".git a large links" {
		t.Errorf("the folder holds %s", got)
	}
	if real, err := tree.Real(at("links/abs/b")); err != nil || real != at("a/b") {
		t.Errorf("%s, %v", real, err)
	}
	if root := Root(tree, "", at("a/b")); root != top {
		t.Errorf("the root is %q", root)
	}
	info, err := tree.Lstat("", at("links/f"))
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := tree.Stat(at("links"), at("links/f")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link leads out of the root: %v", err)
	}
	if _, err := tree.Stat("", filepath.FromSlash("/etc/passwd")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path outside: %v", err)
	}
	var visited []string
	err = Walk(tree, WalkOptions{Root: top, NoGitignore: true}, top, func(v *Visit) error {
		visited = append(visited, v.Name)
		return v.Err
	})
	if err != nil || len(visited) != 13 {
		t.Errorf("visited %q, %v", visited, err)
	}
}

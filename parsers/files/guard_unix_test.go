//go:build unix

package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// TestOnlyRegularFiles puts a pipe that nobody writes to, a device and a folder in the place of a file.
func TestOnlyRegularFiles(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"device": "/dev/zero", "to-pipe": "pipe", "self": "self"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pipe", "device", "to-pipe", "self", "."} {
		name = filepath.Join(dir, name)
		for _, root := range []string{"", dir} {
			if b, err := Read(Disk{}, root, name); err == nil {
				t.Errorf("%s in %q: read %q", name, root, b)
			}
			// Something else may have taken the file's place after its kind was asked.
			if f, err := (Disk{}).Open(root, name); err == nil {
				t.Errorf("%s in %q: opened", name, root)
				f.Close()
			}
		}
		if BeginsWith(Disk{}, name, "\x00") {
			t.Errorf("%s: read its beginning", name)
		}
	}
	if _, err := Read(Disk{}, "", filepath.Join(dir, "pipe")); !errors.Is(err, ErrNotRegular) {
		t.Errorf("pipe: %v", err)
	}
}

// TestMadeUpText reads a file of /proc, which is regular and of no size.
func TestMadeUpText(t *testing.T) {
	const name = "/proc/self/environ"
	if _, err := os.Stat(name); err != nil {
		heavytest.Skip(t, "there is no /proc")
	}
	t.Setenv("SANDLINT_TEST", "x")
	if b, err := Read(Disk{}, "", name); !errors.Is(err, ErrNotRegular) {
		t.Errorf("read %d bytes, %v", len(b), err)
	}
}

// TestReadNamed names files through links that stay in the repository, and links that leave it.
func TestReadNamed(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	write(t, at("outside/secret"), []byte("secret"))
	write(t, at("outside/link-target"), []byte("named from outside"))
	write(t, at("repo/.git/HEAD"), nil)
	write(t, at("repo/d/file"), []byte("file"))
	write(t, at("plain/file"), []byte("plain"))
	for link, target := range map[string]string{
		"repo/in":          "d/file",
		"repo/in-absolute": at("repo/d/file"),
		"repo/d/up":        "../d/file",
		"repo/out":         "../outside/secret",
		"repo/out-far":     at("outside/secret"),
		"repo/folder":      "../outside",
		"repo/twice":       "out",
		"repo/proc":        "/proc/self/environ",
		"outside/link":     "link-target",
		"outside/far":      "../plain/file",
		"to-repo":          "repo",
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		dir, name, want string
		err             error
	}{
		{"repo", "repo/d/file", "file", nil},
		{"repo", "repo/in", "file", nil},
		{"repo", "repo/in-absolute", "file", nil},
		{"repo/d", "repo/d/up", "file", nil},
		{"to-repo", "to-repo/in", "file", nil}, // a repository that is reached through a link is one
		{"to-repo", "to-repo/out", "", ErrOutside},
		{"repo", "repo/out", "", ErrOutside},
		{"repo/d", "repo/out", "", ErrOutside},
		{"plain", "repo/out", "", ErrOutside},
		{"repo", "repo/out-far", "", ErrOutside},
		{"repo", "repo/folder/secret", "", ErrOutside},
		{"repo", "repo/twice", "", ErrOutside},
		{"repo", "repo/none", "", fs.ErrNotExist},
		{"plain", "plain/file", "plain", nil},
		{"outside", "outside/link", "named from outside", nil},
		{"outside", "outside/far", "", ErrOutside}, // out of the working directory
		{"repo", "outside/far", "plain", nil},      // nothing bounds a place that belongs to no repository
	} {
		b, err := ReadNamed(Disk{}, at(test.dir), at(test.name))
		if string(b) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s from %s: %q, %v, want %q, %v", test.name, test.dir, b, err, test.want, test.err)
		}
	}
	if b, err := ReadNamed(Disk{}, at("repo"), at("repo/proc")); err == nil {
		t.Errorf("a link to /proc: %q", b)
	}
}

// TestIgnoreFileIsNoLink: like git, the walk reads no .gitignore through a link.
func TestIgnoreFileIsNoLink(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "patterns"), []byte("secret\n"))
	write(t, filepath.Join(dir, "secret"), nil)
	if err := os.Symlink("patterns", filepath.Join(dir, ".gitignore")); err != nil {
		t.Fatal(err)
	}
	if err := Walk(Disk{}, WalkOptions{Root: dir}, dir, func(v *Visit) error {
		if v.Err == nil && v.Name != dir && v.Ignored() {
			t.Errorf("%s is ignored", v.Name)
		}
		return v.Err
	}); err != nil {
		t.Fatal(err)
	}
}

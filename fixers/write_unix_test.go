//go:build unix

package fixers

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestWriteFileKeepsMode(t *testing.T) {
	old := syscall.Umask(0o077) // a mode that came from here would show
	defer syscall.Umask(old)
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o755, 0o666, 0o640 | fs.ModeSetgid, 0o755 | fs.ModeSetuid} {
		_, path := folder(t, "old")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("mode %v became %v", mode, info.Mode())
		}
	}
}

func TestWriteFileKeepsOwner(t *testing.T) {
	_, path := folder(t, "old")
	uid, gid := 12345, 54321
	if os.Getuid() != 0 { // only root may give a file away
		uid, gid = os.Getuid(), os.Getgid()
		if groups, err := os.Getgroups(); err == nil && len(groups) > 0 {
			gid = groups[len(groups)-1]
		}
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); int(s.Uid) != uid || int(s.Gid) != gid {
		t.Errorf("owner is %d:%d, want %d:%d", s.Uid, s.Gid, uid, gid)
	}
}

func TestWriteFileThroughSymlinks(t *testing.T) {
	dir, path := folder(t, "old")
	links := t.TempDir()
	first, second := filepath.Join(links, "first"), filepath.Join(links, "second")
	if err := os.Symlink(path, first); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("first", second); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(source.NewFile("f", []byte("old")), second, []byte("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, []string{"f"}, path, "new")
	expect(t, links, []string{"first", "second"}, second, "new")
	for _, link := range []string{first, second} {
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is not a link any more: %v", link, err)
		}
	}
}

func TestWriteFileRefusesPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(source.NewFile("pipe", nil), path, []byte("new"))
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

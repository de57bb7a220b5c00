package fixers

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// unprivileged calls f as a user whom permissions bind, which root is not.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	runtime.LockOSThread() // the id is that of the thread alone
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

func TestWriteFileReadOnlyFolder(t *testing.T) {
	dir, path := folder(t, "old")
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	var err error
	unprivileged(t, func() { err = WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")) })
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a lack of permission", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestWriteFileReadOnlyFile(t *testing.T) {
	dir, path := folder(t, "old")
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	var err error
	unprivileged(t, func() { err = WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")) })
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a lack of permission", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
}

// TestWriteFileNoSpace makes the system refuse the second half of the new content.
func TestWriteFileNoSpace(t *testing.T) {
	dir, path := folder(t, "old")
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(source.NewFile("f", []byte("old")), path, make([]byte, 2000))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("got %v, want EFBIG", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
}

package fixers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"golang.org/x/sys/unix"

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

// TestWriteFileNoSpace makes the system refuse the end of the new content. The limit is above the size of what go test
// itself writes in this process.
func TestWriteFileNoSpace(t *testing.T) {
	dir, path := folder(t, "old")
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4 << 20, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(source.NewFile("f", []byte("old")), path, make([]byte, 4<<20+1000))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("got %v, want EFBIG", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
}

// accessListOf builds a POSIX access control list: version 2, then tag, permissions and id of each entry.
func accessListOf(entries ...[3]uint32) []byte {
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		out = binary.LittleEndian.AppendUint16(out, uint16(e[0]))
		out = binary.LittleEndian.AppendUint16(out, uint16(e[1]))
		out = binary.LittleEndian.AppendUint32(out, e[2])
	}
	return out
}

// attribute returns an extended attribute, nil where there is none.
func attribute(t *testing.T, path, name string) []byte {
	t.Helper()
	b := make([]byte, 4096)
	n, err := unix.Getxattr(path, name, b)
	if errors.Is(err, unix.ENODATA) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// setAttribute sets an extended attribute, or skips the test where the file system has none.
func setAttribute(t *testing.T, path, name string, value []byte) {
	t.Helper()
	if err := unix.Setxattr(path, name, value, 0); errors.Is(err, unix.ENOTSUP) {
		heavytest.Skip(t, "the file system has no such attributes")
	} else if err != nil {
		t.Fatal(err)
	}
}

const (
	aclUser, aclNamed, aclGroup, aclMask, aclOther = 0x01, 0x02, 0x04, 0x10, 0x20
	nobodyElse                                     = 0xffffffff
)

// TestWriteFileKeepsAccessList: mode 640 with a list for another user was 660 without the list before.
func TestWriteFileKeepsAccessList(t *testing.T) {
	_, path := folder(t, "old")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	list := accessListOf([3]uint32{aclUser, 6, nobodyElse}, [3]uint32{aclNamed, 6, 12345},
		[3]uint32{aclGroup, 4, nobodyElse},
		[3]uint32{aclMask, 6, nobodyElse}, [3]uint32{aclOther, 0, nobodyElse})
	setAttribute(t, path, "system.posix_acl_access", list)
	if err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := attribute(t, path, "system.posix_acl_access"); !bytes.Equal(got, list) {
		t.Errorf("the list is %x, want %x", got, list)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 { // the group's bits are those of the mask
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile(path); string(text) != "new" {
		t.Errorf("%q", text)
	}
}

// TestWriteFileInheritsNothing: the folder gives new files a list that the old file does not have.
func TestWriteFileInheritsNothing(t *testing.T) {
	dir, path := folder(t, "old")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	setAttribute(t, dir, "system.posix_acl_default", accessListOf([3]uint32{aclUser, 7, nobodyElse},
		[3]uint32{aclNamed, 7, 12345}, [3]uint32{aclGroup, 7, nobodyElse}, [3]uint32{aclMask, 7, nobodyElse},
		[3]uint32{aclOther, 7, nobodyElse}))
	if err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := attribute(t, path, "system.posix_acl_access"); got != nil {
		t.Errorf("the list is %x", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWriteFileKeepsAttributes(t *testing.T) {
	_, path := folder(t, "old")
	setAttribute(t, path, "user.origin", []byte("a\x00b"))
	setAttribute(t, path, "user.empty", nil)
	if err := WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := attribute(t, path, "user.origin"); string(got) != "a\x00b" {
		t.Errorf("%q", got)
	}
	if got := attribute(t, path, "user.empty"); got == nil || len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// TestWriteFileRefusesToLoseAttributes: only root may set a trusted attribute, and see it.
func TestWriteFileRefusesToLoseAttributes(t *testing.T) {
	if os.Getuid() != 0 {
		heavytest.Skip(t, "only root may set an attribute that another user cannot keep")
	}
	dir, path := folder(t, "old")
	setAttribute(t, path, "security.sandlint", []byte("x"))
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	var err error
	withoutCapabilities(t, func() { err = WriteFile(source.NewFile("f", []byte("old")), path, []byte("new")) })
	if err == nil || !strings.Contains(err.Error(), `its extended attribute "security.sandlint" cannot be kept`) {
		t.Errorf("got %v", err)
	}
	expect(t, dir, []string{"f"}, path, "old")
}

// withoutCapabilities calls f on a thread of root that may not do what only root may.
func withoutCapabilities(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			done <- err
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestTwoRuns: while one run writes a file, another one does not, and after it the file has changed.
func TestTwoRuns(t *testing.T) {
	dir, path := folder(t, "old")
	f := source.NewFile("f", []byte("old"))
	first, _, err := openUnchanged(f, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(f, path, []byte("new")); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	first.Close()
	if err := WriteFile(f, path, []byte("new")); err != nil {
		t.Error(err)
	}
	if err := WriteFile(f, path, []byte("new")); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	expect(t, dir, []string{"f"}, path, "new")
}

// TestReplacedMeanwhile: another run has replaced the file, with the same bytes, after it was opened.
func TestReplacedMeanwhile(t *testing.T) {
	_, path := folder(t, "old")
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"2", []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"2", path); err != nil {
		t.Fatal(err)
	}
	if err := sameFileAt(path, info); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

// TestRemoveLeftovers leaves everything but what a run left that is over.
func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	inUse, err := createTemporary(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()
	for _, name := range []string{
		".sandlint-0123456789abcdef", ".sandlint-notes", ".sandlint-0123456789abcde", ".sandlint-0123456789abcdef0",
		".sandlint-0123456789ABCDEF", "x.sandlint-0123456789abcdef", ".sandlint.hcl",
	} {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err = errors.Join(
		os.Mkdir(at(".sandlint-1111111111111111"), 0o755),
		os.Symlink(".sandlint.hcl", at(".sandlint-2222222222222222")),
		syscall.Mkfifo(at(".sandlint-3333333333333333"), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	before := len(names(t, dir))
	if n := RemoveLeftovers(dir); n != 1 {
		t.Errorf("%d files were removed", n)
	}
	if _, err := os.Lstat(at(".sandlint-0123456789abcdef")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the file is still there")
	}
	if after := names(t, dir); len(after) != before-1 {
		t.Errorf("left are %q", after)
	}
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

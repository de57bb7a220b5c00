package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// slowly runs a test without openat2, as on an old kernel.
func slowly(t *testing.T, do func()) {
	t.Helper()
	before := unavailable.Swap(true)
	defer unavailable.Store(before)
	do()
}

// answer is all that a tree says of a path below a root.
func answer(d Disk, root, name string) string {
	var out strings.Builder
	show := func(info fs.FileInfo, err error) {
		if err != nil {
			fmt.Fprintf(&out, " %v", err)
			return
		}
		fmt.Fprintf(&out, " %s %v %d %v", info.Name(), info.Mode(), info.Size(), info.ModTime().UnixNano())
	}
	show(d.Stat(root, name))
	show(d.Lstat(root, name))
	if f, err := d.Open(root, name); err != nil {
		fmt.Fprintf(&out, " open: %v", err)
	} else {
		b, err := io.ReadAll(f)
		fmt.Fprintf(&out, " %q %v", b, err)
		show(f.Stat())
		f.Close()
	}
	entries, err := d.List(root, name)
	fmt.Fprintf(&out, " %v", err)
	for _, e := range entries {
		fmt.Fprintf(&out, "\n  %s %v %v", e.Name(), e.IsDir(), e.Type())
		show(e.Info())
	}
	return out.String()
}

// TestShortWay asks for all paths of folders full of symbolic links, in circles, out of the root and back, and compares
// what the kernel and os.Root make of them.
func TestShortWay(t *testing.T) {
	if _, err := (Disk{}).statBelow(t.TempDir(), ".", true); err != nil {
		t.Log("this kernel has no openat2, so there is nothing to compare")
		return
	}
	r := rand.New(rand.NewPCG(7, 7))
	names := []string{"a", "b", "c"}
	refused, followed := 0, 0
	for range 25 {
		top := t.TempDir()
		root := filepath.Join(top, "root")
		dirs := []string{root, filepath.Join(top, "outside")}
		for _, d := range dirs {
			if err := os.Mkdir(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			name := filepath.Join(dirs[r.IntN(len(dirs))], names[r.IntN(len(names))])
			if _, err := os.Lstat(name); err == nil {
				continue
			}
			var err error
			switch n := r.IntN(10); {
			case n < 3:
				err = os.Mkdir(name, 0o755)
				dirs = append(dirs, name)
			case n < 5:
				err = os.WriteFile(name, []byte(name), fs.FileMode(0o600|r.IntN(0o200)))
			case n < 6:
				err = syscall.Mkfifo(name, 0o644)
			default:
				parts := []string{}
				for range 1 + r.IntN(3) {
					parts = append(parts, append(names, "..", "..", ".", "outside", "root")[r.IntN(8)])
				}
				target := strings.Join(parts, "/")
				switch r.IntN(8) {
				case 3, 4, 5:
					target, _ = filepath.Rel(filepath.Dir(name), dirs[r.IntN(len(dirs))])
				case 0:
					target = filepath.Join(top, target)
				case 1:
					target += "/"
				case 2:
					target = "/proc/self/environ"
				}
				err = os.Symlink(target, name)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		paths := []string{root, filepath.Join(top, "outside"), top}
		for at := []string{root}; len(at[0]) < len(root)+6; {
			var next []string
			for _, dir := range at {
				for _, name := range names {
					next = append(next, filepath.Join(dir, name))
				}
			}
			paths = append(paths, next...)
			at = next
		}
		held := Disk{}.Held()
		for _, name := range paths {
			var want string
			slowly(t, func() { want = answer(Disk{}, root, name) })
			for _, d := range []Disk{{}, held} {
				if got := answer(d, root, name); got != want {
					t.Errorf("%s: the kernel says\n%s\nos.Root says\n%s", name, got, want)
				}
			}
			if strings.Contains(want, "escapes") {
				refused++
			}
			if info, err := (Disk{}).Lstat(root, name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
				if _, err := (Disk{}).Stat(root, name); err == nil {
					followed++
				}
			}
		}
	}
	if refused < 100 || followed < 30 {
		t.Errorf("only %d paths left the root, and %d links led somewhere", refused, followed)
	}
}

// TestHeld opens more roots than are held, and lets them go.
func TestHeld(t *testing.T) {
	dir := t.TempDir()
	count := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return 0
		}
		return len(open)
	}
	before := count()
	held := Disk{}.Held()
	var all []string
	for n := range 40 {
		root := filepath.Join(dir, fmt.Sprint(n))
		write(t, filepath.Join(root, "file"), []byte(root))
		all = append(all, root)
	}
	for _, root := range slices.Concat(all, all, all[30:]) {
		if b, err := Read(held, root, filepath.Join(root, "file")); err != nil || string(b) != root {
			t.Errorf("%s: %q, %v", root, b, err)
		}
		if _, err := held.Stat(root, filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", root, err)
		}
	}
	if n := count() - before; n > 12 {
		t.Errorf("%d more files are open", n)
	}
}

// TestFar asks for all paths far below, with symbolic links on the way, and compares what a tree that holds folders
// says with what the kernel makes of the whole paths.
func TestFar(t *testing.T) {
	top := t.TempDir()
	long := strings.Repeat("x", 90)
	at, paths := top, []string{}
	for n := range 14 {
		at = filepath.Join(at, fmt.Sprint(n)+long)
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]string{
			"up": "..", "self": ".", "loop": "loop", "gone": "nowhere", "top": top, "text": "file", "pipe": "fifo",
		} {
			if err := os.Symlink(target, filepath.Join(at, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(at, "file"), fmt.Append(nil, n), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(at, "fifo"), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, rel := range []string{"", "file", "fifo", "none", "file/none", "up", "self", "self/file", "loop", "gone",
			"top", "text", "pipe", "up/" + filepath.Base(at) + "/file", strings.Repeat("self/", 100) + "file"} {
			paths = append(paths, filepath.Join(at, rel))
		}
		paths = append(paths, at+"/self/../"+filepath.Base(at)+"/file", at+"//file", at+"/")
	}
	held, far := Disk{}.Held(), 0
	for _, name := range paths {
		if got, want := answer(held, "", name), answer(Disk{}, "", name); got != want {
			t.Fatalf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if fd, err := held.far(name, syscall.O_RDONLY|syscall.O_NONBLOCK); err == nil {
			syscall.Close(fd)
			far++
		}
	}
	if far < len(paths)/4 {
		t.Errorf("only %d of %d paths were opened from a folder on the way", far, len(paths))
	}
}

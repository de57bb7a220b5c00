package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
)

// A folder is trimmed once a day: what was not used for unused goes, and the oldest beyond maxFolder bytes.
const (
	unused     = 5 * 24 * time.Hour
	maxFolder  = 2 << 30
	trimEvery  = 24 * time.Hour
	touchAfter = time.Hour
)

// trimmed is the file whose time says when the folder was trimmed last.
const trimmed = "trimmed"

// folder is a backend in a folder, in which a name lies as with Bazel's disk cache: ac/ab/abcd….
type folder struct {
	path string
	root *os.Root // no link leads out of it
	now  func() time.Time

	mu      sync.Mutex
	folders map[string]bool // that are there
}

// tag is the text of the mark, from bford.info/cachedir.
const tag = "Signature: 8a477f597d28d172789f06886806bc55\n# made by sandlint\n"

// openFolder makes the folder where there is none, with a mark by which backup programs leave it out.
func openFolder(path string, now func() time.Time) (*folder, error) {
	tree := files.Disk{}
	_, err := tree.Lstat("", path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return nil, fmt.Errorf("making the folder: %w", files.Cause(err))
		}
		if err := os.WriteFile(absolute(path, "CACHEDIR.TAG"), []byte(tag), 0o666); err != nil {
			return nil, fmt.Errorf("writing CACHEDIR.TAG: %w", files.Cause(err))
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, files.Cause(err)
	}
	return &folder{path: path, root: root, now: now, folders: map[string]bool{}}, nil
}

// inFolder returns where a name lies.
func inFolder(name string) string {
	kind, hash := path.Split(name)
	return path.Join(kind, hash[:2], hash)
}

func (f *folder) get(names []string) ([][]byte, error) {
	out := make([][]byte, len(names))
	var failed error
	for n, name := range names {
		full := absolute(f.path, inFolder(name))
		b, err := files.Read(files.Disk{}, f.path, full)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) && failed == nil {
				failed = fmt.Errorf("reading %s: %w", inFolder(name), err)
			}
			continue
		}
		if b == nil {
			b = []byte{}
		}
		out[n] = b
		if info, err := (files.Disk{}).Lstat(f.path, full); err == nil && f.now().Sub(info.ModTime()) > touchAfter {
			_ = f.root.Chtimes(inFolder(name), f.now(), f.now()) // it is used
		}
	}
	return out, failed
}

func (f *folder) put(names []string, values [][]byte) error {
	for n, name := range names {
		if err := f.write(inFolder(name), values[n]); err != nil {
			return fmt.Errorf("writing %s: %w", inFolder(name), files.Cause(err))
		}
	}
	return nil
}

// write writes a file, which others see as a whole or not at all.
func (f *folder) write(name string, value []byte) error {
	dir := path.Dir(name)
	f.mu.Lock()
	there := f.folders[dir]
	f.mu.Unlock()
	if !there {
		if err := f.root.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		f.mu.Lock()
		f.folders[dir] = true
		f.mu.Unlock()
	}
	temporary := path.Join(dir, "."+rand.Text())
	file, err := f.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(value)
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.root.Rename(temporary, name)
	}
	if err != nil {
		_ = f.root.Remove(temporary)
	}
	return err
}

func (f *folder) end() error {
	defer f.root.Close()
	info, err := (files.Disk{}).Lstat(f.path, absolute(f.path, trimmed))
	if err == nil && f.now().Sub(info.ModTime()) < trimEvery {
		return nil
	}
	file, err := f.root.OpenFile(trimmed, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil // a folder that cannot be written is not trimmed; whoever fills it is the one to do it
	}
	_, _ = io.WriteString(file, "sandlint removes what was not used for five days.\n")
	file.Close()
	_ = f.root.Chtimes(trimmed, f.now(), f.now())
	f.trim()
	return nil
}

// trim removes what was not used for long.
func (f *folder) trim() {
	type kept struct {
		name string
		used time.Time
		size int64
	}
	var all []kept
	var total int64
	tree := files.Disk{}
	for _, kind := range []string{"ac", "cas"} {
		for _, start := range files.Names(tree, f.path, absolute(f.path, kind)) {
			dir := path.Join(kind, start)
			for _, base := range files.Names(tree, f.path, absolute(f.path, dir)) {
				name := path.Join(dir, base)
				info, err := tree.Lstat(f.path, absolute(f.path, name))
				if err != nil || !info.Mode().IsRegular() || len(start) != 2 || base[0] != '.' && !isHash(base) {
					continue // not ours
				}
				if f.now().Sub(info.ModTime()) > unused {
					_ = f.root.Remove(name)
					continue
				}
				all, total = append(all, kept{name, info.ModTime(), info.Size()}), total+info.Size()
			}
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	for _, k := range all {
		if total <= maxFolder {
			return
		}
		_ = f.root.Remove(k.name)
		total -= k.size
	}
}

// Package files reads files for sandlint: through a Tree over the disk, an overlay of open buffers, or memory. It also
// walks folders without what git ignores, recognises kinds of file by name, and caches what was made of files.
//
// Everything that sandlint reads of a workspace goes through a Tree, so it works alike with an editor's unsaved text,
// in a playground without a disk, and in a test. The model and the rules must not read in another way. Paths are
// absolute, in the spelling of the operating system, and clean.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MaxSize is the size in bytes above which a file is not read. No real file of the kinds that sandlint reads comes near
// it.
const MaxSize = 16 << 20

// Tree is a tree of files. A root, where it is not "", confines a call: the name must lie below it, and no symbolic
// link leads out of it, else the error is fs.ErrNotExist. Errors are those of package os without the path (see Cause),
// so callers show the path as the user spells it. A Tree is safe for concurrent use.
type Tree interface {
	// Open opens a regular file for reading; the error for anything else is ErrNotRegular.
	Open(root, name string) (fs.File, error)
	// Stat describes what a path leads to, symbolic links followed.
	Stat(root, name string) (fs.FileInfo, error)
	// Lstat describes the path itself, which may be a symbolic link.
	Lstat(root, name string) (fs.FileInfo, error)
	// List returns what a folder holds, sorted by name.
	List(root, name string) ([]fs.DirEntry, error)
	// Real returns the path with all symbolic links followed.
	Real(name string) (string, error)
}

// ErrNotRegular says that a path is a folder, a device, a pipe or the like.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge is matched by the error for a file above MaxSize.
var ErrTooLarge = errors.New("sandlint reads no file above 16 MiB")

// Read returns the bytes of a regular file of at most MaxSize bytes, which must not be changed: they may be those of a
// tree in memory. The error matches ErrNotRegular, ErrTooLarge or one of package fs.
func Read(t Tree, root, name string) ([]byte, error) {
	return read(t, root, name, nil)
}

// ReadInto is like Read, but reuses a buffer where it is large enough; the result is valid until the buffer is used
// again.
func ReadInto(t Tree, root, name string, buffer []byte) ([]byte, error) {
	if buffer == nil {
		buffer = []byte{} // Read's may be the memory of a tree
	}
	return read(t, root, name, buffer[:0])
}

// ReadDescribed is like Read, for a path that the tree has just described so.
func ReadDescribed(t Tree, root, name string, info fs.FileInfo) ([]byte, error) {
	f, err := openDescribed(t, root, name, info)
	if err != nil {
		return nil, err
	}
	return readOpen(f, info, nil)
}

func read(t Tree, root, name string, buffer []byte) ([]byte, error) {
	f, info, err := open(t, root, name)
	if err != nil {
		return nil, err
	}
	return readOpen(f, info, buffer)
}

func readOpen(f fs.File, info fs.FileInfo, buffer []byte) ([]byte, error) {
	defer f.Close()
	if info.Size() > MaxSize {
		return nil, fmt.Errorf("the file has %d MiB; %w", info.Size()>>20, ErrTooLarge)
	}
	if m, ok := f.(*opened); ok && buffer == nil {
		return slices.Clip(m.text), nil
	}
	b, err := readAll(f, int(info.Size()), buffer)
	if info.Size() == 0 && len(b) > 0 {
		return nil, ErrNotRegular // the system makes up the text when it is read, as in /proc
	}
	return b, err
}

// readAll reads a file of the given size; it may have grown since the size was read.
func readAll(f io.Reader, size int, buffer []byte) ([]byte, error) {
	if cap(buffer) <= size {
		buffer = make([]byte, 0, size+1) // one more, to see the end
	}
	for {
		n, err := f.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > MaxSize:
			return nil, ErrTooLarge
		case errors.Is(err, io.EOF):
			return buffer, nil
		case err != nil:
			return nil, Cause(err)
		}
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
	}
}

// BeginsWith reports whether a file begins with some bytes. It does not read the rest of it, which may be large.
func BeginsWith(t Tree, name, prefix string) bool {
	f, _, err := open(t, "", name)
	if err != nil {
		return false
	}
	defer f.Close()
	start := make([]byte, len(prefix))
	_, err = io.ReadFull(f, start)
	return err == nil && string(start) == prefix
}

// IsDir reports whether a path leads to a folder.
func IsDir(t Tree, root, name string) bool {
	info, err := t.Stat(root, name)
	return err == nil && info.IsDir()
}

// Names returns the names in a folder, sorted; none where it cannot be read.
func Names(t Tree, root, name string) []string {
	entries, err := t.List(root, name)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for n, e := range entries {
		names[n] = e.Name()
	}
	return names
}

// Cause returns an error of package os without the path and the operation.
func Cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// Inside reports whether a path is root or lies below it. It looks at the path alone, not at symbolic links.
func Inside(root, name string) bool {
	rel, err := filepath.Rel(root, name)
	return err == nil && filepath.IsLocal(rel)
}

// Portable returns an absolute path in a form that is the same wherever a root lies: relative to it, with slashes,
// after ":". A path outside of the root stays as it is, as do one that is not clean, and all where the root is "".
func Portable(root, name string) string {
	rest, ok := strings.CutPrefix(name, root)
	if root == "" || !ok || filepath.Clean(name) != name {
		return name
	}
	switch {
	case rest == "":
		return ":"
	case os.IsPathSeparator(root[len(root)-1]): // the root of a file system
	case os.IsPathSeparator(rest[0]):
		rest = rest[1:]
	default:
		return name // of a folder with a longer name
	}
	return ":" + filepath.ToSlash(rest)
}

// FromPortable returns the absolute path of a path below a root that Portable has made relative.
func FromPortable(root, name string) string {
	return filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(name, ":")))
}

// below returns a name relative to root, with slashes; fs.ErrNotExist where it does not lie there.
func below(root, name string) (string, error) {
	rel, err := filepath.Rel(root, name)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fs.ErrNotExist
	}
	return rel, nil
}

package files

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Blob is a file or symbolic link in a Listed tree.
type Blob struct {
	// ID is what its content is read by.
	ID string
	// Link says that the content is what a symbolic link leads to, and Executable that the file can be run.
	Link, Executable bool
}

const (
	// maxLinks is how many symbolic links one path may lead through.
	maxLinks = 40
	// maxKept bounds the bytes that a Listed tree remembers.
	maxKept = 32 << 20
)

// Listed returns a tree that holds a repository at a folder and has nothing else, such as what git's index or a commit
// has: blobs are its files by their paths, relative to the folder and with slashes, and read returns the content of
// one, or an error that matches ErrTooLarge for one above MaxSize. The folder holds an empty .git, so it is the Root of
// its files. Symbolic links are followed inside of the folder alone. The map must not change afterwards.
func Listed(dir string, blobs map[string]Blob, read func(id string) ([]byte, error)) Tree {
	l := &listed{dir: dir, blobs: blobs, read: read, folders: map[string][]string{"": {".git"}, ".git": nil}}
	for name := range blobs {
		l.add(name)
	}
	for _, names := range l.folders {
		slices.Sort(names)
	}
	return l
}

type listed struct {
	dir     string
	blobs   map[string]Blob     // by path below dir
	folders map[string][]string // the names in each folder, "" for dir itself
	read    func(id string) ([]byte, error)

	mu   sync.Mutex
	kept map[string][]byte // contents, by id
	size int               // of these
}

// add enters a path into its folder, and that into its own.
func (l *listed) add(name string) {
	for {
		folder, base := path.Split(name)
		folder = strings.TrimSuffix(folder, "/")
		_, known := l.folders[folder]
		l.folders[folder] = append(l.folders[folder], base)
		if known {
			return
		}
		name = folder
	}
}

// content returns the bytes of a blob.
func (l *listed) content(b Blob) ([]byte, error) {
	l.mu.Lock()
	text, ok := l.kept[b.ID]
	l.mu.Unlock()
	if ok {
		return text, nil
	}
	text, err := l.read(b.ID)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+len(text) > maxKept || l.kept == nil {
		l.kept, l.size = map[string][]byte{}, 0
	}
	l.kept[b.ID] = text
	l.size += len(text)
	return text, nil
}

// find returns the path below dir that a name leads to: with all symbolic links followed or, where last is false, all
// but the last name.
func (l *listed) find(root, name string, last bool) (string, error) {
	if root != "" && !Inside(root, name) {
		return "", fs.ErrNotExist
	}
	rel, err := below(l.dir, name)
	if err != nil {
		return "", err
	}
	at, rest := "", filepath.ToSlash(rel)
	if rest == "." {
		return "", nil
	}
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		next := path.Join(at, part)
		b, isBlob := l.blobs[next]
		_, isFolder := l.folders[next]
		switch {
		case isBlob && b.Link && (rest != "" || last):
			if links++; links > maxLinks {
				return "", fmt.Errorf("more than %d symbolic links", maxLinks)
			}
			target, err := l.target(at, b)
			if err != nil {
				return "", err
			}
			if at, rest = "", path.Join(target, rest); rest == "." {
				rest = ""
			}
		case isFolder, isBlob && rest == "":
			at = next
		default:
			return "", fs.ErrNotExist
		}
	}
	if root != "" && !Inside(root, filepath.Join(l.dir, filepath.FromSlash(at))) {
		return "", fs.ErrNotExist
	}
	return at, nil
}

// target returns where a link in a folder leads, as a path below dir.
func (l *listed) target(folder string, b Blob) (string, error) {
	text, err := l.content(b)
	if err != nil {
		return "", err
	}
	target := string(text)
	if path.IsAbs(target) {
		rel, err := below(l.dir, filepath.FromSlash(target))
		return filepath.ToSlash(rel), err
	}
	if target = path.Join(folder, target); target == ".." || strings.HasPrefix(target, "../") {
		return "", fs.ErrNotExist
	}
	return target, nil
}

func (l *listed) Open(root, name string) (fs.File, error) {
	at, err := l.find(root, name, true)
	if err != nil {
		return nil, err
	}
	b, ok := l.blobs[at]
	if !ok {
		return nil, ErrNotRegular
	}
	text, err := l.content(b)
	if err != nil {
		return nil, err
	}
	return &opened{node: node{name: filepath.Base(name), text: text}, Reader: bytes.NewReader(text)}, nil
}

func (l *listed) Stat(root, name string) (fs.FileInfo, error)  { return l.describe(root, name, true) }
func (l *listed) Lstat(root, name string) (fs.FileInfo, error) { return l.describe(root, name, false) }

func (l *listed) describe(root, name string, last bool) (fs.FileInfo, error) {
	at, err := l.find(root, name, last)
	if err != nil {
		return nil, err
	}
	return l.info(filepath.Base(name), at), nil
}

func (l *listed) info(base, at string) fs.FileInfo {
	if b, ok := l.blobs[at]; ok {
		return listedFile{base, b, l}
	}
	return node{name: base, folder: true}
}

func (l *listed) List(root, name string) ([]fs.DirEntry, error) {
	at, err := l.find(root, name, true)
	if err != nil {
		return nil, err
	}
	names, ok := l.folders[at]
	if !ok {
		return nil, ErrNotRegular
	}
	entries := make([]fs.DirEntry, len(names))
	for n, base := range names {
		entries[n] = fs.FileInfoToDirEntry(l.info(base, path.Join(at, base)))
	}
	return entries, nil
}

func (l *listed) Real(name string) (string, error) {
	at, err := l.find("", name, true)
	return filepath.Join(l.dir, filepath.FromSlash(at)), err
}

// listedFile describes a file or link of a Listed tree. It implements fs.FileInfo.
type listedFile struct {
	name string
	blob Blob
	tree *listed
}

func (f listedFile) Name() string       { return f.name }
func (f listedFile) ModTime() time.Time { return time.Time{} }
func (f listedFile) IsDir() bool        { return false }
func (f listedFile) Sys() any           { return nil }

// Size reads the content; a file whose content cannot be read counts as one that is too large, so reading it fails.
func (f listedFile) Size() int64 {
	text, err := f.tree.content(f.blob)
	if err != nil {
		return MaxSize + 1
	}
	return int64(len(text))
}

func (f listedFile) Mode() fs.FileMode {
	switch {
	case f.blob.Link:
		return fs.ModeSymlink | 0o777
	case f.blob.Executable:
		return 0o755
	}
	return 0o644
}

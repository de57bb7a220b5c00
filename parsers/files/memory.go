package files

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Memory returns a tree of the given files, by path. It has no symbolic links, and its folders are those that the paths
// name. The map and the texts must not change afterwards.
func Memory(texts map[string][]byte) Tree {
	m := &memory{texts: texts, folders: map[string][]string{}}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		m.add(name)
	}
	for _, names := range m.folders {
		slices.Sort(names)
	}
	return m
}

type memory struct {
	texts   map[string][]byte
	folders map[string][]string // the names in each folder, sorted
}

// add enters a path into its folder, and that into its own, up to the root.
func (m *memory) add(name string) {
	for {
		dir, base := filepath.Dir(name), filepath.Base(name)
		if dir == name {
			if _, ok := m.folders[name]; !ok {
				m.folders[name] = nil
			}
			return
		}
		_, known := m.folders[dir]
		m.folders[dir] = append(m.folders[dir], base)
		if known {
			return
		}
		name = dir
	}
}

// find returns what lies at a path.
func (m *memory) find(root, name string) (node, error) {
	if root != "" && !Inside(root, name) {
		return node{}, fs.ErrNotExist
	}
	if text, ok := m.texts[name]; ok {
		return node{name: filepath.Base(name), text: text}, nil
	}
	if _, ok := m.folders[name]; ok {
		return node{name: filepath.Base(name), folder: true}, nil
	}
	return node{}, fs.ErrNotExist
}

func (m *memory) Open(root, name string) (fs.File, error) {
	n, err := m.find(root, name)
	if err != nil {
		return nil, err
	}
	return &opened{node: n, Reader: bytes.NewReader(n.text)}, nil
}

func (m *memory) Stat(root, name string) (fs.FileInfo, error) {
	n, err := m.find(root, name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (m *memory) Lstat(root, name string) (fs.FileInfo, error) { return m.Stat(root, name) }

func (m *memory) List(root, name string) ([]fs.DirEntry, error) {
	n, err := m.find(root, name)
	if err != nil {
		return nil, err
	}
	if !n.folder {
		return nil, ErrNotRegular
	}
	entries := make([]fs.DirEntry, 0, len(m.folders[name]))
	for _, base := range m.folders[name] {
		if child, err := m.find("", join(name, base)); err == nil {
			entries = append(entries, fs.FileInfoToDirEntry(child))
		}
	}
	return entries, nil
}

func (m *memory) Real(name string) (string, error) {
	_, err := m.find("", name)
	return name, err
}

// node describes a file or folder in memory. It implements fs.FileInfo.
type node struct {
	name   string
	text   []byte
	folder bool
}

func (n node) Name() string       { return n.name }
func (n node) Size() int64        { return int64(len(n.text)) }
func (n node) ModTime() time.Time { return time.Time{} }
func (n node) IsDir() bool        { return n.folder }
func (n node) Sys() any           { return nil }
func (n node) Mode() fs.FileMode {
	if n.folder {
		return fs.ModeDir | 0o755
	}
	return 0o755 // executable, since a file may be a script
}

// opened is an open file in memory. It implements fs.File.
type opened struct {
	node
	*bytes.Reader
}

func (o *opened) Stat() (fs.FileInfo, error)         { return o.node, nil }
func (o *opened) Size() int64                        { return o.node.Size() }
func (o *opened) Read(b []byte) (int, error)         { return o.Reader.Read(b) }
func (o *opened) WriteTo(w io.Writer) (int64, error) { return o.Reader.WriteTo(w) }
func (o *opened) Close() error                       { return nil }

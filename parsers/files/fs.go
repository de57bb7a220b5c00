package files

import (
	"io/fs"
	"path/filepath"
)

// FS returns a tree that holds a file system of package fs, such as an embedded one or an archive, at a folder and has
// nothing else.
func FS(dir string, fsys fs.FS) Tree { return mounted{dir, fsys} }

type mounted struct {
	dir  string
	fsys fs.FS
}

// rel returns the name that a path has in the file system.
func (m mounted) rel(root, name string) (string, error) {
	if root != "" && !Inside(root, name) {
		return "", fs.ErrNotExist
	}
	rel, err := below(m.dir, name)
	return filepath.ToSlash(rel), err
}

func (m mounted) Open(root, name string) (fs.File, error) {
	rel, err := m.rel(root, name)
	if err != nil {
		return nil, err
	}
	f, err := m.fsys.Open(rel)
	return f, Cause(err)
}

func (m mounted) Stat(root, name string) (fs.FileInfo, error) {
	rel, err := m.rel(root, name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Stat(m.fsys, rel)
	return info, Cause(err)
}

func (m mounted) Lstat(root, name string) (fs.FileInfo, error) { return m.Stat(root, name) }

func (m mounted) List(root, name string) ([]fs.DirEntry, error) {
	rel, err := m.rel(root, name)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(m.fsys, rel)
	return entries, Cause(err)
}

func (m mounted) Real(name string) (string, error) {
	_, err := m.Stat("", name)
	return name, err
}

package files

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// This file bounds what is read. A repository that is checked may be hostile: instead of a file it may have a pipe that
// never ends, a device, or a symbolic link to a file that the user can read and its author cannot. So sandlint reads
// regular files only, which no link outside of the folder that bounds them leads to.

// ErrOutside says that a symbolic link leads out of the folder that bounds what is read.
var ErrOutside = errors.New("a symbolic link leads out of the workspace, and is not followed")

// Root returns the folder that bounds what is read for the files of a folder: the nearest one upwards that holds .git;
// without one, the working directory dir where the folder is or lies below it; else "", where nothing bounds.
func Root(t Tree, dir, folder string) string {
	for at := filepath.Clean(folder); ; at = filepath.Dir(at) {
		if _, err := t.Lstat("", filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if Inside(dir, folder) {
		return dir
	}
	return ""
}

// Follow returns what a path that the user named leads to, where the file may be read: symbolic links do not lead out
// of the Root of its folder. The error is ErrOutside or one of package fs.
func Follow(t Tree, dir, name string) (string, error) {
	real, err := t.Real(name)
	if err != nil {
		return "", err
	}
	root := Root(t, dir, filepath.Dir(name))
	if root == "" {
		return real, nil
	}
	if root, err = t.Real(root); err != nil {
		return "", err
	}
	if !Inside(root, real) {
		return "", ErrOutside
	}
	return real, nil
}

// ReadNamed is like Read, for a path that the user named and that Follow lets be read; dir is the working directory.
func ReadNamed(t Tree, dir, name string) ([]byte, error) {
	if _, err := Follow(t, dir, name); err != nil {
		return nil, err
	}
	return Read(t, "", name)
}

// OpenNamed opens a regular file that the user named and that Follow lets be read, for text that is read in pieces and
// may be larger than MaxSize; dir is the working directory. The caller closes it.
func OpenNamed(t Tree, dir, name string) (fs.File, error) {
	if _, err := Follow(t, dir, name); err != nil {
		return nil, err
	}
	f, _, err := open(t, "", name)
	return f, err
}

// open opens a regular file. Its kind is asked before it is opened, which could block or have an effect, and by the
// tree afterwards, since another file may have taken its place.
func open(t Tree, root, name string) (fs.File, fs.FileInfo, error) {
	info, err := t.Stat(root, name)
	if err != nil {
		return nil, nil, err
	}
	f, err := openDescribed(t, root, name, info)
	return f, info, err
}

func openDescribed(t Tree, root, name string, info fs.FileInfo) (fs.File, error) {
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	return t.Open(root, name)
}

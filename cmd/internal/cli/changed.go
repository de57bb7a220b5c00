package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// change are the files that --changed is about.
type change struct {
	files   []string // absolute; nil without the flag
	is      map[string]bool
	missing []workspace.FileError
}

// changedFiles returns the files that --changed is about, and the folders to search: the repositories that hold them.
// Of a file outside of any repository, the working directory is searched, or its own folder.
func changedFiles(dir string, paths []string) (c change, roots []string, err error) {
	if len(paths) == 0 {
		return c, nil, errors.New("--changed needs the paths of the changed files")
	}
	tree := files.Disk{}
	for _, path := range paths {
		switch {
		case path == "-":
			return c, nil, errors.New("--changed and standard input cannot be used together")
		case path == "":
			return c, nil, errors.New("a path is empty")
		}
		abs := absolute(dir, path)
		if files.IsDir(tree, "", abs) {
			return c, nil, fmt.Errorf("--changed takes files, and %s is a folder", path)
		}
		c.files = append(c.files, abs)
		if real, err := tree.Real(abs); err != nil {
			c.missing = append(c.missing, workspace.FileError{Path: shown(dir, abs), Err: files.Cause(err)})
			continue
		} else if real != abs {
			c.files = append(c.files, real)
		}
		root := files.Root(tree, dir, filepath.Dir(abs))
		if root == "" {
			root = filepath.Dir(abs)
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	c.is = map[string]bool{}
	for _, abs := range c.files {
		c.is[abs] = true
	}
	return c, roots, nil
}

// checks reports whether a file is checked as a whole: it changed, or --changed is not given.
func (c change) checks(e *workspace.Entry) bool {
	return c.files == nil || c.is[e.Abs] || slices.ContainsFunc(e.Links, func(abs string) bool { return c.is[abs] })
}

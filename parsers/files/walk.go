package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Visit is a file or folder on a Walk.
type Visit struct {
	// Name is its path.
	Name string
	// Entry describes it; a symbolic link itself, not what it leads to. It is nil where Err is about the top, or about
	// a file of ignore patterns.
	Entry fs.DirEntry
	// Err says that it could not be read or, for a folder that was visited before without an error, listed.
	Err error

	ignores *ignores
}

// Ignored reports whether git ignores the file, by the patterns of .gitignore files from the root of the repository
// down and of its .git/info/exclude. Folders that git ignores are not visited.
func (v *Visit) Ignored() bool { return v.ignores.match(v.Name, v.Entry.IsDir()) }

// Walk visits a folder and what lies below it in lexical order, as filepath.WalkDir does, without folders that git
// ignores and without .git; root is the repository's folder. visit may return fs.SkipDir for a folder. Any other error
// ends the walk, and is that of Walk.
func Walk(t Tree, root, top string, visit func(*Visit) error) error {
	info, err := t.Lstat("", top)
	if err != nil {
		return skipDir(visit(&Visit{Name: top, Err: err}))
	}
	ignores, problems := newIgnores(t, root, top)
	for n := range problems {
		if err := visit(&problems[n]); err != nil {
			return skipDir(err)
		}
	}
	w := walker{tree: t, visit: visit, ignores: ignores}
	return w.walk(top, fs.FileInfoToDirEntry(info), true)
}

type walker struct {
	tree    Tree
	visit   func(*Visit) error
	ignores *ignores
}

func (w *walker) walk(name string, d fs.DirEntry, top bool) error {
	v := &Visit{Name: name, Entry: d, ignores: w.ignores}
	if !d.IsDir() {
		return w.visit(v)
	}
	if !top && (d.Name() == ".git" || v.Ignored()) {
		return nil
	}
	if err := w.visit(v); err != nil {
		return skipDir(err)
	}
	entries, err := w.tree.List("", name)
	if err != nil {
		v.Err = err
		if err := w.visit(v); err != nil {
			return skipDir(err)
		}
	}
	leave, err := w.ignores.enter(name, entries)
	defer leave()
	if err != nil {
		if err := w.visit(&Visit{Name: join(name, ".gitignore"), Err: err}); err != nil {
			return skipDir(err)
		}
	}
	for _, e := range entries {
		if err := w.walk(join(name, e.Name()), e, false); err != nil {
			return err
		}
	}
	return nil
}

// join is filepath.Join for a clean folder and the name of what is in it.
func join(dir, name string) string {
	if os.IsPathSeparator(dir[len(dir)-1]) {
		return dir + name
	}
	return dir + string(filepath.Separator) + name
}

// skipDir ends the visit of one folder.
func skipDir(err error) error {
	if errors.Is(err, fs.SkipDir) {
		return nil
	}
	return err
}

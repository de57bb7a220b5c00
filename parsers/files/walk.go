package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	// Pruned says that git ignores the folder and tracks nothing in it, so what is in it is not visited.
	Pruned bool

	walker *walker
}

// Ignored reports whether git ignores the file: the patterns of the .gitignore files from the root of the repository
// down, or of .git/info/exclude, match it, and git's index does not have it. It holds during the visit.
func (v *Visit) Ignored() bool { return v.walker.ignored(v.Name, v.Entry.IsDir()) }

// WalkOptions say what a Walk leaves out.
type WalkOptions struct {
	// Root is the repository's folder.
	Root string
	// NoGitignore makes it visit what git ignores.
	NoGitignore bool
}

// Walk visits a folder and what lies below it in lexical order, as filepath.WalkDir does, without what is in folders
// that git ignores and without .git. The top may be a symbolic link to a folder. A repository in a folder below has
// patterns and an index of its own. visit may return fs.SkipDir for a folder. Any other error ends the walk, and is
// that of Walk.
func Walk(t Tree, opts WalkOptions, top string, visit func(*Visit) error) error {
	info, err := t.Lstat("", top)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		info, err = t.Stat("", top)
	}
	if err != nil {
		return skipDir(visit(&Visit{Name: top, Err: err}))
	}
	w := walker{tree: t, visit: visit, all: opts.NoGitignore}
	if !w.all {
		if err := w.enter(opts.Root, top); err != nil {
			return skipDir(err)
		}
	}
	return w.walk(top, fs.FileInfoToDirEntry(info), true)
}

type walker struct {
	tree    Tree
	visit   func(*Visit) error
	all     bool     // whatever git ignores
	ignores *ignores // nil with all
	inside  bool     // of a folder that git ignores, of which it tracks something
}

// enter turns to the patterns and the index of a repository, as they apply in a folder of it.
func (w *walker) enter(root, dir string) error {
	var problems []Visit
	w.ignores, problems = newIgnores(w.tree, root, dir)
	for n := range problems {
		if err := w.visit(&problems[n]); err != nil {
			return err
		}
	}
	return nil
}

// ignored reports whether git ignores a file or, with all that it holds, a folder.
func (w *walker) ignored(name string, isDir bool) bool {
	if w.all || !w.inside && !w.ignores.match(name, isDir) {
		return false
	}
	return !w.ignores.tracked(name, isDir)
}

func (w *walker) walk(name string, d fs.DirEntry, top bool) error {
	v := &Visit{Name: name, Entry: d, walker: w}
	switch {
	case !top && d.Name() == ".git":
		return nil
	case !d.IsDir():
		return w.visit(v)
	}
	inside := w.inside
	if !top && !w.all && (w.inside || w.ignores.match(name, true)) {
		if v.Pruned = !w.ignores.tracked(name, true); v.Pruned {
			return skipDir(w.visit(v))
		}
		w.inside = true
	}
	defer func() { w.inside = inside }()
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
	if !w.all {
		if name != w.ignores.root && slices.ContainsFunc(entries, isGit) {
			outer := w.ignores
			defer func() { w.ignores = outer }()
			if w.inside = false; w.enter(name, name) != nil {
				return nil
			}
		}
		leave, err := w.ignores.enter(name, entries)
		defer leave()
		if err != nil {
			if err := w.visit(&Visit{Name: join(name, ".gitignore"), Err: err}); err != nil {
				return skipDir(err)
			}
		}
	}
	for _, e := range entries {
		if err := w.walk(join(name, e.Name()), e, false); err != nil {
			return err
		}
	}
	return nil
}

func isGit(e fs.DirEntry) bool { return e.Name() == ".git" }

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

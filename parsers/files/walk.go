package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// Visit is a file or folder on a Walk.
type Visit struct {
	// Name is its path.
	Name string
	// Entry describes it; a symbolic link itself, not what it leads to. It is nil where Err is about the top.
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
	w := walker{tree: t, visit: visit, ignores: newIgnores(t, root, top)}
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
	w.ignores.enter(name)
	entries, err := w.tree.List("", name)
	if err != nil {
		v.Err = err
		if err := w.visit(v); err != nil {
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

// ignores matches paths against the .gitignore files from a repository's root down.
type ignores struct {
	tree     Tree
	root     string
	patterns []gitignore.Pattern
	matcher  gitignore.Matcher
}

func newIgnores(t Tree, root, top string) *ignores {
	ig := &ignores{tree: t, root: root}
	ig.load(filepath.Join(root, ".git", "info", "exclude"), nil)
	if rel, err := filepath.Rel(root, top); err == nil && rel != "." {
		dir := root
		for _, part := range strings.Split(rel, string(filepath.Separator)) {
			ig.enter(dir)
			dir = filepath.Join(dir, part)
			if ig.match(dir, true) {
				ig.patterns, ig.matcher = nil, nil // a user who names an ignored folder wants what is in it
			}
		}
	}
	return ig
}

// enter adds the patterns of a folder's .gitignore. Like git, it does not follow a symbolic link there.
func (ig *ignores) enter(dir string) {
	name := filepath.Join(dir, ".gitignore")
	if info, err := ig.tree.Lstat("", name); err == nil && info.Mode().IsRegular() {
		ig.load(name, ig.parts(dir))
	}
}

func (ig *ignores) load(file string, domain []string) {
	b, err := Read(ig.tree, "", file)
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		ig.patterns = append(ig.patterns, gitignore.ParsePattern(line, domain))
		ig.matcher = nil
	}
}

func (ig *ignores) match(name string, isDir bool) bool {
	if len(ig.patterns) == 0 {
		return false
	}
	if ig.matcher == nil {
		ig.matcher = gitignore.NewMatcher(ig.patterns)
	}
	return ig.matcher.Match(ig.parts(name), isDir)
}

func (ig *ignores) parts(name string) []string {
	rel, err := filepath.Rel(ig.root, name)
	if err != nil || rel == "." {
		return nil
	}
	return strings.Split(rel, string(filepath.Separator))
}

package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

const (
	// maxIgnoreFile is the size in bytes of a file of ignore patterns that is read.
	maxIgnoreFile = 1 << 20
	// maxWildcards is how many patterns with wildcards or slashes such a file may have. Each is compared with each
	// name; the others are looked up.
	maxWildcards = 4000
)

// ErrTooManyPatterns is matched by the error for a file with too many ignore patterns, which is not read.
var ErrTooManyPatterns = errors.New("git's patterns in it are not used")

// ignores matches the names of a walk against the .gitignore files from a repository's root down. The folders above a
// name are known not to be ignored, since the walk does not enter ignored ones. A pattern of a name, or of what names
// end in, is looked up, so that many files of patterns above each other cost no more than one.
type ignores struct {
	tree Tree
	root string
	// names and endings are the patterns without wildcards, and those like "*.o", by the text after the star; wild are
	// all others. Each list is in order: the last pattern that matches wins.
	names, endings map[string][]pattern
	wild           []pattern
	count          int // of patterns so far, which orders them

	index  []string // the paths that git tracks, sorted, once loaded
	loaded bool
}

// pattern is one pattern of a file.
type pattern struct {
	order     int
	depth     int // of the file's folder below the root, in names
	inclusion bool
	dirOnly   bool
	anchored  bool              // it is about a name in the file's folder itself
	path      bool              // whole is about a path, else about a name
	below     bool              // it ends in "/**"
	whole     gitignore.Pattern // nil for what is looked up
}

// newIgnores returns what applies in the folder top, and the files that could not be used.
func newIgnores(t Tree, root, top string) (ig *ignores, problems []Visit) {
	ig = &ignores{tree: t, root: root, names: map[string][]pattern{}, endings: map[string][]pattern{}}
	load := func(file string, depth int) {
		if _, err := ig.load(file, depth); err != nil {
			problems = append(problems, Visit{Name: file, Err: err})
		}
	}
	if _, common := gitDirs(t, root); common != "" {
		load(filepath.Join(common, "info", "exclude"), 0)
	}
	if rel, err := filepath.Rel(root, top); err == nil && rel != "." {
		dir := root
		for depth, part := range strings.Split(rel, string(filepath.Separator)) {
			// Like git, it does not follow a symbolic link there.
			name := filepath.Join(dir, ".gitignore")
			if info, err := t.Lstat("", name); err == nil && info.Mode()&fs.ModeSymlink == 0 {
				load(name, depth)
			}
			dir = filepath.Join(dir, part)
			if ig.match(dir, true) {
				clear(ig.names) // a user who names an ignored folder wants what is in it
				clear(ig.endings)
				ig.wild = nil
			}
		}
	}
	return ig, problems
}

// enter adds the patterns of a folder, given what it holds, and returns how to leave it.
func (ig *ignores) enter(dir string, entries []fs.DirEntry) (leave func(), err error) {
	wild := len(ig.wild)
	var added []func()
	for _, e := range entries {
		if e.Name() == ".gitignore" && e.Type()&fs.ModeSymlink == 0 && !e.IsDir() {
			added, err = ig.load(join(dir, ".gitignore"), len(ig.parts(dir)))
		}
	}
	return func() {
		for n := len(added) - 1; n >= 0; n-- {
			added[n]()
		}
		ig.wild = ig.wild[:wild]
	}, err
}

// load adds the patterns of a file, and returns how to remove each that is looked up.
func (ig *ignores) load(file string, depth int) (undo []func(), err error) {
	info, err := ig.tree.Stat("", file)
	if err != nil {
		return nil, nil
	}
	if info.Mode().IsRegular() && info.Size() > maxIgnoreFile {
		return nil, fmt.Errorf("the file is larger than %d MiB, so %w", maxIgnoreFile>>20, ErrTooManyPatterns)
	}
	b, err := Read(ig.tree, "", file)
	if err != nil {
		return nil, err
	}
	wild := len(ig.wild)
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if u := ig.add(line, depth); u != nil {
			undo = append(undo, u)
		}
		if len(ig.wild)-wild > maxWildcards {
			for n := len(undo) - 1; n >= 0; n-- {
				undo[n]()
			}
			ig.wild = ig.wild[:wild]
			return nil, fmt.Errorf("the file has more than %d patterns with wildcards or paths, so %w", maxWildcards,
				ErrTooManyPatterns)
		}
	}
	return undo, nil
}

// add adds a pattern, and returns how to remove it where it is one that is looked up.
func (ig *ignores) add(line string, depth int) (undo func()) {
	ig.count++
	p := pattern{order: ig.count, depth: depth}
	name, inclusion := strings.CutPrefix(line, "!")
	name = strings.TrimRight(name, " ")
	name, p.dirOnly = strings.CutSuffix(name, "/")
	p.inclusion = inclusion
	name, p.anchored = strings.CutPrefix(name, "/")
	list, key := ig.names, name
	if ending, ok := strings.CutPrefix(name, "*"); ok && !p.anchored && strings.HasPrefix(ending, ".") {
		list, key = ig.endings, ending
	}
	if key == "" || strings.ContainsAny(key, `*?[\/`) {
		p.path = strings.Contains(strings.TrimSuffix(strings.TrimRight(line, " "), "/"), "/")
		p.below = strings.HasSuffix(name, "/**")
		p.whole = gitignore.ParsePattern(line, nil)
		ig.wild = append(ig.wild, p)
		return nil
	}
	before := list[key]
	after := before
	if n := len(after); n > 0 && after[n-1].same(p) {
		after = after[: n-1 : n-1]
	}
	list[key] = append(after, p)
	return func() { list[key] = before }
}

// same reports whether two patterns of one name differ in their order alone.
func (p pattern) same(q pattern) bool {
	p.order = q.order
	return p == q
}

// match reports whether the patterns ignore a path.
func (ig *ignores) match(name string, isDir bool) bool {
	var parts []string // made when it is needed
	base, depth := filepath.Base(name), -1
	below := func() int {
		if depth < 0 {
			parts = ig.parts(name)
			depth = len(parts)
		}
		return depth
	}
	last := pattern{order: -1}
	look := func(list []pattern) {
		for n := len(list) - 1; n >= 0 && list[n].order > last.order; n-- {
			if p := list[n]; (!p.dirOnly || isDir) && (!p.anchored || below() == p.depth+1) {
				last = p
			}
		}
	}
	look(ig.names[base])
	if len(ig.endings) > 0 {
		for n := range len(base) {
			if base[n] == '.' {
				look(ig.endings[base[n:]])
			}
		}
	}
	for n := len(ig.wild) - 1; n >= 0 && ig.wild[n].order > last.order; n-- {
		p := ig.wild[n]
		if below() <= p.depth {
			continue
		}
		against := parts[p.depth:]
		if !p.path {
			against = parts[len(parts)-1:]
		}
		result := p.whole.Match(against, isDir)
		// go-git also matches what lies below a path that matches, which is decided when the walk comes to that path.
		if result == gitignore.NoMatch || p.path && !p.below && len(against) > 1 &&
			p.whole.Match(against[:len(against)-1], true) != gitignore.NoMatch {
			continue
		}
		return result == gitignore.Exclude
	}
	return last.order >= 0 && !last.inclusion
}

// parts returns the names of a path below the root.
func (ig *ignores) parts(name string) []string {
	rel, err := filepath.Rel(ig.root, name)
	if err != nil || rel == "." {
		return nil
	}
	return strings.Split(rel, string(filepath.Separator))
}

// tracked reports whether git's index has a file, or one in a folder.
func (ig *ignores) tracked(name string, isDir bool) bool {
	if !ig.loaded {
		ig.index, ig.loaded = readIndex(ig.tree, ig.root), true
	}
	rel, err := filepath.Rel(ig.root, name)
	if err != nil || len(ig.index) == 0 {
		return false
	}
	rel = filepath.ToSlash(rel)
	if _, ok := slices.BinarySearch(ig.index, rel); ok || !isDir {
		return ok
	}
	n, _ := slices.BinarySearch(ig.index, rel+"/")
	return n < len(ig.index) && strings.HasPrefix(ig.index[n], rel+"/")
}

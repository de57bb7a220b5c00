package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
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
// name are known not to be ignored, since the walk does not enter ignored ones. Patterns are looked up by what is
// literal in the last name that they match and by the depth at which they can match, and a later pattern replaces an
// earlier one of the same names, so many files of patterns above each other cost no more than one.
type ignores struct {
	tree Tree
	root string
	// names, starts and ends are the patterns whose last name is without wildcards, begins or ends so.
	names, starts, ends map[place]group
	wild                map[place]group   // all others; the text of their place is ""
	globs               map[glob]*pattern // the last of those that are compared with names
	// longestStart and longestEnd are the lengths of the longest texts in starts and ends, so far.
	longestStart, longestEnd int
	count                    int // of patterns so far, which orders them

	index  []string // the paths that git tracks, sorted, once loaded
	loaded bool
}

// place is where a pattern is looked up.
type place struct {
	depth int // in names below the root, at which alone it can match; 0 for each
	text  string
}

// group are the patterns of a place, in order: the last one that matches wins. Leaving a folder restores the former
// one.
type group []*pattern

// glob is what patterns of the same names have in common.
type glob struct {
	place
	text    string
	dirOnly bool
}

// pattern is one pattern of a file.
type pattern struct {
	order     int
	inclusion bool
	dirOnly   bool
	path      bool     // whole is about a path below folder, else about a name
	folder    int      // the depth of the file's folder below the root, in names
	whole     []string // a pattern for each name, or "**"; nil where the place says all
	replaced  bool     // by a later one of the same names
}

// newIgnores returns what applies in the folder top, and the files that could not be used.
func newIgnores(t Tree, root, top string) (ig *ignores, problems []Visit) {
	ig = &ignores{tree: t, root: root}
	ig.forget()
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
				ig.forget() // a user who names an ignored folder wants what is in it
			}
		}
	}
	return ig, problems
}

// forget removes all patterns.
func (ig *ignores) forget() {
	ig.names, ig.starts, ig.ends, ig.wild = map[place]group{}, map[place]group{}, map[place]group{}, map[place]group{}
	ig.globs = map[glob]*pattern{}
}

// enter adds the patterns of a folder, given what it holds, and returns how to leave it.
func (ig *ignores) enter(dir string, entries []fs.DirEntry) (leave func(), err error) {
	var added []func()
	for _, e := range entries {
		if e.Name() == ".gitignore" && e.Type()&fs.ModeSymlink == 0 && !e.IsDir() {
			added, err = ig.load(join(dir, ".gitignore"), ig.depth(dir))
		}
	}
	return func() { undo(added) }, err
}

func undo(list []func()) {
	for _, u := range slices.Backward(list) {
		u()
	}
}

// load adds the patterns of a file, and returns how to remove each.
func (ig *ignores) load(file string, depth int) (added []func(), err error) {
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
	wild := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		remove, compared := ig.add(line, depth)
		added = append(added, remove)
		if compared {
			wild++
		}
		if wild > maxWildcards {
			undo(added)
			return nil, fmt.Errorf("the file has more than %d patterns with wildcards or paths, so %w", maxWildcards,
				ErrTooManyPatterns)
		}
	}
	return added, nil
}

// add adds a pattern, and returns how to remove it, and whether it is compared with names, not looked up alone.
func (ig *ignores) add(line string, folder int) (remove func(), compared bool) {
	ig.count++
	p := pattern{order: ig.count}
	name, inclusion := strings.CutPrefix(line, "!")
	if trimmed := strings.TrimRight(name, " "); len(trimmed) < len(name) && strings.HasSuffix(trimmed, `\`) {
		name = trimmed + " " // escaped
	} else {
		name = trimmed
	}
	name, p.dirOnly = strings.CutSuffix(name, "/")
	p.inclusion = inclusion
	name, anchored := strings.CutPrefix(name, "/")
	at := place{}
	if anchored || strings.Contains(name, "/") {
		p.path, p.folder = true, folder
		if !strings.Contains(name, "**") && !strings.Contains(name, "//") {
			at.depth = folder + strings.Count(name, "/") + 1
		}
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	in := ig.wild
	const special = `*?[\`
	first, last := strings.IndexAny(base, special), strings.LastIndexAny(base, "*?]")
	only := !strings.Contains(name, "/") && (first < 0 || base[first] == '*' && first == last) // the place says all
	switch {
	case base == "" || strings.Contains(name, `\`):
		only = false
	case first < 0:
		in, at.text = ig.names, base
	case first >= len(base)-last && first > 0:
		in, at.text = ig.starts, base[:first]
		only = only && last == len(base)-1
		ig.longestStart = max(ig.longestStart, first)
	case last < len(base)-1:
		in, at.text = ig.ends, base[last+1:]
		only = only && first == 0
		ig.longestEnd = max(ig.longestEnd, len(at.text))
	default:
		only = false
	}
	if only && !p.path || only && anchored {
		p.path, p.folder = false, 0
	} else {
		only = false
		// Go's patterns know only one of git's two signs for the characters that a class does not have.
		p.whole = strings.Split(strings.ReplaceAll(name, "[!", "[^"), "/")
	}
	if only || p.path {
		before := in[at]
		in[at] = append(before, &p)
		return func() { in[at] = before }, !only
	}
	same := glob{at, base, p.dirOnly}
	before, earlier := in[at], ig.globs[same]
	in[at], ig.globs[same] = append(before, &p), &p
	if earlier != nil {
		earlier.replaced = true
	}
	return func() {
		in[at], ig.globs[same] = before, earlier
		if earlier != nil {
			earlier.replaced = false
		}
	}, true
}

// match reports whether the patterns ignore a path.
func (ig *ignores) match(name string, isDir bool) bool {
	m := matching{base: filepath.Base(name), name: name, isDir: isDir, ig: ig, last: &pattern{order: -1}}
	depths := [2]int{0, ig.depth(name)}
	for _, depth := range depths {
		m.look(ig.names[place{depth, m.base}])
		m.look(ig.wild[place{depth, ""}])
		for n := range min(len(m.base), ig.longestStart) {
			m.look(ig.starts[place{depth, m.base[:n+1]}])
		}
		for n := range min(len(m.base), ig.longestEnd) {
			m.look(ig.ends[place{depth, m.base[len(m.base)-n-1:]}])
		}
	}
	return m.last.order >= 0 && !m.last.inclusion
}

// matching is the search for the last pattern that matches a path.
type matching struct {
	ig         *ignores
	name, base string
	isDir      bool
	parts      []string // of the path, once they are needed
	last       *pattern
}

// look takes the last pattern of a group that matches, where it is later than the one before.
func (m *matching) look(g group) {
	spend(m.ig.tree, 1+len(g))
	for n := len(g) - 1; n >= 0 && g[n].order > m.last.order; n-- {
		if p := g[n]; !p.replaced && m.matches(p) {
			m.last = p
		}
	}
}

func (m *matching) matches(p *pattern) bool {
	switch {
	case p.dirOnly && !m.isDir:
		return false
	case p.whole == nil:
		return true
	case !p.path:
		return matchName(p.whole[0], m.base)
	}
	if m.parts == nil {
		m.parts = m.ig.parts(m.name)
	}
	return len(m.parts) > p.folder && matchPath(p.whole, m.parts[p.folder:])
}

// matchPath matches the names of a path. "**" stands for any number of names, at the end for one or more.
func matchPath(patterns, parts []string) bool {
	retry, from := -1, 0 // after the last "**", and what it has not taken
	at, n := 0, 0
	for n < len(parts) {
		switch {
		case at < len(patterns) && patterns[at] == "**":
			if at == len(patterns)-1 {
				return true
			}
			at++
			retry, from = at, n
		case at < len(patterns) && matchName(patterns[at], parts[n]):
			at++
			n++
		case retry >= 0:
			from++
			at, n = retry, from
		default:
			return false
		}
	}
	return at == len(patterns)
}

func matchName(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// depth returns the number of names of a path below the root.
func (ig *ignores) depth(name string) int {
	if len(name) <= len(ig.root) {
		return 0
	}
	rest := name[len(ig.root):]
	n := strings.Count(rest, string(filepath.Separator))
	if !os.IsPathSeparator(rest[0]) {
		n++ // the root is that of the file system
	}
	return n
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

package files

import (
	"maps"
	"path/filepath"
	"slices"
)

// Uses are the paths on which something that was made of files depends: see Track.
type Uses struct {
	texts []string // files and folders that were read, and paths at which nothing was; sorted
	kinds []string // paths of which only the kind was asked for, sorted
	lists []string // folders that were listed, sorted
	gone  []string // paths at which nothing was, sorted
}

// Track calls use with a tree over t, and returns the paths on which what it read there depends, with those of every
// cached value that it took with that tree.
func Track(t Tree, use func(Tree)) Uses {
	if r, ok := t.(*recorder); ok {
		t = r.Tree
	}
	seen := &uses{}
	use(newRecorder(t, seen))
	texts := slices.Collect(maps.Keys(seen.read))
	for name := range seen.missing {
		if !seen.read[name] {
			texts = append(texts, name)
		}
	}
	slices.Sort(texts)
	return Uses{texts, sorted(seen.described), sorted(seen.listed), sorted(seen.missing)}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// EditedBy reports whether it may matter that the text of the file at a path changes, which was there and still is.
func (u *Uses) EditedBy(path string) bool { return has(u.texts, path) }

// ChangedBy reports whether it may matter that the file at a path appears, disappears or changes.
func (u *Uses) ChangedBy(path string) bool {
	if has(u.texts, path) || has(u.kinds, path) || has(u.lists, path) || has(u.lists, filepath.Dir(path)) {
		return true
	}
	for dir := filepath.Dir(path); len(u.gone) > 0; dir = filepath.Dir(dir) {
		if has(u.gone, dir) {
			return true
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return false
}

func has(list []string, path string) bool {
	_, found := slices.BinarySearch(list, path)
	return found
}

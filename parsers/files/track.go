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

	larger []*Uses // those of large values, which several things were made of
}

// Track calls use with a tree over t, and returns the paths on which what it read there depends, with those of every
// cached value that it took with that tree.
func Track(t Tree, use func(Tree)) Uses {
	if r, ok := t.(*recorder); ok {
		t = r.Tree
	}
	seen := &uses{}
	use(newRecorder(t, seen))
	seen.settle()
	out := seen.list()
	for _, part := range seen.larger {
		out.larger = append(out.larger, part.shared())
	}
	return out
}

// shared returns the same list at each call.
func (u *uses) shared() *Uses {
	u.once.Do(func() {
		list := u.list() // what is larger is so for all that uses it
		u.flat = &list
	})
	return u.flat
}

// list returns the uses without the shared ones.
func (u *uses) list() Uses {
	texts := slices.Collect(maps.Keys(u.read))
	for name := range u.missing {
		if !u.read[name] {
			texts = append(texts, name)
		}
	}
	slices.Sort(texts)
	return Uses{texts: texts, kinds: sorted(u.described), lists: sorted(u.listed), gone: sorted(u.missing)}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// EditedBy reports whether it may matter that the text of the file at a path changes, which was there and still is.
func (u *Uses) EditedBy(path string) bool {
	return has(u.texts, path) || slices.ContainsFunc(u.larger, func(part *Uses) bool { return part.EditedBy(path) })
}

// ChangedBy reports whether it may matter that the file at a path appears, disappears or changes.
func (u *Uses) ChangedBy(path string) bool {
	if has(u.texts, path) || has(u.kinds, path) || has(u.lists, path) || has(u.lists, filepath.Dir(path)) ||
		slices.ContainsFunc(u.larger, func(part *Uses) bool { return part.ChangedBy(path) }) {
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

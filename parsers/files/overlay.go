package files

import (
	"io/fs"
	"slices"
	"strings"
)

// Overlay returns a tree in which the given files, by path, have another text than in the tree below or do not exist
// there: an editor's open buffers, or files as a fix would leave them. Folders list them too. The map and the texts
// must not change afterwards. The tree below may be an overlay; making one costs as much as it has texts.
func Overlay(under Tree, texts map[string][]byte) Tree {
	if len(texts) == 0 {
		return under
	}
	return &overlay{under: under, over: Memory(texts).(*memory)}
}

type overlay struct {
	under Tree
	over  *memory
}

// tree returns the tree that has a path.
func (o *overlay) tree(name string) Tree {
	if _, ok := o.over.texts[name]; ok {
		return o.over
	}
	return o.under
}

// has reports whether the overlay, or one below it, has a file at a path.
func (o *overlay) has(name string) bool {
	if _, ok := o.over.texts[name]; ok {
		return true
	}
	below, ok := o.under.(*overlay)
	return ok && below.has(name)
}

func (o *overlay) Open(root, name string) (fs.File, error) { return o.tree(name).Open(root, name) }

func (o *overlay) Stat(root, name string) (fs.FileInfo, error) {
	info, err := o.tree(name).Stat(root, name)
	if err != nil {
		if folder, inOver := o.over.Stat(root, name); inOver == nil {
			return folder, nil
		}
	}
	return info, err
}

func (o *overlay) Lstat(root, name string) (fs.FileInfo, error) {
	info, err := o.tree(name).Lstat(root, name)
	if err != nil {
		if folder, inOver := o.over.Lstat(root, name); inOver == nil {
			return folder, nil
		}
	}
	return info, err
}

func (o *overlay) List(root, name string) ([]fs.DirEntry, error) {
	entries, err := o.under.List(root, name)
	more, inOver := o.over.List(root, name)
	switch {
	case inOver != nil:
		return entries, err
	case err != nil:
		return more, nil
	}
	over := make(map[string]fs.DirEntry, len(more))
	for _, e := range more {
		over[e.Name()] = e
	}
	for n, e := range entries {
		if o, ok := over[e.Name()]; ok {
			if !o.IsDir() {
				entries[n] = o
			}
			delete(over, e.Name())
		}
	}
	for _, e := range more {
		if _, ok := over[e.Name()]; ok {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func (o *overlay) Real(name string) (string, error) {
	real, err := o.under.Real(name)
	if err != nil {
		return o.over.Real(name)
	}
	return real, nil
}

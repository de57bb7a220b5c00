package workspace

import (
	"maps"

	"github.com/sandlint/sandlint/parsers/files"
)

// overlay are texts, by absolute path, that files have instead of those of the tree under them. It does not change: the
// states of the files that fixes try out lie over one another, and each costs as much as it has texts.
type overlay struct {
	below *overlay
	texts map[string][]byte
	tree  files.Tree // with all texts
	depth int
}

// maxLayers is how many overlays lie over one another, so a look at a file costs at most as many. What is fixed lies
// over the texts of an editor, a state of it over that, and one file of the state before over the state.
const maxLayers = 8

func newOverlay(under files.Tree, texts map[string][]byte) *overlay {
	return (*overlay)(nil).with(under, texts)
}

// with returns an overlay with more texts, over a tree.
func (o *overlay) with(under files.Tree, texts map[string][]byte) *overlay {
	if len(texts) == 0 {
		return o
	}
	texts = maps.Clone(texts)
	if o != nil && o.depth == maxLayers {
		all := o.all()
		maps.Copy(all, texts)
		o, texts = nil, all
	}
	out := &overlay{below: o, texts: texts, tree: files.Overlay(o.over(under), texts), depth: 1}
	if o != nil {
		out.depth += o.depth
	}
	return out
}

// over returns the tree with all texts, over the one that the overlay was made for.
func (o *overlay) over(under files.Tree) files.Tree {
	if o == nil {
		return under
	}
	return o.tree
}

// has reports whether a file has another text.
func (o *overlay) has(abs string) bool {
	for ; o != nil; o = o.below {
		if _, ok := o.texts[abs]; ok {
			return true
		}
	}
	return false
}

// all returns all texts, as a new map.
func (o *overlay) all() map[string][]byte {
	out := map[string][]byte{}
	if o != nil {
		out = o.below.all()
		maps.Copy(out, o.texts)
	}
	return out
}

package files

import (
	"maps"
	"slices"
	"sync"
)

// Growing are the uses of something that goes on reading files after it was made, whenever somebody asks it something
// new, such as an opened document. Whoever uses it depends on everything that it has read by the time he is done, also
// where somebody else had asked.
type Growing struct {
	mu   sync.Mutex
	uses uses
}

// NewGrowing returns uses that grow with what is read from the tree that it returns, which shows the files of t. The
// reads are not those of whoever reads from t: see DependedOn.
func NewGrowing(t Tree) (*Growing, Tree) {
	if r, ok := t.(*recorder); ok {
		t = r.Tree
	}
	g := &Growing{}
	r := newRecorder(t, &g.uses)
	r.mu, r.grows = &g.mu, true
	return g, r
}

// DependedOn records that what is made with t depends on all that is read through the tree of g until it is made. The
// tree t must not Grow itself.
func (g *Growing) DependedOn(t Tree) {
	r, ok := t.(*recorder)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.uses.growing, g) {
		r.uses.growing = append(r.uses.growing, g)
	}
}

// Grows reports whether a tree is that of a Growing.
func Grows(t Tree) bool {
	r, ok := t.(*recorder)
	return ok && r.grows
}

// settle adds the uses that grew, once what depends on them is made.
func (u *uses) settle() {
	for _, g := range u.growing {
		g.mu.Lock()
		now := uses{read: maps.Clone(g.uses.read), described: maps.Clone(g.uses.described),
			listed: maps.Clone(g.uses.listed), missing: maps.Clone(g.uses.missing), asked: maps.Clone(g.uses.asked),
			parts: maps.Clone(g.uses.parts), larger: slices.Clone(g.uses.larger)}
		g.mu.Unlock()
		u.join(&now)
	}
	u.growing = nil
}

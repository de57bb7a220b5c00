package files

import (
	"slices"
	"sync"
)

// Readers says which parts of a value depend on the text of a file, so a value that GetOver makes again differs in
// these alone. The zero Readers is empty. It is safe for concurrent use while it is filled, and does not change later.
type Readers struct {
	mu     sync.Mutex
	of     map[string][]int // the parts that read each file, or found nothing at its path
	larger map[*uses][]int  // those that depend on what several values use
}

// Record calls use with a tree that shows the files of t, for a part with a number. What is made with t depends on what
// is read.
func (x *Readers) Record(t Tree, part int, use func(Tree)) {
	outer, ok := t.(*recorder)
	if !ok {
		use(t)
		return
	}
	u := &uses{}
	use(newRecorder(outer.Tree, u))
	u.settle()
	x.mu.Lock()
	if x.of == nil {
		x.of, x.larger = map[string][]int{}, map[*uses][]int{}
	}
	for name := range u.read {
		x.of[name] = append(x.of[name], part)
	}
	for name := range u.missing {
		if !u.read[name] {
			x.of[name] = append(x.of[name], part)
		}
	}
	for _, shared := range u.larger {
		x.larger[shared] = append(x.larger[shared], part)
	}
	x.mu.Unlock()
	outer.mu.Lock()
	defer outer.mu.Unlock()
	outer.uses.join(u)
}

// Touched returns the parts that may be others when the texts of files at some paths change, in order.
func (x *Readers) Touched(edited map[string]bool) []int {
	var out []int
	if len(edited) <= len(x.of) {
		for name := range edited {
			out = append(out, x.of[name]...)
		}
	} else {
		for name, parts := range x.of {
			if edited[name] {
				out = append(out, parts...)
			}
		}
	}
	changed := &changes{edited: edited, larger: map[*uses]bool{}}
	for shared, parts := range x.larger {
		if changed.touchShared(shared) {
			out = append(out, parts...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

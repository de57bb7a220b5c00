package workspace

import (
	"iter"
	"slices"

	"github.com/sandlint/sandlint/parsers/files"
)

// described are the builds that one file, or a few that are read together, describe. It does not change.
type described struct {
	builds []*build // in order
	// of are the builds by the absolute path of the Dockerfile.
	of map[string][]*build
	// granted says for which Dockerfile each place asks for an entitlement, "" for several.
	granted map[grantedAt]string
	// native says that a job builds on a machine of its own for a foreign architecture.
	native bool
	// baked are the folders, absolute, in which bake runs for other platforms than its files have.
	baked map[string]bool
}

// grantedAt is a place that does something about an entitlement.
type grantedAt struct {
	entitlement int
	place       Build
}

// describeBuilds returns the builds that files of a folder describe, nil where they describe nothing.
func (w *Workspace) describeBuilds(root, dir string, found []build, native bool, baked map[string]bool) *described {
	if len(found) == 0 && !native && len(baked) == 0 {
		return nil
	}
	d := &described{builds: make([]*build, len(found)), of: make(map[string][]*build, len(found)),
		granted: map[grantedAt]string{}, native: native, baked: baked}
	for n := range found {
		b := &found[n]
		b.dockerfile = w.orLowerCase(root, b.dockerfile)
		b.dir = dir
		d.builds[n] = b
		d.of[b.dockerfile] = append(d.of[b.dockerfile], b)
		for k, g := range b.grants {
			if g.place.File == nil {
				continue
			}
			at := grantedAt{k, g.place}
			if one, seen := d.granted[at]; seen && one != b.dockerfile {
				d.granted[at] = ""
			} else {
				d.granted[at] = b.dockerfile
			}
		}
	}
	return d
}

// descriptions are what the files of a folder describe, in parts in a fixed order. Those of an edited state of the
// files are made of those without the edits, and the parts that differ. It does not change once it is made.
type descriptions struct {
	parts   []*described // nil for those that describe nothing
	of      map[string][]int
	granted map[grantedAt][]int
	native  []int
	baked   map[string][]int
	readers *files.Readers // of the parts without edits

	changed map[int]*described // the parts that differ
	edits   *descriptions      // with these alone; nil without edits
}

// describedBy joins parts.
func describedBy(parts []*described, readers *files.Readers) *descriptions {
	d := &descriptions{parts: parts, readers: readers}
	for n := range parts {
		d.index(n, parts[n])
	}
	return d
}

func (d *descriptions) index(n int, part *described) {
	if part == nil {
		return
	}
	if d.of == nil {
		d.of, d.granted, d.baked = map[string][]int{}, map[grantedAt][]int{}, map[string][]int{}
	}
	for name := range part.of {
		d.of[name] = append(d.of[name], n)
	}
	for at := range part.granted {
		d.granted[at] = append(d.granted[at], n)
	}
	for dir := range part.baked {
		d.baked[dir] = append(d.baked[dir], n)
	}
	if part.native {
		d.native = append(d.native, n)
	}
}

// with returns descriptions of which some parts, by their numbers, are others. It takes time in proportion to these.
// d is without edits.
func (d *descriptions) with(changed map[int]*described) *descriptions {
	out := *d
	out.changed, out.edits = changed, &descriptions{}
	for n, part := range changed {
		out.edits.index(n, part)
	}
	return &out
}

// having returns the numbers of the parts in a list of an index, where list returns that of the parts without edits, or
// that of the edited ones.
func (d *descriptions) having(list func(*descriptions) []int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, n := range list(d) {
			if _, differs := d.changed[n]; !differs && !yield(n) {
				return
			}
		}
		if d.edits != nil {
			for _, n := range list(d.edits) {
				if !yield(n) {
					return
				}
			}
		}
	}
}

func (d *descriptions) part(n int) *described {
	if part, differs := d.changed[n]; differs {
		return part
	}
	return d.parts[n]
}

// buildsOf returns the builds of a Dockerfile, by its absolute path, in order.
func (d *descriptions) buildsOf(abs string) []*build {
	numbers := slices.Sorted(d.having(func(d *descriptions) []int { return d.of[abs] }))
	var out []*build
	for _, n := range numbers {
		out = append(out, d.part(n).of[abs]...)
	}
	return out
}

// all returns all builds in order.
func (d *descriptions) all() iter.Seq[*build] {
	return func(yield func(*build) bool) {
		for n := range d.parts {
			if part := d.part(n); part != nil {
				for _, b := range part.builds {
					if !yield(b) {
						return
					}
				}
			}
		}
	}
}

// isNative reports whether a job builds on a machine of its own for a foreign architecture.
func (d *descriptions) isNative() bool {
	for range d.having(func(d *descriptions) []int { return d.native }) {
		return true
	}
	return false
}

// isBaked reports whether bake runs in a folder for other platforms than its files have.
func (d *descriptions) isBaked(dir string) bool {
	for range d.having(func(d *descriptions) []int { return d.baked[dir] }) {
		return true
	}
	return false
}

// grantedBeside reports whether a place that does something about an entitlement of a build of one Dockerfile does so
// for one of another.
func (d *descriptions) grantedBeside(at grantedAt, dockerfile string) bool {
	for n := range d.having(func(d *descriptions) []int { return d.granted[at] }) {
		if d.part(n).granted[at] != dockerfile {
			return true
		}
	}
	return false
}

// numbered is a part with its number.
type numbered struct {
	n    int
	part *described
}

// recordParts makes parts in parallel, each known by the number of one of them, and records for each what it depends
// on.
func (w *Workspace) recordParts(
	readers *files.Readers, known []int, parts []*described, of func(w *Workspace, n int) []numbered,
) {
	made := make([][]numbered, len(known))
	w.parallel(len(known), func(k int) {
		readers.Record(w.tree, known[k], func(t files.Tree) {
			on := *w
			on.tree = t
			made[k] = of(&on, known[k])
		})
	})
	for _, list := range made {
		for _, one := range list {
			parts[one.n] = one.part
		}
	}
}

// again returns descriptions in a state of the files in which some are edited. Of makes the parts that are known by a
// number.
func (d *descriptions) again(edited map[string]bool, of func(n int) []numbered) *descriptions {
	changed := map[int]*described{}
	for _, n := range d.readers.Touched(edited) {
		for _, one := range of(n) {
			changed[one.n] = one.part
		}
	}
	return d.with(changed)
}

// folderBuilds are the builds that the files of one folder describe.
type folderBuilds struct {
	workflows *descriptions // nil but for the root of a repository
	own       *descriptions
}

// all returns all builds in order.
func (f folderBuilds) all() iter.Seq[*build] {
	return func(yield func(*build) bool) {
		if f.workflows != nil {
			for b := range f.workflows.all() {
				if !yield(b) {
					return
				}
			}
		}
		for b := range f.own.all() {
			if !yield(b) {
				return
			}
		}
	}
}

// of returns the builds of a Dockerfile, by its absolute path, in order.
func (f folderBuilds) of(abs string) []*build {
	own := f.own.buildsOf(abs)
	if f.workflows == nil {
		return own
	}
	return append(f.workflows.buildsOf(abs), own...)
}

// grantedBeside reports whether a place that does something about an entitlement of a build of one Dockerfile does so
// for one of another.
func (f folderBuilds) grantedBeside(at grantedAt, dockerfile string) bool {
	return f.workflows != nil && f.workflows.grantedBeside(at, dockerfile) || f.own.grantedBeside(at, dockerfile)
}

package files

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
)

// Cache keeps what was made of files until one of the files changes. It is safe for concurrent use.
//
// While a value is made, the cache records every path that is read, listed or asked for, including those that do not
// exist. So Changed drops exactly the values that a changed file can affect, and a cache for an overlay (see Over)
// shares all others.
type Cache struct {
	base    *Cache   // of the tree under an overlay; nil without one
	changes *changes // what the overlay has

	mu     sync.Mutex
	values map[any]*remembered
}

// Versioned is a key for Get of whose values a cache keeps the one of the version that was asked for last: for a value
// that depends on what no file says alone, which the version stands for.
type Versioned struct {
	Key     any
	Version string
}

// versionOf returns where a cache keeps the value for a key, and the version that the value must have there.
func versionOf(key any) (place any, version string) {
	if v, ok := key.(Versioned); ok {
		return v.Key, v.Version
	}
	return key, ""
}

// remembered is one value of a Cache, which may not have been made yet.
type remembered struct {
	version string // see Versioned

	once  sync.Once
	done  bool // guarded by the mutex of the cache
	value any
	uses  uses
}

// changes are the paths that an overlay has: those of files that have another text, and all others, which may appear.
type changes struct {
	edited map[string]bool
	others []string

	mu     sync.Mutex
	larger map[*uses]bool // whether they touch what several values use, which does not change any more
}

func newChanges(edited, others []string) *changes {
	c := &changes{edited: make(map[string]bool, len(edited)), others: others, larger: map[*uses]bool{}}
	for _, name := range edited {
		c.edited[name] = true
	}
	return c
}

// touch reports whether a value that is made of u may be another one with the changes. It takes time in proportion to
// the smaller of the two, and looks at the uses that values share once.
func (c *changes) touch(u *uses) bool {
	if c.touchAlone(u) {
		return true
	}
	if len(u.larger) == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(u.larger, c.touchShared)
}

func (c *changes) touchShared(u *uses) bool {
	touched, known := c.larger[u]
	if !known {
		touched = c.touchAlone(u) || slices.ContainsFunc(u.larger, c.touchShared)
		c.larger[u] = touched
	}
	return touched
}

// touchAlone is touch without the uses that u shares.
func (c *changes) touchAlone(u *uses) bool {
	if len(c.edited) <= len(u.read)+len(u.missing) {
		for name := range c.edited {
			if u.read[name] || u.missing[name] {
				return true
			}
		}
	} else if meet(u.read, c.edited) || meet(u.missing, c.edited) {
		return true
	}
	return slices.ContainsFunc(c.others, u.touchedAlone)
}

func meet(names, others map[string]bool) bool {
	for name := range names {
		if others[name] {
			return true
		}
	}
	return false
}

// uses are the paths that a value was made of.
type uses struct {
	read      map[string]bool // files and folders that were read
	described map[string]bool // files and folders of which only the kind was asked for
	listed    map[string]bool // folders that were listed
	missing   map[string]bool // paths at which nothing was

	asked map[Question]bool     // over a Witness
	parts map[*Observation]bool // see DependOn

	larger  []*uses    // those of large values that it was made of, which do not change any more
	growing []*Growing // see Growing.DependedOn; none once the value is made
	once    sync.Once
	flat    *Uses // see shared

	onceObserved sync.Once
	observed     *Observation // see observation
}

// maxJoined is how many paths or questions of another value are copied; those of a larger one are shared.
const maxJoined = 256

func (u *uses) size() int { return len(u.read) + len(u.described) + len(u.listed) + len(u.missing) }

func (u *uses) add(set *map[string]bool, name string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[name] = true
}

// join adds the uses of a value that is made.
func (u *uses) join(other *uses) {
	if len(other.asked) > maxJoined {
		u.parts = joined(u.parts, map[*Observation]bool{other.observation(): true})
	} else {
		u.asked = joined(u.asked, other.asked)
		u.parts = joined(u.parts, other.parts)
	}
	for _, part := range other.larger {
		u.share(part)
	}
	if other.size() > maxJoined {
		u.share(other)
		return
	}
	for name := range other.read {
		u.add(&u.read, name)
	}
	for name := range other.described {
		u.add(&u.described, name)
	}
	for name := range other.listed {
		u.add(&u.listed, name)
	}
	for name := range other.missing {
		u.add(&u.missing, name)
	}
}

func (u *uses) share(part *uses) {
	if !slices.Contains(u.larger, part) {
		u.larger = append(u.larger, part)
	}
}

func joined[K comparable](set, more map[K]bool) map[K]bool {
	if set == nil && len(more) > 0 {
		set = make(map[K]bool, len(more))
	}
	maps.Copy(set, more)
	return set
}

// touchedAlone reports whether the value can change when the file at a path appears, disappears or changes, as far as
// the uses that it does not share say.
func (u *uses) touchedAlone(name string) bool {
	if u.read[name] || u.missing[name] || u.described[name] || u.listed[name] || u.listed[filepath.Dir(name)] {
		return true
	}
	if len(u.missing) == 0 {
		return false
	}
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if u.missing[dir] {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{values: map[any]*remembered{}} }

// Over returns a cache for an overlay over the tree of c: edited are the paths of regular files there that have another
// text in the overlay, and others those of its other files. It shares with c the values that do not depend on them.
func (c *Cache) Over(edited, others []string) *Cache {
	if c.base == nil {
		return &Cache{base: c, changes: newChanges(edited, others), values: map[any]*remembered{}}
	}
	edited, others = slices.Concat(edited, slices.Collect(maps.Keys(c.changes.edited))),
		slices.Concat(others, c.changes.others)
	return &Cache{base: c.base, changes: newChanges(edited, others), values: map[any]*remembered{}}
}

// Changed drops the values that depend on the files at the given paths, or on their absence; without paths, all values.
func (c *Cache) Changed(paths ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := newChanges(nil, paths)
	for key, r := range c.values {
		if len(paths) == 0 || !r.done || changed.touch(&r.uses) {
			delete(c.values, key)
		}
	}
}

// Get returns the value for a key and makes it on first use. make must read through the tree that it is given and
// nothing else. Where make itself calls Get with that tree, the outer value depends on all that the inner one does.
func Get[V any](c *Cache, t Tree, key any, make func(Tree) V) V {
	return GetOver(c, t, key, make, nil)
}

// GetOver is Get for a value of which few parts depend on any one file. A cache for an overlay that only edits files
// makes it with again, of the value that the cache below has made without the overlay, where it has. The paths are
// those of the edited files. Again returns what make would. The value then depends on everything that the one without
// the overlay depends on, and on what again has read.
func GetOver[V any](
	c *Cache, t Tree, key any, make func(Tree) V, again func(t Tree, without V, edited map[string]bool) V,
) V {
	outer, _ := t.(*recorder)
	if outer != nil {
		t = outer.Tree
	}
	r := c.find(key)
	r.once.Do(func() {
		on := newRecorder(t, &r.uses)
		if without := c.without(key); again != nil && without != nil {
			r.uses.join(&without.uses)
			r.value = again(on, without.value.(V), c.changes.edited)
		} else {
			r.value = make(on)
		}
		r.uses.settle()
		c.finished(key, r)
	})
	if outer != nil {
		outer.mu.Lock()
		outer.uses.join(&r.uses)
		outer.mu.Unlock()
	}
	return r.value.(V)
}

// find returns the place of a value, which may have to be made.
func (c *Cache) find(key any) *remembered {
	place, version := versionOf(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.values[place]; r != nil && r.version == version {
		return r
	}
	if c.base != nil {
		if r := c.base.known(key, c.changes); r != nil {
			c.values[place] = r
			return r
		}
	}
	r := &remembered{version: version}
	c.values[place] = r
	return r
}

// without returns a value without the overlay, of which it only edits files; nil if there is none.
func (c *Cache) without(key any) *remembered {
	if c.base == nil || len(c.changes.others) > 0 {
		return nil
	}
	place, version := versionOf(key)
	c.base.mu.Lock()
	defer c.base.mu.Unlock()
	if r := c.base.values[place]; r != nil && r.done && r.version == version {
		return r
	}
	return nil
}

// known returns a value that does not depend on the changed paths, nil if there is none.
func (c *Cache) known(key any, changed *changes) *remembered {
	place, version := versionOf(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.values[place]; r != nil && r.done && r.version == version && !changed.touch(&r.uses) {
		return r
	}
	return nil
}

// finished records that a value is made, and shares it with the cache below where it does not depend on the overlay.
func (c *Cache) finished(key any, r *remembered) {
	c.mu.Lock()
	r.done = true
	c.mu.Unlock()
	if c.base == nil || c.changes.touch(&r.uses) {
		return
	}
	place, version := versionOf(key)
	c.base.mu.Lock()
	defer c.base.mu.Unlock()
	if below := c.base.values[place]; below == nil || below.version != version {
		c.base.values[place] = r
	}
}

// recorder is a tree that records what is read.
type recorder struct {
	Tree
	mu        *sync.Mutex // guards uses
	uses      *uses
	witnessed bool // the tree rests on a Witness
	grows     bool // see Grows
}

func newRecorder(t Tree, u *uses) *recorder {
	return &recorder{Tree: t, uses: u, mu: &sync.Mutex{}, witnessed: WitnessOf(t) != nil}
}

// ask records a question over a Witness.
func (r *recorder) ask(q Question) {
	if !r.witnessed {
		return
	}
	if o, ok := r.Tree.(*overlay); ok && q.Op != AskedList && q.Op != AskedReal && o.has(q.Name) {
		return // the text over it is not the witness's
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uses.asked == nil {
		r.uses.asked = map[Question]bool{}
	}
	r.uses.asked[q] = true
}

// note records a path in set, or that nothing is there.
func (r *recorder) note(set *map[string]bool, name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		set = &r.uses.missing
	}
	r.uses.add(set, name)
}

func (r *recorder) Open(root, name string) (fs.File, error) {
	f, err := r.Tree.Open(root, name)
	r.ask(Question{AskedText, root, name})
	r.note(&r.uses.read, name, err)
	return f, err
}

func (r *recorder) Stat(root, name string) (fs.FileInfo, error) {
	info, err := r.Tree.Stat(root, name)
	r.ask(Question{AskedStat, root, name})
	r.note(&r.uses.described, name, err)
	return info, err
}

func (r *recorder) Lstat(root, name string) (fs.FileInfo, error) {
	info, err := r.Tree.Lstat(root, name)
	r.ask(Question{AskedLstat, root, name})
	r.note(&r.uses.described, name, err)
	return info, err
}

func (r *recorder) List(root, name string) ([]fs.DirEntry, error) {
	entries, err := r.Tree.List(root, name)
	r.ask(Question{AskedList, root, name})
	r.note(&r.uses.listed, name, err)
	return entries, err
}

func (r *recorder) Real(name string) (string, error) {
	r.ask(Question{AskedReal, "", name})
	return r.Tree.Real(name)
}

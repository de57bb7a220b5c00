package files

import (
	"io/fs"
	"path/filepath"
	"sync"
)

// Cache remembers what was made of files until one of the files is another one. It is safe for concurrent use.
//
// What a value was made of is recorded while it is made: every path that was read, listed or asked for, those that do
// not exist included. So Changed forgets exactly the values that a changed file can make differ, and a cache for an
// overlay (see Over) shares all others.
type Cache struct {
	base    *Cache   // of the tree under an overlay; nil without one
	changed []string // the paths that the overlay has

	mu     sync.Mutex
	values map[any]*remembered
}

// remembered is one value of a Cache.
type remembered struct {
	once  sync.Once
	done  bool // guarded by the mutex of the cache
	value any
	uses  uses
}

// uses are the paths that a value was made of.
type uses struct {
	read    map[string]bool // files and folders that were looked at
	listed  map[string]bool // folders that were listed
	missing map[string]bool // paths at which nothing was
}

func (u *uses) add(set *map[string]bool, name string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[name] = true
}

func (u *uses) join(other *uses) {
	for name := range other.read {
		u.add(&u.read, name)
	}
	for name := range other.listed {
		u.add(&u.listed, name)
	}
	for name := range other.missing {
		u.add(&u.missing, name)
	}
}

// touched reports whether the file at a path, when it comes, goes or changes, can make the value differ.
func (u *uses) touched(name string) bool {
	if u.read[name] || u.missing[name] || u.listed[filepath.Dir(name)] {
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

func (u *uses) touchedBy(names []string) bool {
	for _, name := range names {
		if u.touched(name) {
			return true
		}
	}
	return false
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{values: map[any]*remembered{}} }

// Over returns a cache for an overlay that has the given paths, over the tree of c. It shares with c whatever does not
// depend on them.
func (c *Cache) Over(paths []string) *Cache {
	base := c
	if c.base != nil {
		base = c.base
		paths = append(paths[:len(paths):len(paths)], c.changed...)
	}
	return &Cache{base: base, changed: paths, values: map[any]*remembered{}}
}

// Changed forgets what was made of the files at the given paths, or of their absence; without paths, all.
func (c *Cache) Changed(paths ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, r := range c.values {
		if len(paths) == 0 || !r.done || r.uses.touchedBy(paths) {
			delete(c.values, key)
		}
	}
}

// Get returns the value for a key, which it makes once: make is given the tree to read with, and must read with nothing
// else. A value that is made for another one is part of what that was made of, where it is asked for with that one's
// tree.
func Get[V any](c *Cache, t Tree, key any, make func(Tree) V) V {
	outer, _ := t.(*recorder)
	if outer != nil {
		t = outer.Tree
	}
	r := c.find(key)
	r.once.Do(func() {
		inner := &recorder{Tree: t, uses: &r.uses}
		r.value = make(inner)
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.values[key]; r != nil {
		return r
	}
	if c.base != nil {
		if r := c.base.known(key, c.changed); r != nil {
			c.values[key] = r
			return r
		}
	}
	r := &remembered{}
	c.values[key] = r
	return r
}

// known returns a value that does not depend on some paths, nil without one.
func (c *Cache) known(key any, changed []string) *remembered {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.values[key]; r != nil && r.done && !r.uses.touchedBy(changed) {
		return r
	}
	return nil
}

// finished records that a value is made, also for the tree below where it does not depend on the overlay.
func (c *Cache) finished(key any, r *remembered) {
	c.mu.Lock()
	r.done = true
	c.mu.Unlock()
	if c.base == nil || r.uses.touchedBy(c.changed) {
		return
	}
	c.base.mu.Lock()
	defer c.base.mu.Unlock()
	if c.base.values[key] == nil {
		c.base.values[key] = r
	}
}

// recorder is a tree that keeps account of what is read.
type recorder struct {
	Tree
	mu   sync.Mutex
	uses *uses
}

func (r *recorder) note(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.uses.add(&r.uses.missing, name)
		return
	}
	r.uses.add(&r.uses.read, name)
}

func (r *recorder) Open(root, name string) (fs.File, error) {
	f, err := r.Tree.Open(root, name)
	r.note(name, err)
	return f, err
}

func (r *recorder) Stat(root, name string) (fs.FileInfo, error) {
	info, err := r.Tree.Stat(root, name)
	r.note(name, err)
	return info, err
}

func (r *recorder) Lstat(root, name string) (fs.FileInfo, error) {
	info, err := r.Tree.Lstat(root, name)
	r.note(name, err)
	return info, err
}

func (r *recorder) List(root, name string) ([]fs.DirEntry, error) {
	entries, err := r.Tree.List(root, name)
	r.note(name, err)
	if err == nil {
		r.mu.Lock()
		r.uses.add(&r.uses.listed, name)
		r.mu.Unlock()
	}
	return entries, err
}

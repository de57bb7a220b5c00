package files

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"testing"
)

// TestLayers compares overlays over overlays with one overlay that has all texts.
func TestLayers(t *testing.T) {
	names := []string{"/a", "/b", "/d/a", "/d/b", "/d/e/a", "/f/g/a", "/h/a"}
	paths := append([]string{"/", "/d", "/d/e", "/f", "/f/g", "/h", "/none"}, names...)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		some := func(text string) map[string][]byte {
			out := map[string][]byte{}
			for _, name := range names {
				if r.IntN(3) == 0 {
					out[name] = []byte(text + name)
				}
			}
			return out
		}
		under := Memory(some("under"))
		layered, all := under, map[string][]byte{}
		for n := range 1 + r.IntN(4) {
			texts := some(fmt.Sprint(n))
			maps.Copy(all, texts)
			layered = Overlay(layered, texts)
		}
		whole := Overlay(under, all)
		for _, name := range paths {
			if got, want := seenAt(layered, name), seenAt(whole, name); got != want {
				t.Fatalf("seed %d, %s: %s, want %s", seed, name, got, want)
			}
			if o, ok := layered.(*overlay); ok {
				if _, over := all[name]; o.has(name) != over {
					t.Fatalf("seed %d: has(%q) = %t", seed, name, !over)
				}
			}
		}
	}
}

// seenAt is everything that a tree says of a path.
func seenAt(t Tree, name string) string {
	text, err := Read(t, "", name)
	info, statErr := t.Stat("", name)
	link, linkErr := t.Lstat("", name)
	real, realErr := t.Real(name)
	out := fmt.Sprintln(string(text), err, statErr, linkErr, real, realErr, Names(t, "", name))
	if statErr == nil && linkErr == nil {
		out += fmt.Sprintln(info.Mode(), info.Size(), link.Mode(), link.Size())
	}
	return out
}

// TestTouch compares which values an overlay touches with what each of its changes does to them.
func TestTouch(t *testing.T) {
	name := func(n int) string { return fmt.Sprintf("/d%d/f%d", n%3, n) }
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		set := func() map[string]bool {
			out := map[string]bool{}
			for range r.IntN(4) {
				switch n := r.IntN(30); r.IntN(3) {
				case 0:
					out[path.Dir(name(n))] = true
				default:
					out[name(n)] = true
				}
			}
			return out
		}
		var all []*uses
		for range 12 {
			u := &uses{read: set(), described: set(), listed: set(), missing: set()}
			for range r.IntN(3) {
				if len(all) > 0 {
					u.share(all[r.IntN(len(all))])
				}
			}
			all = append(all, u)
		}
		list := func() []string { return slices.Collect(maps.Keys(set())) }
		c := newChanges(list(), list())
		for n, u := range all {
			want := slices.ContainsFunc(slices.Collect(maps.Keys(c.edited)), u.list().withParts(u).EditedBy) ||
				slices.ContainsFunc(c.others, u.list().withParts(u).ChangedBy)
			if got := c.touch(u); got != want {
				t.Fatalf("seed %d, value %d: %t, want %t\n%+v\n%+v", seed, n, got, want, u, c)
			}
		}
	}
}

// withParts returns uses with those that u shares.
func (list Uses) withParts(u *uses) *Uses {
	for _, part := range u.larger {
		list.larger = append(list.larger, part.list().withParts(part))
	}
	return &list
}

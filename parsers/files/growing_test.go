package files

import (
	"slices"
	"testing"
)

// TestGrowing makes values with something that reads files when it is asked: each depends on what was read by the time
// it was made, whoever asked, and on nothing that was read later.
func TestGrowing(t *testing.T) {
	tree := Memory(map[string][]byte{"/a": []byte("a"), "/b": []byte("b"), "/c": []byte("c"), "/d": []byte("d")})
	read := func(t Tree, name string) {
		if _, err := Read(t, "", name); err != nil {
			panic(err)
		}
	}
	g, lazy := NewGrowing(tree)
	read(lazy, "/a")

	c := NewCache()
	value := Get(c, tree, "value", func(t Tree) int {
		g.DependedOn(t)
		read(lazy, "/b")
		return 1
	})
	first := Track(tree, func(t Tree) {
		if Grows(t) || !Grows(lazy) {
			panic("a tree does not know whether it grows")
		}
		g.DependedOn(t)
		g.DependedOn(t)
		read(lazy, "/c")
		read(t, "/d")
	})
	second := Track(tree, func(t Tree) { g.DependedOn(t) })
	none := Track(tree, func(Tree) { read(lazy, "/d") })
	outer := Track(tree, func(t Tree) { Get(c, t, "value", func(Tree) int { return 2 }) })

	affected := func(u Uses) string {
		var out []byte
		for _, name := range []string{"/a", "/b", "/c", "/d"} {
			if u.EditedBy(name) != u.ChangedBy(name) {
				t.Error(name)
			}
			if u.EditedBy(name) {
				out = append(out, name[1])
			}
		}
		return string(out)
	}
	got := []string{affected(first), affected(second), affected(none), affected(outer)}
	if want := []string{"abcd", "abc", "", "ab"}; !slices.Equal(got, want) {
		t.Errorf("the values depend on %q, not %q", got, want)
	}
	c.Changed("/c", "/d")
	value += Get(c, tree, "value", func(Tree) int { return 10 })
	c.Changed("/b")
	if value += Get(c, tree, "value", func(Tree) int { return 100 }); value != 102 {
		t.Error(value)
	}
}

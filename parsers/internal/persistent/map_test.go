package persistent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// TestMap makes random versions of a map, each from a random earlier one, and compares all of them with Go's maps at
// the end.
func TestMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	versions, want := []Map[int]{{}}, []map[string]int{{}}
	for n := range 2000 {
		from := r.IntN(len(versions))
		key := fmt.Sprint(r.IntN(300))
		versions = append(versions, versions[from].With(key, n))
		m := maps.Clone(want[from])
		m[key] = n
		want = append(want, m)
	}
	for n, m := range versions {
		if got := maps.Collect(m.All()); !maps.Equal(got, want[n]) || m.Len() != len(want[n]) {
			t.Fatalf("version %d has %d keys: %v, want %v", n, m.Len(), got, want[n])
		}
		for k := range 300 {
			key := fmt.Sprint(k)
			got, ok := m.Get(key)
			if v, has := want[n][key]; got != v || ok != has || m.Has(key) != has {
				t.Fatalf("version %d, key %s: %d %t, want %d %t", n, key, got, ok, v, has)
			}
		}
	}
}

// TestDepth adds keys in order: the tree stays shallow.
func TestDepth(t *testing.T) {
	var m Map[int]
	for n := range 10000 {
		m = m.With(fmt.Sprintf("%06d", n), n)
	}
	var depth func(n *node[int]) int
	depth = func(n *node[int]) int {
		if n == nil {
			return 0
		}
		return 1 + max(depth(n.left), depth(n.right))
	}
	if got := depth(m.root); got > 60 {
		t.Errorf("10,000 keys in order make a tree of depth %d", got)
	}
}

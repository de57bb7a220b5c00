package files

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestVersioned asks a cache and caches for overlays for random versions of values, and compares each with one that is
// made anew. Of each value a cache keeps one version.
func TestVersioned(t *testing.T) {
	reused := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 17))
		name := func(n int) string { return fmt.Sprintf("/p/%d", n) }
		texts := map[string][]byte{}
		for n := range 3 {
			texts[name(n)] = []byte("0")
		}
		tree, base := Memory(texts), NewCache()
		cache, on := base, Tree(tree)
		for range 40 {
			switch r.IntN(4) {
			case 0:
				cache, on = base, tree
			case 1:
				file := name(r.IntN(3))
				cache = base.Over([]string{file}, nil)
				on = Overlay(tree, map[string][]byte{file: []byte(fmt.Sprint(r.IntN(3)))})
			}
			part, version := r.IntN(2), fmt.Sprint(r.IntN(3))
			// The first version reads a file that the others do not read.
			value := func(t Tree) string {
				text, err := Read(t, "/p", name(part))
				if version == "0" {
					more, _ := Read(t, "/p", name(2))
					text = append(text, more...)
				}
				return fmt.Sprint(version, string(text), err)
			}
			made := false
			make := func(t Tree) string {
				made = true
				return value(t)
			}
			again := func(t Tree, without string, _ map[string]bool) string {
				if without[:1] != version {
					return "made of another version"
				}
				return make(t)
			}
			got := GetOver(cache, on, Versioned{part, version}, make, again)
			if want := value(on); got != want {
				t.Fatalf("seed %d: version %s of %d is %q, want %q", seed, version, part, got, want)
			}
			if !made {
				reused++
			}
			if len(cache.values) > 2 || len(base.values) > 2 {
				t.Fatalf("seed %d: %d and %d values are kept", seed, len(cache.values), len(base.values))
			}
		}
	}
	if reused < 100 {
		t.Errorf("only %d values were used again", reused)
	}
}

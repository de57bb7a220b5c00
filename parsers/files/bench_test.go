package files

import (
	"fmt"
	"path/filepath"
	"testing"
)

// tree returns n files in folders of a hundred.
func tree(n int) map[string][]byte {
	texts := make(map[string][]byte, n)
	for i := range n {
		texts[filepath.FromSlash(fmt.Sprintf("/r/%d/%d", i/100, i))] = []byte("x")
	}
	return texts
}

// BenchmarkWalk walks trees of three sizes, half of each in an overlay.
func BenchmarkWalk(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		over := map[string][]byte{}
		for name, text := range tree(n) {
			if len(over) < n/2 {
				over[name] = text
			}
		}
		t := Overlay(Memory(tree(n)), over)
		root := filepath.FromSlash("/r")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := Walk(t, WalkOptions{Root: root}, root, func(*Visit) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCache makes values of three numbers of files, changes one file, and makes them again.
func BenchmarkCache(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		texts := tree(n)
		t := Memory(texts)
		changed := filepath.FromSlash("/r/0/7")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				c := NewCache()
				for range 2 {
					for name := range texts {
						Get(c, t, name, func(t Tree) int { data, _ := Read(t, "", name); return len(data) })
					}
					c.Changed(changed)
				}
			}
		})
	}
}

package files

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// parted is a value of which each part is what is read of some files.
type parted struct {
	texts   []string
	readers *Readers
}

// TestGetOver makes a value of parts again for random edits: it is what a fresh one is, depends on the same files, and
// only the parts that read an edited file were made again.
func TestGetOver(t *testing.T) {
	const count = 12
	name := func(n int) string { return fmt.Sprintf("/d%d/f%d", n%4, n) }
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		texts := map[string][]byte{}
		for n := range count * 30 {
			if r.IntN(5) > 0 {
				texts[name(n)] = fmt.Append(nil, seed, n)
			}
		}
		tree := Memory(texts)
		read := make([][]string, count) // by each part
		for n := range read {
			for range r.IntN(4) {
				read[n] = append(read[n], name(r.IntN(count*30)))
			}
		}
		large := r.IntN(2 * count) // the part that depends on more than is copied, if any
		made := 0
		part := func(c *Cache, t Tree, n int) string {
			made++
			out := ""
			for _, file := range read[n] {
				text, err := Read(t, "", file)
				out += fmt.Sprint(string(text), err != nil)
			}
			if n == large {
				out += Get(c, t, "large", func(t Tree) string {
					all := ""
					for n := range count * 30 {
						text, _ := Read(t, "", name(n))
						all += string(text)
					}
					return all
				})
			}
			return out
		}
		value := func(c *Cache, t Tree) parted {
			return GetOver(c, t, "value", func(t Tree) parted {
				out := parted{make([]string, count), new(Readers)}
				for n := range out.texts {
					out.readers.Record(t, n, func(t Tree) { out.texts[n] = part(c, t, n) })
				}
				return out
			}, func(t Tree, without parted, edited map[string]bool) parted {
				out := parted{slices.Clone(without.texts), nil}
				for _, n := range without.readers.Touched(edited) {
					out.texts[n] = part(c, t, n)
				}
				return out
			})
		}
		base := NewCache()
		value(base, tree)
		for range 3 {
			over := map[string][]byte{}
			for range 1 + r.IntN(3) {
				over[name(r.IntN(count*30))] = []byte("edited")
			}
			var edited, others []string
			for file := range over {
				if texts[file] != nil {
					edited = append(edited, file)
				} else {
					others = append(others, file)
				}
			}
			on, fresh := Overlay(tree, over), NewCache()
			cache := base.Over(edited, others)
			made = 0
			var got, want parted
			uses := Track(on, func(t Tree) { got = value(cache, t) })
			limit := count
			if len(others) == 0 {
				limit = 0
				for n := range read {
					if n == large || slices.ContainsFunc(read[n], func(file string) bool { return over[file] != nil }) {
						limit++
					}
				}
			}
			if made > limit {
				t.Fatalf("seed %d: %d parts were made, not %d", seed, made, limit)
			}
			freshUses := Track(on, func(t Tree) { want = value(fresh, t) })
			if !slices.Equal(got.texts, want.texts) {
				t.Fatalf("seed %d: %q, want %q", seed, got.texts, want.texts)
			}
			for n := range count * 30 {
				if freshUses.EditedBy(name(n)) && !uses.EditedBy(name(n)) {
					t.Fatalf("seed %d: it does not depend on %s", seed, name(n))
				}
			}
			if !slices.Equal(value(base, tree).texts, value(NewCache(), tree).texts) {
				t.Fatalf("seed %d: the value without edits has changed", seed)
			}
		}
	}
}

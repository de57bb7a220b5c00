package workspace

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMentions(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 16))
		word := func(most int) string {
			var out strings.Builder
			for range 1 + r.IntN(most) {
				out.WriteByte("ab\xff"[r.IntN(3)])
			}
			return out.String()
		}
		text := word(200)
		m := newMentions([]byte(text))
		for range 3 * manyMentions {
			if part := word(9); m.count(part) != strings.Count(text, part) {
				t.Fatalf("%q is %d times in %q, not %d", part, strings.Count(text, part), text, m.count(part))
			}
		}
		if m.index == nil {
			t.Fatal("no index was made")
		}
	}
}

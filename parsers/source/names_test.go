package source

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestNames compares the answers about many candidates with those of Nearest.
func TestNames(t *testing.T) {
	alphabets := []string{"ab", "ab-_", "abcdefgh", "aB.é", "0123456789"}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 16))
		letters := []rune(alphabets[r.IntN(len(alphabets))])
		word := func() string {
			var out []rune
			for range r.IntN(14) {
				out = append(out, letters[r.IntN(len(letters))])
			}
			if r.IntN(3) == 0 {
				return fmt.Sprintf("missing-%s.json", string(out))
			}
			return string(out)
		}
		var all []string
		for range r.IntN(20) {
			all = append(all, word())
		}
		names := NewNames(all)
		for range 20 {
			name := word()
			if len(all) > 0 && r.IntN(2) == 0 {
				near := []rune(all[r.IntN(len(all))])
				for range 1 + r.IntN(3) {
					if n := len(near); n > 1 {
						i := r.IntN(n - 1)
						switch r.IntN(3) {
						case 0:
							near[i], near[i+1] = near[i+1], near[i]
						case 1:
							near = slices.Delete(near, i, i+1)
						case 2:
							near[i] = letters[r.IntN(len(letters))]
						}
					}
				}
				name = string(near)
			}
			if got, want := names.Nearest(name), Nearest(name, all); got != want {
				t.Fatalf("%q among %q: %q, want %q", name, all, got, want)
			}
			only := Nearest(name, all)
			others := slices.DeleteFunc(slices.Clone(all), func(c string) bool { return c == only })
			if Nearest(name, others) != "" {
				only = ""
			}
			if got := names.Only(name); got != only {
				t.Fatalf("%q among %q: only %q, want %q", name, all, got, only)
			}
		}
	}
}

// BenchmarkNames asks for the nearest of many names, of which none is near.
func BenchmarkNames(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("profile-%d.json", i))
		}
		names := NewNames(all)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				names.Nearest(fmt.Sprintf("missing-%d.json", i%n))
			}
		})
	}
}

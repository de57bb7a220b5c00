package source

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// TestNames compares the answers about many candidates with those of Nearest.
func TestNames(t *testing.T) {
	alphabets := []string{"ab", "ab-_", "abcdefgh", "aB.é", "0123456789"}
	for seed := range uint64(heavytest.Times(2500)) {
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

// TestManyNames compares the answers about so many candidates that those with a beginning are passed over together, of
// which some count, with those of Nearest.
func TestManyNames(t *testing.T) {
	near := 0
	for seed := range uint64(heavytest.Times(500)) {
		r := rand.New(rand.NewPCG(seed, 17))
		letters := []string{"abc", "ab_", "aB-é", "abcdefghijklmnop"}[r.IntN(4)]
		word := func() string {
			out := []rune(strings.Repeat([]string{"", "long", "other", "loneg"}[r.IntN(4)], r.IntN(3)))
			for range 1 + r.IntN(7) {
				out = append(out, []rune(letters)[r.IntN(len([]rune(letters)))])
			}
			return string(out)
		}
		all := make([]string, 100+r.IntN(150))
		counted := map[string]bool{}
		var some []string
		share := 1 + r.IntN(5)
		for n := range all {
			all[n] = word()
			counted[all[n]] = r.IntN(share) == 0
		}
		for _, c := range all {
			if counted[c] {
				some = append(some, c)
			}
		}
		names := NewNames(all)
		for range 10 {
			name := word()
			if got, want := names.Nearest(name), Nearest(name, all); got != want {
				t.Fatalf("%q among %q: %q, want %q", name, all, got, want)
			}
			got := names.NearestOf(name, func(c string) bool { return counted[c] })
			if want := Nearest(name, some); got != want {
				t.Fatalf("%q among %q: %q, want %q", name, some, got, want)
			}
			if got != "" {
				near++
			}
		}
	}
	if near < heavytest.Times(500) {
		t.Errorf("only %d names were near another", near)
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

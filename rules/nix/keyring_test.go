package nix

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestKeyring compares what a keyring answers with what a search of all keys does.
func TestKeyring(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		out := make([]byte, r.IntN(most+1))
		for n := range out {
			out[n] = "ab"[r.IntN(2)]
		}
		return string(out)
	}
	covered := 0
	for range 5000 {
		var keys, signers []string
		for range r.IntN(8) {
			keys = append(keys, word(4))
		}
		for range r.IntN(4) {
			signers = append(signers, "a"+word(2))
		}
		ring := keyring(slices.Clone(keys)).sorted()
		claimed := map[string]bool{}
		var spans []span
		for _, signer := range signers {
			var want []string
			for _, key := range keys {
				if strings.HasPrefix(key, signer) {
					claimed[key] = true
					want = append(want, key)
				}
			}
			slices.Sort(want)
			want = slices.Compact(want)
			of := ring.of(signer)
			if got := ring[of.from:of.to]; !slices.Equal(got, want) {
				t.Fatalf("of %q, %q are said to be those of %q, not %q", keys, got, signer, want)
			}
			spans = append(spans, of)
		}
		want := !slices.ContainsFunc(keys, func(key string) bool { return !claimed[key] })
		if got := ring.coveredBy(spans); got != want {
			t.Fatalf("%q covers %q: %v, not %v", signers, keys, got, want)
		}
		if want && len(keys) > 0 {
			covered++
		}
	}
	if covered < 100 {
		t.Fatalf("all keys are covered %d times alone", covered)
	}
}

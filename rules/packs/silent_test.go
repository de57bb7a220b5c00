package packs_test

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestSilent puts NUL, bytes that are no UTF-8 and byte order marks into the files of all cases: whatever a text holds,
// no library may write to standard error, as BuildKit's lexer does for these.
func TestSilent(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	each, share := 1, uint64(8) // one of eight cases
	if heavytest.On() {
		each, share = number("SANDLINT_FUZZ", 6), 1
	}
	output := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stderr := os.Stderr
	os.Stderr = f
	defer func() { os.Stderr = stderr }()
	first := uint64(number("SANDLINT_SEED", 1))
	eachCase(t, func(name string, texts map[string]string) {
		h := fnv.New64a()
		h.Write([]byte(name))
		if h.Sum64()%share > 0 {
			return
		}
		r := rand.New(rand.NewPCG(first, h.Sum64()))
		for range each {
			odd := map[string]string{}
			for path, text := range texts {
				if len(text) > 20_000 {
					return
				}
				odd[path] = sprinkle(r, text)
			}
			rules.Check(inMemory(t, odd), set, rules.CheckOptions{Fixes: true})
			rules.Fix(inMemory(t, odd), set, rules.FixOptions{Unsafe: true})
			if printed, err := os.ReadFile(output); err != nil || len(printed) > 0 {
				first, _, _ := bytes.Cut(printed, []byte("\n"))
				t.Errorf("%s: %q, %v in\n%q", name, first, err, odd)
				os.Truncate(output, 0)
				f.Seek(0, 0)
			}
		}
	})
}

// sprinkle puts a few odd bytes into a text.
func sprinkle(r *rand.Rand, text string) string {
	odd := []string{"\x00", "\x00", "\x00", "\xff", "\xc3", "\ufeff"}
	for range 1 + r.IntN(1+len(text)/20) {
		n := r.IntN(len(text) + 1)
		text = text[:n] + odd[r.IntN(len(odd))] + text[n:]
	}
	return text
}

package image

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/source"
)

// plainFileAt is Step.FileAt that tries the copies before the step one by one.
func plainFileAt(s *Step, full string) *source.File {
	for c := range s.Copied() {
		if c.From != "" || full != c.Dest && !strings.HasPrefix(full, strings.TrimSuffix(c.Dest, "/")+"/") {
			continue
		}
		name := path.Join(c.Source, strings.TrimPrefix(strings.TrimPrefix(full, strings.TrimSuffix(c.Dest, "/")), "/"))
		if full == c.Dest {
			name = c.Source
		}
		if f, err := s.Dockerfile().ReadContext(name); err == nil {
			return f
		}
	}
	return nil
}

// TestFileAt compares the files that lie at paths of random images before each step with what the copies before it say.
func TestFileAt(t *testing.T) {
	c := buildContext{"a": "a", "b": "b", "dir/a": "c", "dir/sub/a": "d", "other/sub/b": "e"}
	found, not := 0, 0
	for seed := range uint64(heavytest.Times(1000)) {
		r := rand.New(rand.NewPCG(seed, 17))
		one := func(of ...string) string { return of[r.IntN(len(of))] }
		var text strings.Builder
		text.WriteString("FROM debian AS s0\n")
		stages := 1
		for range 2 + r.IntN(25) {
			switch r.IntN(6) {
			case 0:
				fmt.Fprintf(&text, "FROM %s AS s%d\n", one("debian", "s0", fmt.Sprintf("s%d", stages-1)), stages)
				stages++
			case 1:
				text.WriteString("RUN x\n")
			case 2:
				text.WriteString("ONBUILD RUN x\n")
			default:
				from := one("", "", "", "", "--from=s0 ")
				what := func() string { return one("a", "b", "dir", "other", "gone", "dir/a", "no/sub") }
				if r.IntN(3) == 0 {
					fmt.Fprintf(&text, "COPY %s%s %s %s\n", from, what(), what(), one("/", "/x/", "/x/sub/"))
					continue
				}
				fmt.Fprintf(&text, "COPY %s%s %s\n", from, what(), one("/", "/x", "/x/", "/x/sub", "/x/sub/", "/x/a"))
			}
		}
		d := parse(text.String(), c)
		steps := d.Steps("RUN", "COPY", "ONBUILD")
		for range 3 * len(steps) {
			s := steps[r.IntN(len(steps))]
			full := one("/a", "/x", "/x/a", "/x/b", "/x/sub/a", "/x/sub/b", "/x/dir/a", "/y")
			if s.Image == nil {
				continue
			}
			got, want := s.FileAt(full), plainFileAt(s, full)
			if (got == nil) != (want == nil) || got != nil && got.Path != want.Path {
				t.Fatalf("seed %d: %s before the step at %v of\n%sis %v, want %v", seed, full, s.Span, text.String(),
					got, want)
			}
			if got != nil {
				found++
			} else {
				not++
			}
		}
	}
	if found < 200 || not < 200 {
		t.Errorf("only %d files were found, and %d not", found, not)
	}
}

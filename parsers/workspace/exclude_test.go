package workspace

import (
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"
)

func TestExpandExclude(t *testing.T) {
	for pattern, want := range map[string][]string{
		"a":                {"a"},
		"a,b":              {"a,b"},
		"a/{b,c}":          {"a/b", "a/c"},
		"{a,{b,c}d}e":      {"ae", "bde", "cde"},
		"{a,b}{c,d}":       {"ac", "ad", "bc", "bd"},
		"{a}{,b}":          {"a", "ab"},
		`\{a,b\}`:          {`\{a,b\}`},
		`{a\,b,c}`:         {`a\,b`, "c"},
		"{[,}],b}":         {"[,}]", "b"},
		"x,{a,b},y":        {"x,a,y", "x,b,y"},
		"**/{*.a,b/**}":    {"**/*.a", "**/b/**"},
		"[{]{a,[}]}":       {"[{]a", "[{][}]"},
		"{a,b,}":           {"a", "b", ""},
		"{{{a,b}},c}":      {"a", "b", "c"},
		`[\]{,}]{a,b}`:     {`[\]{,}]a`, `[\]{,}]b`},
		"{a/{b,c},d/[!e]}": {"a/b", "a/c", "d/[!e]"},
	} {
		got, err := ExpandExclude(pattern)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", pattern, err, diff)
		}
	}
	for pattern, want := range map[string]string{
		"{a":                                   "is malformed",
		"[":                                    "is malformed",
		strings.Repeat("{a,a}", 12):            "has more than 2000 alternatives",
		strings.Repeat("{a,a}", 800):           "has more than 2000 alternatives",
		strings.Repeat("a", 4097):              "is longer than 4096 bytes",
		"{" + strings.Repeat("a,", 2001) + "}": "has more than 2000 alternatives",
	} {
		if _, err := ExpandExclude(pattern); err == nil || err.Error() != want {
			t.Errorf("%.20s…: %v, want %s", pattern, err, want)
		}
	}
}

// TestExpandedMeansTheSame matches random patterns as they are and expanded.
func TestExpandedMeansTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(from string, most int) string {
		var b strings.Builder
		for range random.IntN(most) {
			b.WriteByte(from[random.IntN(len(from))])
		}
		return b.String()
	}
	valid, matched := 0, 0
	for range 200_000 {
		pattern := text(`ab/*?{{,,}}[]\!`, 12)
		if !doublestar.ValidatePattern(pattern) {
			continue
		}
		valid++
		expanded, err := ExpandExclude(pattern)
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		for range 10 {
			name := path.Clean("a" + text("aab/,{}", 6))
			want, err := doublestar.Match(pattern, name)
			if err != nil {
				continue // a class that is malformed only inside of an alternative
			}
			got := slices.ContainsFunc(expanded, func(p string) bool { return doublestar.MatchUnvalidated(p, name) })
			// doublestar does not see that "*{*}" matches nothing at all, nor "{*}{}".
			seen := !strings.Contains(pattern, "*{") && !strings.Contains(pattern, "}{")
			if got != want && (want || seen) {
				t.Fatalf("%q, expanded to %q, and %q: %v, want %v", pattern, expanded, name, got, want)
			}
			if want {
				matched++
			}
		}
	}
	if valid < 10_000 || matched < 1000 {
		t.Errorf("%d valid patterns, %d matches", valid, matched)
	}
}

func TestTooManyExcludes(t *testing.T) {
	_, err := Load(Options{Dir: t.TempDir(), Exclude: slices.Repeat([]string{"{a,b}"}, 1001)})
	if err == nil || err.Error() != "there are more than 2000 exclude patterns" {
		t.Error(err)
	}
}

package nixconf

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestBoundaries compares random texts as every release does: the releases that CompareTexts leaves out say what the
// one before them says.
func TestBoundaries(t *testing.T) {
	var names []string
	for _, d := range nixconf.Distributions() {
		target, err := nixconf.ParseTarget(string(d), first(d)+"..")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range target.Releases() {
			names = append(names, d.Settings(v)...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	values := []string{
		"", "true", "0", "3", "5K", "4294967296", "-1", "auto", "x", "/a", "a/b", "a b", "flakes nix-command",
		"https://a.example.org", "http://b.example.org?x=1", "root @wheel", "ca-derivations", "{\"a\": 1}", "a=b",
		"x,y",
		"dynamic-derivations pipe-operators pipe-operator", "url-literals", "fetch-closure", "relaxed",
	}
	r := rand.New(rand.NewPCG(15, 2))
	line := func() string {
		name := names[r.IntN(len(names))]
		switch r.IntN(8) {
		case 0:
			name = "extra-" + name
		case 1:
			name = []string{"experimental-features", "deprecated-features", "substituters", "nix-path"}[r.IntN(4)]
		case 2:
			return []string{"include a.conf", "!include b.conf", "cores", "max-jobs = 2"}[r.IntN(4)]
		}
		return name + " = " + values[r.IntN(len(values))]
	}
	times := 60
	if heavytest.On() {
		times = 3000
	}
	left, all := 0, 0
	for range times {
		before := make([]string, 1+r.IntN(5))
		for n := range before {
			before[n] = line()
		}
		after := slices.Clone(before)
		after[r.IntN(len(after))] = line()
		parse := func(lines []string) *nixconf.File {
			text := strings.Join(lines, "\n") + "\n"
			return nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text))))
		}
		from, to := parse(before), parse(after)
		repair, mends := r.IntN(4) == 0, r.IntN(2) == 0
		for _, d := range nixconf.Distributions() {
			target, _ := nixconf.ParseTarget(string(d), first(d)+"..")
			representative := NewMemory().representatives(target, nil, from, to)
			want := ""
			for _, v := range target.Releases() {
				one := NewMemory().release(d, v, effective.SystemFile)
				got := one.compare(from, to, nil, repair, repair && mends) +
					fmt.Sprint(one.refused(from), one.refused(to))
				all++
				if slices.Contains(representative, v) {
					want = got
					left++
				} else if got != want {
					t.Fatalf("%s %s says %q, and the release before it %q, about\n%s\n==>\n%s", d, v, got, want,
						strings.Join(before, "\n"), strings.Join(after, "\n"))
				}
			}
		}
	}
	if left*2 > all {
		t.Errorf("%d of %d releases are compared", left, all)
	}
}

// first returns the oldest release of a distribution.
func first(d nixconf.Distribution) string { return d.Releases()[0].String() }

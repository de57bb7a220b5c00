package decide

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

func TestDescribeReleases(t *testing.T) {
	one := func(words string) (out []Range) {
		var targets Targets
		for _, w := range strings.Fields(words) {
			if err := targets.Set("runc", w); err != nil {
				t.Fatal(err)
			}
		}
		return targets.Ranges("runc")
	}
	for _, tt := range []struct{ targets, in, want string }{
		{"1.1.5..1.5.3", "1.1.5..1.5.3", ""},
		{"1.1.5..1.5.3", "1.2.8..1.2.9 1.3.3..1.3.7 1.4.0..1.5.3", "since 1.2.8 1.3.3 1.4.0"},
		{"1.1.5..1.5.3", "1.1.5..1.1.15", "up to 1.1.15"},
		{"1.1.5..1.5.3", "1.2.8 1.3.3", " 1.2.8 1.3.3"},
		{"1.1.5 1.5.3", "1.5.3", " 1.5.3"},
		{"1.1.5 1.5.3", "1.1.5", " 1.1.5"},
		{"1.1.5 1.5.3", "1.1.5 1.5.3", ""},
		{"1.1.5 1.3.6 1.5.3", "1.3.6 1.5.3", " 1.3.6 1.5.3"},
		{"1.1.5 1.4.0..1.5.3", "1.4.0..1.5.3", " 1.4.0 to 1.5.3"},
		{"1.1.5 1.4 1.5.3", "1.4 1.5.3", " 1.4 1.5.3"},
		{"1.1.5..1.2.9 1.5.3", "1.2.8..1.2.9 1.5.3", " 1.2.8 1.2.9 1.5.3"},
	} {
		ranges := one(tt.targets)
		releases := MeasuredReleases("runc", ranges...)
		in := make([]bool, len(releases))
		for i, v := range releases {
			for _, r := range one(tt.in) {
				in[i] = in[i] || r.Contains(v)
			}
		}
		preposition, list := DescribeReleases(releases, ranges, in)
		got := preposition
		if list != nil {
			got += " " + strings.Join(list, " ")
		}
		if got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.in, tt.targets, got, tt.want)
		}
	}
}

// Each targeted release is represented by one that AllTargets has, which makes the same filters.
func TestRepresentative(t *testing.T) {
	var targets Targets
	for _, runtime := range []string{"runc", "crun"} {
		all := targets.representatives(runtime)
		ways := waysOf(runtime)
		for _, v := range MeasuredReleases(runtime, targets.Ranges(runtime)...) {
			r := targets.Representative(runtime, v)
			found := false
			for _, a := range all {
				found = found || a == r
			}
			for _, w := range ways {
				if v.Less(w) != r.Less(w) {
					t.Errorf("%s %s is represented by %s, and %s is between them", runtime, v, r, w)
				}
			}
			if !found {
				t.Errorf("%s %s is represented by %s, which is none of %v", runtime, v, r, all)
			}
		}
	}
	if err := targets.Set("runc", "1.1.5"); err != nil {
		t.Fatal(err)
	}
	if got := targets.Representative("runc", seccomp.Version{Major: 1, Minor: 1, Patch: 5}); got != release(1, 1, 5) {
		t.Errorf("1.1.5 alone is represented by %s", got)
	}
}

package reach

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// TestTable holds the table to names that Nix knows, and to effects that a phase can have.
func TestTable(t *testing.T) {
	if !slices.IsSortedFunc(table[:], func(a, b row) int { return strings.Compare(a.setting, b.setting) }) {
		t.Error("the table is not sorted")
	}
	for _, r := range table {
		if facts, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), r.setting); !ok || facts.Name != r.setting {
			t.Errorf("%s is not the canonical name of a setting", r.setting)
		}
		if nixconf.Known(r.setting, nixconf.DefaultTargets()).Coverage == nixconf.None {
			t.Errorf("no release of Nix has the setting %s", r.setting)
		}
		if r.phases == 0 || r.effect == NoEffect {
			t.Errorf("%s reaches nothing", r.setting)
		}
	}
}

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		setting string
		phases  Phase
		want    Effect
	}{
		{"filter-syscalls", Builds, Fails},
		{"filter-syscalls", MayBuild | Fetches, Fails},
		{"filter-syscalls", Substitutes | Fetches, NoEffect},
		{"sandbox", Builds, Differs},
		{"substituters", Substitutes, Wasted},
		{"experimental-features", NewCommand, Fails},
		{"experimental-features", Builds, NoEffect},
		{"keep-outputs", Collects, Differs},
		{"accept-flake-config", NewCommand, Differs},
		{"timeout", Builds, Wasted},
		{"use-cgroups", MayBuild | Collects, Differs},
		{"warn-dirty", ^Phase(0), NoEffect},
		{"no-such-setting", ^Phase(0), NoEffect},
		{"", ^Phase(0), NoEffect},
		{"sandbox", 0, NoEffect},
	} {
		if got := Of(tt.setting, tt.phases); got != tt.want {
			t.Errorf("Of(%q, %b) = %d, want %d", tt.setting, tt.phases, got, tt.want)
		}
	}
}

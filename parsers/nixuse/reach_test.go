package nixuse

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// TestReach holds the table of settings to names that Nix knows, and to effects that a phase can have.
func TestReach(t *testing.T) {
	for name, r := range settingReaches {
		if canonical(name) != name {
			t.Errorf("%s is no canonical name of a setting", name)
		}
		if nixconf.Known(name, nixconf.DefaultTargets()).Coverage == nixconf.None {
			t.Errorf("no release of Nix has the setting %s", name)
		}
		if r.phases == 0 || r.effect == NoEffect {
			t.Errorf("%s reaches nothing", name)
		}
	}
	for _, tt := range []struct {
		setting string
		phases  Phase
		want    Effect
	}{
		{"filter-syscalls", Builds, Fails}, {"filter-syscalls", MayBuild | Fetches, Fails}, {"filter-syscalls", Substitutes | Fetches, NoEffect},
		{"sandbox", Builds, Differs}, {"substituters", Substitutes, Wasted}, {"experimental-features", NewCommand, Fails},
		{"experimental-features", Builds, NoEffect}, {"keep-outputs", Collects, Differs}, {"no-such-setting", ^Phase(0), NoEffect}, {"sandbox", 0, NoEffect},
	} {
		if got := Reach(tt.setting, tt.phases); got != tt.want {
			t.Errorf("Reach(%s, %b) = %d, want %d", tt.setting, tt.phases, got, tt.want)
		}
	}
}

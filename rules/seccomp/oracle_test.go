package seccomp_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp"
)

// fieldRules are the rules about fields that readers ignore, read in two ways or refuse.
var fieldRules = []string{
	"architectures-and-archmap", "archmap-duplicate", "bad-min-kernel", "docker-field-ignored", "duplicate-key",
	"errno-on-other-action", "errno-out-of-range", "errno-zero",
	"host-not-in-archmap", "legacy-name", "min-kernel-ignored", "miscased-field", "name-and-names", "podman-only-errno",
	"profile-disables-seccomp", "unknown-capability",
	"unknown-field", "unknown-filter-arch",
}

// notMeant are the cases in which a consumer silently accepts a profile and does something else than the profile
// says, which is an error too.
var notMeant = map[string]string{
	"empty-object":              "no filter",
	"top-level-array":           "no filter with crun",
	"legacy-name-only":          "the rule is dropped",
	"errnoret-0":                "the call returns 0",
	"errnoret-65536":            "the call returns 0",
	"errnoret-4294967296":       "the call returns 0",
	"case-field-errnoret":       "crun answers EPERM, not ENOSYS",
	"dup-key-defaultAction":     "one of two default actions",
	"dup-key-defaultAction-rev": "one of two default actions",
	"dup-key-action":            "one of two actions",
	"dup-key-names":             "one of two lists",
	"dup-key-syscalls":          "one of two lists, mixed with the other",
	"dup-key-case":              "one of two default actions",
	"archmap-only":              "32-bit programs are killed",
	"archmap-duplicate":         "32-bit programs are killed",
	"archmap-unknown-sub":       "32-bit programs are killed",
	"includes-caps":             "the rule holds for every container",
	"includes-caps-lower":       "the rule holds for no container, or for every one",
	"includes-caps-two":         "the rule holds for every container",
	"includes-arches-amd64":     "the rule holds on every host",
	"includes-arches-x86_64":    "the rule holds on no host, or on every one",
	"minkernel-99.0":            "the rule holds on every kernel",
	"excludes-minkernel-4.8":    "the rule holds on every kernel",
}

// refusedLater are the cases that a loader passes on, and that some runtime refuses then.
var refusedLater = map[string]bool{
	"errnoret-on-kill": true, "defaulterrnoret-on-allow": true, "errnoret-4095": true, "errnoret-4096": true,
	"errnoret-65535": true, "errnoret-4294967295": true,
}

// TestOracleFields holds the rules about fields against what real programs did, each as the only target: no profile
// that one took as it is meant gives an error, and what one refused because of a field does.
// testdata/oracle-fields.txt has all findings; with -update it is rewritten.
func TestOracleFields(t *testing.T) {
	set := only(t, fieldRules)
	refused := 0
	var all answers
	for _, r := range readOracle(t) {
		ids, isError := r.reported(t, set)
		switch {
		case r.took() && isError && notMeant[r.ID] == "" && !(r.Outcome == "accepted" && refusedLater[r.ID]):
			t.Errorf("case %q: %s took the profile as it is meant, and has %q", r.ID, r.who(), ids)
		case !r.took() && isError:
			refused++
		case !r.took() && len(ids) > 0:
			t.Errorf("case %q: %s %s the profile, and has no error but %q", r.ID, r.who(), r.Outcome, ids)
		}
		all.add(r, ids)
	}
	if refused < 40 {
		t.Errorf("%d refusals are reported by rules about fields, want 40 or more", refused)
	}
	all.compare(t, "testdata/oracle-fields.txt")
}

// TestDefaultProfiles reads the default profiles of Docker and Podman as those two do: the rules about fields find
// nothing in them. For containerd, each condition that it ignores is an error, and nothing else is.
func TestDefaultProfiles(t *testing.T) {
	set, err := rules.NewSet([]rules.Pack{seccomp.Pack()}, rules.Selection{Only: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker", "podman"} {
		text, err := os.ReadFile("../../parsers/seccomp/testdata/" + name + "-default.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []record{{Consumer: "docker"}, {Consumer: "podman"}, {Consumer: "containerd"}} {
			r.Profile = string(text)
			ignored := 0
			for _, f := range r.check(t, set) {
				id := strings.TrimPrefix(f.Rule.ID, "seccomp/")
				switch {
				case r.Consumer == "containerd" && id == "docker-field-ignored":
					ignored++
				case slices.Contains(fieldRules, id):
					t.Errorf("%s's profile for %s: %s: %s", name, r.Consumer, id, f.Message)
				}
			}
			if r.Consumer == "containerd" && ignored < 20 {
				t.Errorf("%s's profile for containerd: %d fields are ignored, want 20 or more", name, ignored)
			}
		}
	}
}

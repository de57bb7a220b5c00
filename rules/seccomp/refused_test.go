package seccomp_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp"
)

// refusedRules are the rules about what consumers refuse.
var refusedRules = []string{
	"bad-argument-value", "duplicate-architecture", "empty-name", "empty-names", "filter-too-large",
	"flag-not-supported", "foreign-endian", "invalid-json", "listener-without-notify",
	"missing-default-action", "notify-default", "notify-without-listener", "notify-write", "null-rule", "syntax",
	"unknown-action", "unknown-architecture", "unknown-flag", "unknown-operator",
	"wait-killable-without-notify",
}

// readOtherwise are the cases that a runtime silently accepts and reads as something else than is written, which
// is an error too.
var readOtherwise = map[string]string{
	"names-missing": "runc drops the rule", "names-null": "runc drops the rule",
	"syscalls-object":           "crun reads no rules",
	"names-with-number-element": "crun drops the name",
	"arch-string-not-array":     "crun reads no architectures",
	"errnoret-string":           "crun answers EPERM",
	"arg-value-hex-string":      "crun compares with 0",
	"arg-value-negative":        "crun compares with 2^64-1",
	"args-object":               "crun reads no condition",
	"arg-seven-conditions":      "crun reads six conditions",
}

// refusedForOthers are the cases that are refused, or in which the program does not start, for what other rules are
// about.
var refusedForOthers = map[string]string{
	"empty-object": "profile-disables-seccomp", "top-level-array": "profile-disables-seccomp",
	"trace-default":    "default-allow",
	"legacy-name-only": "legacy-name", "both-name-and-names": "name-and-names",
	"errnoret-on-kill": "errno-on-other-action", "defaulterrnoret-on-allow": "errno-on-other-action",
	"errnoret-4095": "errno-out-of-range", "errnoret-4096": "errno-out-of-range",
	"errnoret-65535": "errno-out-of-range", "errnoret-4294967295": "errno-out-of-range",
	"errnoret-4294967296": "errno-out-of-range",
	"podman-errno-bogus":  "podman-only-errno", "same-cond-different-action": "same-condition-twice",
	"dup-key-defaultAction": "duplicate-key", "dup-key-defaultAction-rev": "duplicate-key",
	"dup-key-case":              "duplicate-key",
	"archmap-and-architectures": "architectures-and-archmap", "minkernel-bad-4": "bad-min-kernel",
	"minkernel-bad-v4.8": "bad-min-kernel", "minkernel-bad-4.x": "bad-min-kernel",
	"glibc-statx-EPERM": "runtime-cannot-start",
}

// TestOracleRefused holds the rules about what consumers refuse against what real programs did, each as the only
// target: what one refused gives an error, and what one took as it is written gives none. ValidateProfile of
// containers/common is no target. testdata/oracle-refused.txt has all findings; with -update it is rewritten.
func TestOracleRefused(t *testing.T) {
	set := only(t, refusedRules)
	records := slices.DeleteFunc(readOracle(t), func(r record) bool { return r.Consumer == "podman-validate" })
	refusedLater := map[string]bool{} // what loaders pass on, and some runtime refuses then
	for _, r := range records {
		if !r.took() && (r.Consumer == "runc" || r.Consumer == "crun") {
			refusedLater[r.ID] = true
		}
	}
	// By ValidateProfile; the recorded runtimes were given a file that still had archMap.
	refusedLater["archmap-unknown-sub"] = true
	refused := 0
	var all answers
	for _, r := range records {
		ids, isError := r.reported(t, set, "linux/amd64") // on which all of it was recorded
		switch {
		case r.took() && isError && readOtherwise[r.ID] == "" && !(r.Outcome == "accepted" && refusedLater[r.ID]):
			t.Errorf("case %q: %s took the profile as it is written, and has %q", r.ID, r.who(), ids)
		case !r.took() && isError:
			refused++
		case !r.took() && refusedForOthers[r.ID] == "":
			t.Errorf("case %q: %s %s the profile, and has no error but %q", r.ID, r.who(), r.Outcome, ids)
		}
		all.add(r, ids)
	}
	if refused < 180 {
		t.Errorf("%d refusals are reported, want 180 or more", refused)
	}
	all.compare(t, "testdata/oracle-refused.txt")
}

// TestDefaultProfilesRefused reads the default profiles of Docker and Podman as each consumer does, without any
// target and with the oldest ones: the rules about what consumers refuse find nothing in them.
func TestDefaultProfilesRefused(t *testing.T) {
	set, err := rules.NewSet([]rules.Pack{seccomp.Pack()}, rules.Selection{Only: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker", "podman"} {
		text, err := os.ReadFile("../../parsers/seccomp/testdata/" + name + "-default.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []record{
			{Consumer: "docker"}, {Consumer: "podman"}, {Consumer: "containerd"},
			{Consumer: "runc", Version: "1.1.5+libseccomp-2.5.4"},
			{Consumer: "crun", Version: "1.8.1+libseccomp-2.5.4"},
		} {
			r.Profile = string(text)
			for _, f := range r.check(t, set) {
				if id := strings.TrimPrefix(f.Rule.ID, "seccomp/"); slices.Contains(refusedRules, id) {
					t.Errorf("%s's profile for %s: %s: %s", name, r.Consumer, id, f.Message)
				}
			}
		}
	}
}

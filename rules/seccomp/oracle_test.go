package seccomp_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/seccomp"
)

// record is one line of the recorded behaviour of real programs; see the README beside the file.
type record struct {
	ID, Profile, Consumer, Version, Outcome string
}

func readOracle(t *testing.T) (records []record) {
	t.Helper()
	raw, err := os.ReadFile("../../parsers/seccomp/testdata/seccomp-oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// check lints the profile of a record with its consumer as the only target, and on platforms where some are given. What a runtime was given is a whole config.json.
func (r *record) check(t *testing.T, set *rules.Set, platforms ...string) []rules.Finding {
	t.Helper()
	text := r.Profile
	targets := workspace.DefaultTargets()
	add := func(consumer, version string) {
		if err := targets.Set(consumer, version); err != nil {
			t.Fatal(err)
		}
	}
	switch r.Consumer {
	case "docker":
		add("docker", "29")
	case "podman", "podman-validate":
		add("podman", "5")
	case "containerd":
		add("containerd", "2")
	default:
		version, libseccomp, _ := strings.Cut(r.Version, "+")
		add(r.Consumer, version)
		if strings.Contains(libseccomp, "2.5.4") {
			add("libseccomp", "debian12")
		} else {
			add("libseccomp", "2.6.1")
		}
		text = `{"ociVersion": "1.0.2", "linux": {"seccomp": ` + text + "}}"
	}
	for _, platform := range platforms {
		add("platform", platform)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seccomp.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ws, err := workspace.Load(workspace.Options{Dir: dir, Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	return rules.Check(ws, set, rules.CheckOptions{}).Findings
}

// fieldRules are the rules about fields that readers ignore, read in two ways or refuse.
var fieldRules = []string{
	"architectures-and-archmap", "archmap-duplicate", "bad-min-kernel", "docker-field-ignored", "duplicate-key", "errno-on-other-action", "errno-out-of-range", "errno-zero",
	"host-not-in-archmap", "legacy-name", "min-kernel-ignored", "miscased-field", "name-and-names", "podman-only-errno", "profile-disables-seccomp", "unknown-capability",
	"unknown-field", "unknown-filter-arch",
}

// notMeant are the cases in which a consumer takes a profile without a word and does something else than the profile says, which is an error too.
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
	"errnoret-on-kill": true, "defaulterrnoret-on-allow": true, "errnoret-4095": true, "errnoret-4096": true, "errnoret-65535": true, "errnoret-4294967295": true,
}

// TestOracleFields holds the rules about fields against what real programs did, each as the only target: no profile that one took as it is meant gives an
// error, and what one refused because of a field does. testdata/oracle-fields.txt has all findings; with -update it is rewritten.
func TestOracleFields(t *testing.T) {
	set, err := rules.NewSet([]rules.Pack{seccomp.Pack()}, rules.Selection{Only: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	told := map[string][]string{} // consumers by case and findings
	var order []string
	for _, r := range readOracle(t) {
		var ids []string
		isError := false
		for _, f := range r.check(t, set) {
			id := strings.TrimPrefix(f.Rule.ID, "seccomp/")
			if slices.Contains(fieldRules, id) {
				ids = append(ids, f.Severity.String()+" "+id)
				isError = isError || f.Severity == rules.Error
			}
		}
		who := r.Consumer
		if who == "runc" || who == "crun" {
			version, _, _ := strings.Cut(r.Version, "+")
			who += " " + version
		}
		took := r.Outcome == "accepted" || r.Outcome == "ran" || r.Outcome == "killed"
		switch {
		case took && isError && notMeant[r.ID] == "" && !(r.Outcome == "accepted" && refusedLater[r.ID]):
			t.Errorf("case %q: %s took the profile as it is meant, and has %q", r.ID, who, ids)
		case !took && isError:
			refused++
		case !took && len(ids) > 0:
			t.Errorf("case %q: %s %s the profile, and has no error but %q", r.ID, who, r.Outcome, ids)
		}
		if len(ids) > 0 {
			key := r.ID + ": " + strings.Join(ids, ", ")
			if told[key] == nil {
				order = append(order, key)
			}
			told[key] = append(told[key], who+" "+r.Outcome)
		}
	}
	if refused < 40 {
		t.Errorf("%d refusals are told by rules about fields, want 40 or more", refused)
	}
	var b strings.Builder
	for _, key := range order {
		b.WriteString(key + "\n\t" + strings.Join(told[key], ", ") + "\n")
	}
	const golden = "testdata/oracle-fields.txt"
	if rulestest.Updating() {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// TestDefaultProfiles reads the default profiles of Docker and Podman as those two do: the rules about fields find nothing in them. For containerd, each condition that it ignores is an
// error, and nothing else is.
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

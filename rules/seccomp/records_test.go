package seccomp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/seccomp"
)

// record is what one program did with one profile.
type record seccomptest.Record

func readOracle(t *testing.T) (records []record) {
	t.Helper()
	for _, r := range seccomptest.Records(t) {
		records = append(records, record(r))
	}
	return records
}

// check lints the profile of a record with its consumer as the only target, and on platforms where some are given.
// What a runtime was given is a whole config.json.
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
	ws := rulestest.InMemory(t, targets, map[string][]byte{"seccomp.json": []byte(text)})
	return rules.Check(ws, set, rules.CheckOptions{}).Findings
}

// only returns some rules of the pack.
func only(t *testing.T, ids []string) *rules.Set {
	t.Helper()
	sel := rules.Selection{}
	for _, id := range ids {
		sel.Only = append(sel.Only, "seccomp/"+id)
	}
	set, err := rules.NewSet([]rules.Pack{seccomp.Pack()}, sel)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// reported returns what those of some rules that the record's profile breaks report, and whether one reports an error.
func (r *record) reported(t *testing.T, set *rules.Set, platforms ...string) (ids []string, isError bool) {
	t.Helper()
	for _, f := range r.check(t, set, platforms...) {
		ids = append(ids, f.Severity.String()+" "+strings.TrimPrefix(f.Rule.ID, "seccomp/"))
		isError = isError || f.Severity == rules.Error
	}
	return ids, isError
}

// took reports whether the consumer took the profile.
func (r *record) took() bool {
	return r.Outcome == "accepted" || r.Outcome == "ran" || r.Outcome == "killed"
}

// who returns the consumer, a runtime with its release.
func (r *record) who() string {
	if r.Consumer != "runc" && r.Consumer != "crun" {
		return r.Consumer
	}
	version, _, _ := strings.Cut(r.Version, "+")
	return r.Consumer + " " + version
}

// answers are the consumers with what they did, by case and findings, in order.
type answers struct {
	consumers map[string][]string
	order     []string
}

func (a *answers) add(r record, ids []string) {
	if len(ids) == 0 {
		return
	}
	key := r.ID + ": " + strings.Join(ids, ", ")
	if a.consumers == nil {
		a.consumers = map[string][]string{}
	}
	if a.consumers[key] == nil {
		a.order = append(a.order, key)
	}
	a.consumers[key] = append(a.consumers[key], r.who()+" "+r.Outcome)
}

// compare compares the answers with a file, which -update rewrites.
func (a *answers) compare(t *testing.T, golden string) {
	t.Helper()
	var b strings.Builder
	for _, key := range a.order {
		b.WriteString(key + "\n\t" + strings.Join(a.consumers[key], ", ") + "\n")
	}
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

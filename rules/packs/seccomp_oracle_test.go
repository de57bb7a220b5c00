package packs_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// seccompRecord is a line of the recorded behaviour of the programs that read seccomp profiles; see the README beside it.
type seccompRecord struct {
	ID, Group, Profile, Consumer, Version, Outcome, Note string
}

// refused reports whether the consumer did not take the profile, or could not start the container with it.
func (r seccompRecord) refused() bool {
	return r.Outcome == "rejected" || r.Outcome == "crashed" || r.Outcome == "start-failed"
}

// target returns the flags that make the record's consumer the target, and the file as that consumer got it: the loaders a profile, the runtimes a bundle.
func (r seccompRecord) target() (flags []string, name, text string) {
	switch r.Consumer {
	case "docker":
		return []string{"docker=29"}, "seccomp.json", r.Profile
	case "podman":
		return []string{"podman=5"}, "seccomp.json", r.Profile
	case "containerd":
		return []string{"containerd=2"}, "seccomp.json", r.Profile
	}
	version, lib, _ := strings.Cut(r.Version, "+libseccomp-")
	if lib == "2.5.4" {
		lib = "2.5.4-1+deb12u1"
	}
	return []string{r.Consumer + "=" + version, "libseccomp=" + lib}, "config.json",
		`{"ociVersion": "1.0.2", "process": {"args": ["/probe"], "cwd": "/", "noNewPrivileges": true, "capabilities": {"bounding": ["CAP_KILL"]}}, "linux": {"seccomp": ` + r.Profile + `}}`
}

// errorsIn returns the ids of the rules that report an error, sorted, each once.
func (r seccompRecord) errorsIn(t *testing.T, set *rules.Set) (ids []string) {
	t.Helper()
	flags, name, text := r.target()
	targets := workspace.DefaultTargets()
	for _, flag := range flags {
		consumer, version, _ := strings.Cut(flag, "=")
		if err := targets.Set(consumer, version); err != nil {
			t.Fatal(err)
		}
	}
	ws, err := workspace.Load(workspace.Options{Dir: t.TempDir(), Paths: []string{"-"}, Stdin: []byte(text), StdinName: name, Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	result := rules.Check(ws, set, rules.CheckOptions{})
	if result.Checked != 1 {
		t.Errorf("case %q for %s: it is not taken for a profile", r.ID, r.Consumer)
	}
	for _, f := range result.Findings {
		if f.Severity == rules.Error && !slices.Contains(ids, f.Rule.ID) {
			ids = append(ids, f.Rule.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func readSeccompRecords(t *testing.T) (records []seccompRecord) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "parsers", "seccomp", "testdata", "seccomp-oracle.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r seccompRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Consumer != "podman-validate" { // which no program of the list runs on a profile that it puts in force
			records = append(records, r)
		}
	}
	return records
}

// TestSeccompRecorded compares the errors that are reported with what the programs did.
func TestSeccompRecorded(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readSeccompRecords(t) {
		ids := r.errorsIn(t, set)
		if r.refused() && len(ids) == 0 {
			t.Logf("MISS %s %s %s", r.ID, r.Consumer, r.Version)
		}
		if !r.refused() && len(ids) > 0 {
			t.Logf("ERR %s %s %.6s %s", r.ID, r.Consumer, r.Version, strings.Join(ids, " "))
		}
	}
}

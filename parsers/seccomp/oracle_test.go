package seccomp

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

// brokenButLoaded are the cases that the loaders of Docker, Podman or containerd let pass although the profile breaks
// the schema. Each was refused, or read in two ways, further down: see the other records of the case.
var brokenButLoaded = map[string]string{
	"empty-object":                  `no-default-action: profile has no "defaultAction"`,
	"missing-default-with-syscalls": `no-default-action: profile has no "defaultAction"`,
	"syscalls-null-element":         `null-rule: rule 1 is null, on which Docker and Podman crash`,
	"missing-rule-action":           `shape: rule 1 has no "action"`,
	"names-missing":                 `shape: rule 1 has no "names"`,
	"names-null":                    `shape: rule 1 has no "names"`,
	"arg-index-6":                   `argument: "index" is 6; the arguments of a syscall have the indices 0 to 5`,
	"arg-missing-op":                `operator: argument condition 1 has no "op"`,
	"arg-missing-index":             `no-argument: argument condition 1 has no "index", so runc and crun read it as 0`,
	"arg-seven-conditions": `many-arguments: "args" has 7 conditions; a syscall has 6 arguments, and crun ` +
		`up to 1.29 reads the first 6 conditions only`,
	"minkernel-number": `min-kernel-shape: "minKernel" is 4.8, not a string`, // Docker alone reads it
}

// containerd's loader decodes and does nothing else, so what it refuses is refused for its JSON or its shape.
func TestParseAgreesWithContainerd(t *testing.T) {
	refused := 0
	for _, r := range seccomptest.Records(t) {
		if r.Consumer != "containerd" {
			continue
		}
		p := Parse(source.NewFile("p.json", []byte(r.Profile)))
		if r.Outcome != "accepted" {
			refused++
			if len(p.Problems) == 0 {
				t.Errorf("case %q: refused by containerd, but no problem found in %s", r.ID, r.Profile)
			}
			continue
		}
		got := ""
		for _, problem := range p.Problems {
			got += problem.Kind + ": " + problem.Message
		}
		if want := brokenButLoaded[r.ID]; got != want {
			t.Errorf("case %q, accepted by containerd: problems %q, want %q", r.ID, got, want)
		}
	}
	if refused < 16 {
		t.Errorf("containerd refused %d cases, want 16 or more", refused)
	}
}

// A loader that fails to decode, or crashes, has met a problem that Parse must name.
func TestParseFindsWhatDecodersRefuse(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range seccomptest.Records(t) {
		if r.Outcome != "crashed" && !strings.Contains(r.Stderr, "json: cannot unmarshal") &&
			!strings.Contains(r.Stderr, "invalid character") {
			continue
		}
		seen[r.Consumer] = true
		if p := Parse(source.NewFile("p.json", []byte(r.Profile))); len(p.Problems) == 0 {
			t.Errorf("case %q: %s %s: %s: but no problem found in %s", r.ID, r.Consumer, r.Outcome, r.Stderr, r.Profile)
		}
	}
	for _, consumer := range []string{"docker", "podman", "podman-validate", "containerd", "runc"} {
		if !seen[consumer] {
			t.Errorf("no case is refused by %s", consumer)
		}
	}
}

// Every profile that runtimes ran is recognised by its content, under any name.
func TestSniffRecorded(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range seccomptest.Records(t) {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		switch r.ID {
		case "empty-object", "top-level-array", "string-value-type": // nothing in them says what they are
		default:
			if !Sniff(source.NewFile("conf/default.json", []byte(r.Profile))) {
				t.Errorf("case %q is not taken for a profile: %s", r.ID, r.Profile)
			}
		}
		if !Sniff(source.NewFile("seccomp.json", []byte(r.Profile))) {
			t.Errorf("case %q is not taken for a profile in seccomp.json: %s", r.ID, r.Profile)
		}
	}
}

package packs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// seccompRecord is what one program did with one profile.
type seccompRecord seccomptest.Record

// refused reports whether the consumer did not take the profile, or could not start the container with it.
func (r seccompRecord) refused() bool {
	return r.Outcome == "rejected" || r.Outcome == "crashed" || r.Outcome == "start-failed"
}

// target returns the flags that make the record's consumer the target, and the file as that consumer got it: the
// loaders a profile, the runtimes a bundle.
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
		`{"ociVersion": "1.0.2", "process": {"args": ["/probe"], "cwd": "/", "noNewPrivileges": true, ` +
			`"capabilities": {"bounding": ["CAP_KILL"]}}, "linux": {"seccomp": ` + r.Profile + `}}`
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
	ws, err := rules.Load(workspace.Options{
		Dir: t.TempDir(), Paths: []string{"-"}, Stdin: []byte(text), StdinName: name, Targets: targets,
	})
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
	for _, r := range seccomptest.Records(t) {
		if r.Consumer != "podman-validate" { // which no program of the list runs on a profile that it puts in force
			records = append(records, seccompRecord(r))
		}
	}
	return records
}

// recordedErrors are the rules that may report an error about a profile that a program took, by case, and why that is
// right nevertheless. A case with a slash is for the programs whose name and version begin so. What is not listed
// must have no error for a consumer that took it.
var recordedErrors = []struct{ cases, rules, reason string }{
	{
		"arch-empty-string arch-goname arch-lowercase arch-unknown archmap-unknown-sub", "unknown-architecture",
		"the loader copies the name, and the runtime refuses it",
	},
	{
		"lowercase-default-action short-action-name empty-default-with-syscalls", "unknown-action",
		"the loader copies the action, and the runtime refuses it",
	},
	{"missing-default-with-syscalls", "missing-default-action", "the loader takes it, and the runtime refuses it"},
	{
		"missing-rule-action arg-missing-op arg-index-6 syscalls-null-element", "syntax null-rule bad-argument-value",
		"the loader takes it, and the runtime refuses it",
	},
	{
		"arch-sh-le arch-riscv64 arch-loongarch64", "unknown-architecture",
		"the loader copies the name, and runc, or an old one, refuses it",
	},
	{
		"arg-unknown-op arg-op-symbol arg-missing-op", "unknown-operator",
		"the loader copies the operator, and the runtime refuses it",
	},
	{
		"arch-m68k arch-sheb arch-parisc", "foreign-endian unknown-architecture",
		"the loader copies the name, and libseccomp refuses it beside the host's",
	},
	{"flags-short", "unknown-flag", "the loader copies the flag, and the runtime refuses it"},
	{
		"flags-tsync flags-wait-killable", "flag-not-supported wait-killable-without-notify",
		"the loader copies the flag, and runc refuses it",
	},
	{"notify-default", "notify-default notify-without-listener", "the loader copies it, and no container starts"},
	{"listener-without-notify", "listener-without-notify", "the loader copies it, and crun refuses it"},
	{"same-cond-different-action", "same-condition-twice", "the loader copies the rules, and libseccomp refuses them"},
	{
		"errnoret-4095 errnoret-4096 errnoret-65535 errnoret-4294967295", "errno-out-of-range",
		"the loader copies the number, and libseccomp refuses it",
	},
	{
		"errnoret-on-kill defaulterrnoret-on-allow", "errno-on-other-action",
		"the loader copies the number, and crun refuses it",
	},
	{"trace-default", "default-allow runtime-cannot-start", "the loader copies it, and no container starts"},

	{
		"errnoret-65536 errnoret-4294967296", "errno-out-of-range errno-zero",
		"the number is cut to 16 bits, and the call seems to succeed",
	},
	{"errnoret-0", "errno-zero", "the call seems to succeed"},
	{"empty-object", "profile-disables-seccomp missing-default-action", "the container runs without a filter"},
	{
		"top-level-array", "profile-disables-seccomp syntax",
		"crun runs the container without a filter, the others refuse the file",
	},
	{
		"unknown-syscall name-number name-sys-prefix name-glob name-comma-joined newer-than-libseccomp-2.6.1",
		"unknown-syscall", "the rule has no effect",
	},
	{"names-missing names-null", "syntax", "the rule has no effect, and crun refuses it"},
	{"legacy-name-only", "docker-field-ignored legacy-name", "the rule has no effect"},
	{"archmap-only archmap-duplicate archmap-unknown-sub includes-caps includes-caps-lower includes-caps-two " +
		"includes-arches-amd64 includes-arches-x86_64 minkernel-4.8 minkernel-99.0 excludes-minkernel-4.8",
		"docker-field-ignored", "the field is not read"},
	{"includes-arches-x86_64", "unknown-filter-arch", "the name never matches"},
	{"includes-caps-lower", "unknown-capability", "the name never matches"},
	{"minkernel-number", "syntax", "Docker refuses it, and the others do not read it"},
	{"cond-deny-then-uncond-allow uncond-allow-then-cond-deny", "dead-argument-rule", "the rule has no effect"},
	{"conflict-allow-then-errno conflict-errno13-errno38", "contradictory-actions", "the second rule has no effect"},
	{
		"default-pd default-pda", "contradictory-actions",
		"containers/common allows setns and then denies it, which has no effect",
	},
	{
		"default-pd default-pda default-dd010 default-dd023 arg-upper-bits-ne", "upper-bits-ignored",
		"the call with a bit in the upper half was seen to pass",
	},
	{"arg-missing-index arg-mixed-duplicate-index arg-seven-conditions merge-eq-plus-ne-and-eq " +
		"merge-lt-and-lt-plus-gt merge-lt-big-lt-small overlap-arg0-arg1 same-cond-different-action",
		"upper-bits-ignored",
		"a bit in the upper half of the register avoids the condition, and the call is made all the same"},
	{
		"default-pd", "overlapping-argument-rules",
		"socket(2) of a vsock meets the rule that allows all but netlink too, and libseccomp decides",
	},
	{"defaulterrno-string", "runtime-cannot-start", "it denies every call"},
	{
		"docker-default-under-containerd-cri", "contradictory-actions dead-argument-rule",
		"without Docker's conditions the rules of its default profile contradict each other",
	},
	{"arg-index-beyond-nargs", "argument-not-in-syscall", "the register means nothing to the call"},
	{"arg-missing-index", "syntax bad-argument-value", "the condition is about the first argument"},
	{
		"arg-range-same-index arg-mixed-duplicate-index arg-seven-conditions", "repeated-argument-index",
		"the conditions are alternatives",
	},
	{
		"overlap-ge3-13-ge5-38 overlap-ge5-38-ge3-13 overlap-arg0-arg1 overlap-eq-mask", "overlapping-argument-rules",
		"libseccomp decides, not the order in the file",
	},
	{
		"glibc-clone3-EPERM stub-plus-cachestat-glibc stub-max-334/crun stub-plus-mseal/crun " +
			"stub-plus-mseal/runc-1.5 stub-plus-mseal-glibc/crun stub-plus-mseal-glibc/runc-1.5", "clone3-not-enosys",
		"pthread_create was seen to fail",
	},
	{
		"glibc-statx-EPERM/docker glibc-statx-EPERM/podman glibc-statx-EPERM/containerd", "runtime-cannot-start",
		"runc 1.5.1 does not start a container",
	},
	{
		"dup-key-action dup-key-case dup-key-defaultAction dup-key-defaultAction-rev dup-key-names dup-key-syscalls",
		"duplicate-key", "the programs do not agree on which counts",
	},
	{"case-field-errnoret", "miscased-field", "crun does not read the field"},
	{"arg-value-hex-string arg-value-negative args-object errnoret-string names-with-number-element syscalls-object " +
		"arch-string-not-array line-comment", "syntax bad-argument-value invalid-json",
		"crun alone takes it, the loaders that hand it profiles do not"},
	{"arch-no-prefix", "unknown-architecture", "crun alone takes the name without its prefix"},
	{"arg-seven-conditions", "syntax bad-argument-value", "crun up to 1.29 does not read the seventh"},
}

// recordedGaps are the refused profiles about which no error is reported yet, by case, with what is missing.
var recordedGaps = map[string]string{
	"arch-m68k": "it was recorded on x86_64, whose byte order is another one; the profile is taken for one of a " +
		"host of its architecture",
	"arch-parisc": "it was recorded on x86_64, whose byte order is another one; the profile is taken for one of a " +
		"host of its architecture",
	"arch-sheb": "it was recorded on x86_64, whose byte order is another one; the profile is taken for one of a " +
		"host of its architecture",
}

// TestSeccompRecorded compares the errors that are reported with what the programs did: where they refused a profile
// or could not start a container with it, there is one, and where they did not, there is none but those of
// recordedErrors.
func TestSeccompRecorded(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	allowed := func(r seccompRecord, rule string) bool {
		for _, e := range recordedErrors {
			for _, c := range strings.Fields(e.cases) {
				id, program, _ := strings.Cut(c, "/")
				if id == r.ID && strings.HasPrefix(r.Consumer+"-"+r.Version, program) &&
					slices.Contains(strings.Fields(e.rules), strings.TrimPrefix(rule, "seccomp/")) {
					return true
				}
			}
		}
		return false
	}
	gaps, clean, refused, misses := map[string]bool{}, 0, 0, 0
	records := readSeccompRecords(t)
	for _, r := range records {
		ids := r.errorsIn(t, set)
		if r.refused() {
			refused++
			if len(ids) > 0 {
				continue
			}
			misses++
			if missing := recordedGaps[r.ID]; missing == "" {
				t.Errorf("case %q: %s %s %s it, and no error is reported", r.ID, r.Consumer, r.Version, r.Outcome)
			} else if !gaps[r.ID] {
				gaps[r.ID] = true
				t.Logf("known gap: case %q for %s %s: %s", r.ID, r.Consumer, r.Version, missing)
			}
			continue
		}
		if len(ids) == 0 {
			clean++
		}
		for _, rule := range ids {
			if !allowed(r, rule) {
				misses++
				t.Errorf("case %q: %s %s %s it, and %s reports an error", r.ID, r.Consumer, r.Version, r.Outcome, rule)
			}
		}
	}
	for id := range recordedGaps {
		if !gaps[id] {
			t.Errorf("case %q is no gap any more: take it off the list", id)
		}
	}
	t.Logf("%d records: %d refused, %d without an error, %d disagree", len(records), refused, clean, misses)
	if misses*100 > len(records) {
		t.Errorf("%d of %d records disagree, more than one in a hundred", misses, len(records))
	}
	if refused < 235 || clean < 330 {
		t.Errorf("%d records are refused and %d clean, want 235 and 330", refused, clean)
	}
}

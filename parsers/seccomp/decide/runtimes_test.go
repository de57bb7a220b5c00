package decide

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

func TestMeasuredNeedsNameSyscalls(t *testing.T) {
	for _, m := range measuredNeeds {
		if !slices.IsSorted(m.always) || !slices.IsSorted(m.early) {
			t.Errorf("%s %s: not sorted", m.runtime, m.version)
		}
		for _, name := range slices.Concat(m.always, m.early, m.earlyChoice) {
			if _, ok := seccomp.LookupSyscall(name); !ok {
				t.Errorf("%q is no syscall", name)
			}
		}
	}
}

func TestRuntimeRequired(t *testing.T) {
	for _, tt := range []struct {
		runtime string
		version seccomp.Version
		nnp     bool
		want    string
	}{
		{"runc", release(1, 1, 5), true, "close execve fstatfs getdents64 openat write"},
		{"runc", release(1, 5, 1), true, "close execve fstat fstatfs getdents64 openat statx write"},
		{"runc", release(1, 2, 0), true, "close execve fstatfs getdents64 openat write"},
		{"runc", release(1, 0, 0), true, "close execve fstatfs getdents64 openat write"},
		{"runc", release(2, 0, 0), true, "close execve fstat fstatfs getdents64 openat statx write"},
		{
			"runc", release(1, 2, 0), false,
			"capget capset chdir close execve fstat fstatfs getcwd getdents64 getppid newfstatat openat prctl read " +
				"setgid setgroups setuid write",
		},
		{"crun", release(1, 29, 1), true, "execve"},
		{"crun", release(1, 8, 1), false, "capset execve prctl rt_sigaction rt_sigprocmask setresgid setresuid"},
		{"youki", release(0, 4, 0), false, ""},
	} {
		if got := strings.Join(RuntimeRequired(tt.runtime, tt.version, tt.nnp), " "); got != tt.want {
			t.Errorf("%s %s, no_new_privs %v: %q, want %q", tt.runtime, tt.version, tt.nnp, got, tt.want)
		}
	}
}

func TestRuntimeChoice(t *testing.T) {
	if got, want := RuntimeChoice("runc", release(1, 1, 5), false), []string{
		"faccessat", "faccessat2",
	}; !slices.Equal(got, want) {
		t.Errorf("runc 1.1.5: %v, want %v", got, want)
	}
	if RuntimeChoice("runc", release(1, 1, 5), true) != nil || RuntimeChoice("runc", release(1, 2, 0), false) != nil ||
		RuntimeChoice("crun", release(1, 8, 1), false) != nil || RuntimeChoice("", seccomp.Version{}, false) != nil {
		t.Error("others need neither")
	}
}

func TestMeasuredReleases(t *testing.T) {
	var targets Targets
	for _, tt := range []struct {
		runtime string
		r       Range
		want    []seccomp.Version
	}{
		{"runc", targets.Range("runc"), []seccomp.Version{release(1, 1, 5), release(1, 5, 1)}},
		{"crun", targets.Range("crun"), []seccomp.Version{release(1, 8, 1), release(1, 27, 0)}},
		{"runc", Range{release(1, 2, 0), release(1, 2, 9)}, []seccomp.Version{release(1, 2, 0), release(1, 2, 9)}},
		{"runc", Range{release(1, 3, 0), release(1, 3, 0)}, []seccomp.Version{release(1, 3, 0)}},
		{"runc", Range{release(1, 6, 0), release(1, endless, endless)}, []seccomp.Version{release(1, 6, 0)}},
	} {
		if diff := cmp.Diff(tt.want, MeasuredReleases(tt.runtime, tt.r)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.runtime, tt.r, diff)
		}
	}
}

package seccomp

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

func TestGroupsNameSyscalls(t *testing.T) {
	var names []string
	for _, f := range FallbackCapable() {
		names = append(append(names, f.Name), f.To...)
	}
	for _, n := range ProcessNeeds() {
		names = append(names, n.AnyOf...)
	}
	for _, m := range measuredNeeds {
		names = append(append(append(names, m.always...), m.early...), m.earlyChoice...)
		if !slices.IsSorted(m.always) || !slices.IsSorted(m.early) {
			t.Errorf("%s %s: not sorted", m.runtime, m.version)
		}
	}
	for _, name := range names {
		if _, ok := LookupSyscall(name); !ok {
			t.Errorf("%q is no syscall", name)
		}
	}
}

func TestFallbackCapableIsInOrder(t *testing.T) {
	last := 0
	for _, f := range FallbackCapable() {
		s, _ := LookupSyscall(f.Name)
		n, ok := s.Number("x86_64")
		if !ok || n <= last {
			t.Errorf("%s has number %d after %d", f.Name, n, last)
		}
		last = n
		if f.By == "" || len(f.To) == 0 {
			t.Errorf("%s: who falls back on what?", f.Name)
		}
	}
}

// The pairs are all names that came with Linux 5.1 and end in 64, and both take the same arguments.
func TestTime64TwinsAreThoseOfLinux51(t *testing.T) {
	var want, got []string
	for _, name := range Syscalls() {
		if s, _ := LookupSyscall(name); s.Kernel == "5.1" && strings.HasSuffix(name, "64") {
			want = append(want, name)
		}
	}
	for i, pair := range Time64Twins() {
		got = append(got, pair.Twin)
		old, ok := LookupSyscall(pair.Name)
		twin, _ := LookupSyscall(pair.Twin)
		switch {
		case !ok || !strings.HasPrefix(pair.Twin, pair.Name):
			t.Errorf("%s is no twin of %s", pair.Twin, pair.Name)
		case twin.On("x86_64") || !twin.On("x86") || !twin.On("arm") || !old.On("arm"):
			t.Errorf("%s exists on %v", pair.Twin, twin.ABIs())
		case i > 0 && pair.Name <= Time64Twins()[i-1].Name:
			t.Errorf("%s is out of place", pair.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRuntimeRequired(t *testing.T) {
	for _, tt := range []struct {
		runtime string
		version Version
		nnp     bool
		want    string
	}{
		{"runc", Version{1, 1, 5}, true, "close execve fstatfs getdents64 openat write"},
		{"runc", Version{1, 5, 1}, true, "close execve fstat fstatfs getdents64 openat statx write"},
		{"runc", Version{1, 2, 0}, true, "close execve fstatfs getdents64 openat write"},
		{"runc", Version{1, 0, 0}, true, "close execve fstatfs getdents64 openat write"},
		{"runc", Version{2, 0, 0}, true, "close execve fstat fstatfs getdents64 openat statx write"},
		{"runc", Version{1, 2, 0}, false, "capget capset chdir close execve fstat fstatfs getcwd getdents64 getppid newfstatat openat prctl read setgid setgroups setuid write"},
		{"crun", Version{1, 29, 1}, true, "execve"},
		{"crun", Version{1, 8, 1}, false, "capset execve prctl rt_sigaction rt_sigprocmask setresgid setresuid"},
		{"youki", Version{0, 4, 0}, false, ""},
	} {
		if got := strings.Join(RuntimeRequired(tt.runtime, tt.version, tt.nnp), " "); got != tt.want {
			t.Errorf("%s %s, no_new_privs %v: %q, want %q", tt.runtime, tt.version, tt.nnp, got, tt.want)
		}
	}
}

func TestRuntimeChoice(t *testing.T) {
	if got, want := RuntimeChoice("runc", Version{1, 1, 5}, false), []string{"faccessat", "faccessat2"}; !slices.Equal(got, want) {
		t.Errorf("runc 1.1.5: %v, want %v", got, want)
	}
	if RuntimeChoice("runc", Version{1, 1, 5}, true) != nil || RuntimeChoice("runc", Version{1, 2, 0}, false) != nil || RuntimeChoice("crun", Version{1, 8, 1}, false) != nil || RuntimeChoice("", Version{}, false) != nil {
		t.Error("others need neither")
	}
}

func TestMeasuredReleases(t *testing.T) {
	var targets Targets
	for _, tt := range []struct {
		runtime string
		r       Range
		want    []Version
	}{
		{"runc", targets.Range("runc"), []Version{{1, 1, 5}, {1, 5, 1}}},
		{"crun", targets.Range("crun"), []Version{{1, 8, 1}, {1, 27, 0}}},
		{"runc", Range{Version{1, 2, 0}, Version{1, 2, 9}}, []Version{{1, 2, 0}, {1, 2, 9}}},
		{"runc", Range{Version{1, 3, 0}, Version{1, 3, 0}}, []Version{{1, 3, 0}}},
		{"runc", Range{Version{1, 6, 0}, Version{1, endless, endless}}, []Version{{1, 6, 0}}},
	} {
		if diff := cmp.Diff(tt.want, MeasuredReleases(tt.runtime, tt.r)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.runtime, tt.r, diff)
		}
	}
}

func TestNoNewPrivileges(t *testing.T) {
	for text, want := range map[string]bool{
		`{"ociVersion":"1.0.2","process":{"noNewPrivileges":true},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`:  true,
		`{"ociVersion":"1.0.2","process":{"noNewPrivileges":false},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`: false,
		`{"ociVersion":"1.0.2","process":{},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`:                        false,
		`{"ociVersion":"1.0.2","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`:                                     false,
	} {
		if p := Parse(source.NewFile("config.json", []byte(text))); p.NoNewPrivileges != want {
			t.Errorf("%s: %v", text, p.NoNewPrivileges)
		}
	}
}

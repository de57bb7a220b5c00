package seccomp

import (
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

func TestNoNewPrivileges(t *testing.T) {
	for text, want := range map[string]bool{
		`{"ociVersion":"1.0.2","process":{"noNewPrivileges":true},` +
			`"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`: true,
		`{"ociVersion":"1.0.2","process":{"noNewPrivileges":false},` +
			`"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`: false,
		`{"ociVersion":"1.0.2","process":{},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`: false,
		`{"ociVersion":"1.0.2","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}`:              false,
	} {
		if p := Parse(source.NewFile("config.json", []byte(text))); p.NoNewPrivileges != want {
			t.Errorf("%s: %v", text, p.NoNewPrivileges)
		}
	}
}

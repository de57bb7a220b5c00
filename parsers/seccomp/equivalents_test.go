package seccomp

import (
	"slices"
	"testing"
)

func TestTwinsAndDangersAreSyscalls(t *testing.T) {
	for _, g := range AllTwins() {
		for _, name := range append(slices.Clone(g.Of), g.By...) {
			if !known(name) {
				t.Errorf("%s: %q is no syscall", g.What, name)
			}
		}
	}
	for _, d := range Dangers() {
		for _, name := range d.Names {
			if !known(name) {
				t.Errorf("%s: %q is no syscall", d.What, name)
			}
		}
	}
}

func TestEquivalents(t *testing.T) {
	for name, want := range map[string][]string{
		"chmod":    {"fchmod", "fchmodat", "fchmodat2"},
		"creat":    {"open", "openat", "openat2"},
		"open":     {"openat", "openat2"},
		"rmdir":    {"unlinkat"},
		"ptrace":   {"process_vm_readv", "process_vm_writev"},
		"getpid":   nil,
		"nonsense": nil,
	} {
		if got := Equivalents(name); !slices.Equal(got, want) {
			t.Errorf("Equivalents(%q) = %q, want %q", name, got, want)
		}
	}
}

package nested

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

func TestTools(t *testing.T) {
	if names := Names(); !slices.IsSorted(names) {
		t.Errorf("the tools are not sorted: %v", names)
	}
	for _, tool := range Tools() {
		for _, n := range tool.Needs {
			if _, ok := seccomp.LookupSyscall(n.Syscall); !ok {
				t.Errorf("%s: %q is not a syscall", tool.Name, n.Syscall)
			}
			if n.Without == "" || (n.Program == "") != n.Since.IsZero() {
				t.Errorf("%s: %s: no message, or a program without a release", tool.Name, n.Syscall)
			}
		}
		if len(tool.Measured) == 0 {
			t.Errorf("%s: nothing was measured", tool.Name)
		}
		for _, o := range tool.Options {
			if (o.Docker == "") != (o.Podman == "") || o.Why == "" {
				t.Errorf("%s: an option for one engine alone: %+v", tool.Name, o)
			}
		}
	}
}

func TestSyscalls(t *testing.T) {
	tool, ok := Lookup("bubblewrap")
	if !ok {
		t.Fatal("bubblewrap is not known")
	}
	if got := strings.Join(tool.Syscalls(nil), " "); got != "clone mount mount_setattr pivot_root umount2 unshare" {
		t.Errorf("got %s", got)
	}
	for version, want := range map[string]bool{"0.8": false, "0.12.0": false, "0.13": true, "0.13.1": true} {
		v, _ := seccomp.ParseVersion(version)
		got := tool.Syscalls(map[string]seccomp.Version{"bubblewrap": v})
		if slices.Contains(got, "mount_setattr") != want {
			t.Errorf("bubblewrap %s needs %v", version, got)
		}
	}
}

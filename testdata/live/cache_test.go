package live

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
)

// cachingBundle is a container whose profile has a syscall that does not exist.
const cachingBundle = `{"ociVersion": "1.0.2",
"process": {"args": ["/usr/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "noNewPrivileges": true},
"root": {"path": "rootfs"},
"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
{"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]}],
"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}], "seccomp": PROFILE}}`

const misspeltProfile = `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
"syscalls": [{"names": ["unlinkatt"], "action": "SCMP_ACT_ERRNO"}]}`

// TestCachedFilter starts a container twice with crun, which warns of an unknown syscall, at its debug level, when it
// compiles the profile, and not when it takes the filter from its cache. What sandlint says is the same each time, and
// once its fix is applied crun has nothing to say.
func TestCachedFilter(t *testing.T) {
	heavytest.Need(t, "starts containers of crun")
	crun := cachingRuntime()
	if crun == nil {
		heavytest.Skip(t, "no crun 1.14 or later starts containers here")
	}
	const warning = "unknown seccomp syscall"
	runs := func(profile string) (said [2]bool) {
		bundle := t.TempDir()
		for _, folder := range []string{"proc", "dev", "sys", "usr"} {
			if err := os.MkdirAll(filepath.Join(bundle, "rootfs", folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, link := range []string{"lib", "lib64", "bin"} {
			if err := os.Symlink("usr/"+link, filepath.Join(bundle, "rootfs", link)); err != nil {
				t.Fatal(err)
			}
		}
		config := strings.ReplaceAll(cachingBundle, "PROFILE", profile)
		if err := os.WriteFile(filepath.Join(bundle, "config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		for n, id := range []string{"first", "second"} {
			state := filepath.Join(bundle, "state")
			args := []string{"--debug", "--root", state, "run", "--bundle", bundle, "sandlint-" + id}
			out, err := crun.Command(args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			said[n] = strings.Contains(string(out), warning)
			t.Logf("%s run: %s", id, lineWith(string(out), warning))
		}
		return said
	}
	if said := runs(misspeltProfile); said != [2]bool{true, false} {
		t.Errorf("crun warned in the first run: %t, in the second: %t", said[0], said[1])
	}

	sandlint, folder := product(t), t.TempDir()
	profile := filepath.Join(folder, "seccomp.json")
	if err := os.WriteFile(profile, []byte(misspeltProfile), 0o644); err != nil {
		t.Fatal(err)
	}
	check := func() string {
		cmd := exec.Command(string(sandlint), "check", "--no-shellcheck", "--format", "json", folder)
		out, _ := cmd.Output() // exit status 1 for findings
		return string(out)
	}
	first, second := check(), check()
	if first != second || !strings.Contains(first, `"seccomp/unknown-syscall"`) {
		t.Errorf("two runs of sandlint:\n%s\n%s", first, second)
	}
	fix := exec.Command(string(sandlint), "fix", "--unsafe", "-w", "--only", "seccomp/unknown-syscall", folder)
	if out, err := fix.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fixed, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	if said := runs(string(fixed)); said != [2]bool{} {
		t.Errorf("crun still warns with\n%s", fixed)
	}
}

// cachingRuntime returns the newest crun that keeps filters, nil where there is none.
func cachingRuntime() *seccomptest.Runtime {
	all := slices.DeleteFunc(slices.Clone(seccomptest.Runtimes()), func(r *seccomptest.Runtime) bool {
		v, ok := seccomp.ParseVersion(r.Version)
		least, _ := seccomp.ParseVersion("1.14")
		return r.Name != "crun" || !ok || v.Less(least)
	})
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

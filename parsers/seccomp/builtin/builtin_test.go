package builtin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// lookup returns a profile that must exist.
func lookup(t *testing.T, name string) *seccomp.Profile {
	t.Helper()
	p, err := builtin.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// all returns each profile of each engine once.
func all(t *testing.T) (out []*seccomp.Profile) {
	for _, e := range builtin.Engines() {
		seen := map[int]bool{}
		for _, s := range e.States {
			if !seen[s.Number] {
				seen[s.Number] = true
				out = append(out, lookup(t, e.Name+"@"+s.From.String()))
			}
		}
	}
	return out
}

func TestProfilesAreSound(t *testing.T) {
	for _, p := range all(t) {
		for _, problem := range p.Problems {
			t.Errorf("%s: %s", p.Source.Path, problem.Message)
		}
		if len(p.UnknownFields)+len(p.MiscasedFields)+len(p.DuplicateFields) > 0 || p.Dialect != seccomp.Docker {
			t.Errorf("%s is not in Docker's form", p.Source.Path)
		}
		for name, n := range p.Named() {
			if n.Syscall == nil {
				t.Errorf("%s names %q, which is not a syscall", p.Source.Path, name)
			}
		}
		for _, r := range p.Rules {
			for _, c := range append(slices.Clone(r.Includes.Caps), r.Excludes.Caps...) {
				if !slices.Contains(seccomp.Capabilities(), c.Text) {
					t.Errorf("%s names %q, which is not a capability", p.Source.Path, c.Text)
				}
			}
		}
	}
}

// TestFacts holds the table to facts from the engines' release notes and histories.
func TestFacts(t *testing.T) {
	amd64, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	for _, test := range []struct {
		name, caps, call string
		args             [6]uint64
		want             string
	}{
		{"docker@20.10.9", "", "clone3", [6]uint64{}, "ERRNO EPERM"}, // moby 42681
		{"docker@20.10.10", "", "clone3", [6]uint64{}, "ERRNO ENOSYS"},
		{"docker@29", "CAP_SYS_ADMIN", "clone3", [6]uint64{}, "ALLOW"},
		{"docker@24", "", "io_uring_setup", [6]uint64{}, "ALLOW"}, // moby 46762
		{"docker@25", "", "io_uring_setup", [6]uint64{}, "ERRNO EPERM"},
		{"docker@22", "", "read", [6]uint64{}, ""},
		{"docker@29.4.1", "", "socket", [6]uint64{40}, "ERRNO EPERM"},
		{"docker@29.4.1", "", "socket", [6]uint64{38}, "ALLOW"}, // AF_ALG, moby profiles dec315c
		{"docker@29.4.2", "", "socket", [6]uint64{38}, "ERRNO EPERM"},
		{"docker@29.7.2", "", "socket", [6]uint64{38}, "ERRNO EPERM"},
		{"docker", "", "clone", [6]uint64{0x10000000}, "ERRNO EPERM"},
		{"docker", "", "clone", [6]uint64{0x00000100}, "ALLOW"},
		{"docker", "CAP_BPF", "bpf", [6]uint64{}, "ALLOW"},
		{"podman@3.1", "", "clone3", [6]uint64{}, "ERRNO EPERM"},
		{"podman@5.8", "", "clone3", [6]uint64{}, "ALLOW"},
		{"podman@5.8", "", "io_uring_setup", [6]uint64{}, "ERRNO ENOSYS"},
		{"podman@5.8", "", "unshare", [6]uint64{}, "ALLOW"},
		{"podman@5.8", "", "setns", [6]uint64{}, "ALLOW"},
		{"containerd@1.6.0", "", "clone3", [6]uint64{}, "ERRNO ENOSYS"},
		{"containerd@1.7.12", "", "io_uring_setup", [6]uint64{}, "ALLOW"},
		{"containerd@2.2", "", "io_uring_setup", [6]uint64{}, "ERRNO EPERM"},
		{"containerd@2.2", "", "mount", [6]uint64{}, "ERRNO EPERM"},
		{"containerd@2.2", "CAP_SYS_ADMIN", "mount", [6]uint64{}, "ALLOW"},
		{"containerd@2.3.0", "", "socket", [6]uint64{38}, "ALLOW"},
		{"containerd@2.2.4", "", "socket", [6]uint64{38}, "ERRNO EPERM"},
		{"runtime-default", "", "socket", [6]uint64{38}, "ERRNO EPERM"},
	} {
		p, err := builtin.Lookup(test.name)
		if err != nil {
			if test.want != "" {
				t.Error(err)
			}
			continue
		}
		target := decide.Targets{}.Usual(p)[0]
		target.Host.Arch = amd64
		if test.caps != "" {
			target.Host.Caps = append(target.Host.Caps, test.caps)
		}
		d := decide.Compile(p, target).Decide(amd64, test.call)
		if got := d.Eval(test.args); len(got) != 1 || got[0].String() != test.want {
			t.Errorf("%s with %q: %s(%v) ends with %v, want %s", test.name, test.caps, test.call, test.args, got,
				test.want)
		}
	}
}

func TestLookup(t *testing.T) {
	text := func(name string) string { return lookup(t, name).Source.Text(lookup(t, name).Span) }
	for _, test := range [][2]string{
		{"docker", "docker@29.7.2"}, {"docker@29", "docker@29.7.2"}, {"docker@29.4", "docker@29.4.3"},
		{"docker@v28.5", "docker@28.2.0"}, {"docker@27", "docker@25.0.3"},
		{"docker@5:28.0.1-1~debian.12", "docker@27.5.1"},
		{"docker@24", "docker@23.0.9"}, {"podman@5.8", "podman"}, {"podman@4", "podman@4.3.1+ds1"},
		{"containerd@2.2", "containerd@2.2.4"}, {"containerd@2.1.9", "containerd@2.1.0"},
		{"runtime-default", "containerd"}, {"runtime-default@2.2", "containerd@2.2"},
	} {
		if text(test[0]) != text(test[1]) {
			t.Errorf("%s is not %s", test[0], test[1])
		}
	}
	if text("docker@29.4.1") == text("docker@29.4.3") {
		t.Error("docker@29.4.1 is docker@29.4.3")
	}
	if p := lookup(t, "docker@29"); p.Source.Path != "docker@29" || p.Engine != "docker" {
		t.Errorf("docker@29 is %q of %q", p.Source.Path, p.Engine)
	}
	for name, want := range map[string]string{
		"docker@30":    "known are docker from 20.10.0 to 29.7.2, with new profiles in 20.10.0, 20.10.4",
		"docker@19.03": "known", "docker@": "not a release", "docker@new": "not a release",
		"docker@29.8": "not known", "docker@29.7.3": "not known",
		"docker@21": "not known", "podman@2": "not known", "containerd@1.4.0": "not known",
		"moby": "docker and docker@RELEASE for 20.10.0 to 29.7.2, podman", "Docker": "runtime-default",
	} {
		if _, err := builtin.Lookup(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	for word, want := range map[string]bool{
		"docker": true, "docker@29": true, "docker@x": true, "runtime-default": true, "./docker": false,
		"docker.json": false, "docker/docker@29": false, "": false, "moby@29": false, "-": false,
	} {
		if builtin.Claims(word) != want {
			t.Errorf("Claims(%q) is %v", word, !want)
		}
	}
}

// TestEnginesMakeTheirProfiles checks that a profile is resolved for the container whatever engine it belongs to, and
// that it is for that engine only.
func TestEnginesMakeTheirProfiles(t *testing.T) {
	want := map[string]decide.Loader{
		"docker": decide.LoaderDocker, "podman": decide.LoaderContainers, "containerd": decide.LoaderOCI,
	}
	var targets decide.Targets
	if err := targets.Set("docker", "28"); err != nil {
		t.Fatal(err)
	}
	same := func(a, b *decide.Resolved) bool {
		return slices.EqualFunc(a.Rules, b.Rules, func(x, y decide.ResolvedRule) bool {
			return x.Span == y.Span && x.Outcome == y.Outcome
		}) && slices.Equal(a.Architectures, b.Architectures) && a.Default == b.Default
	}
	for _, p := range all(t) {
		if got := targets.Loaders(p); !slices.Equal(got, []decide.Loader{want[p.Engine]}) {
			t.Errorf("%s is for %v", p.Source.Path, got)
		}
		file := seccomp.Parse(source.NewFile("file.json", p.Source.Bytes))
		for _, arch := range file.Hosts() {
			for _, caps := range [][]string{nil, {"CAP_SYS_ADMIN"}, seccomp.Capabilities()} {
				h := decide.Host{Arch: arch, Caps: caps, Kernel: seccomp.Version{Major: 4, Minor: 4}}
				got, want := decide.Resolve(p, want[p.Engine], h), decide.Resolve(file, decide.LoaderDocker, h)
				if !same(got, want) {
					t.Fatalf("%s on %s with %v is not what its text says", p.Source.Path, arch.Name, caps)
				}
			}
		}
	}
}

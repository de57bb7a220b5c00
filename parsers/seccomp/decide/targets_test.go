package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

func targetsOf(t *testing.T, list ...string) (out Targets) {
	t.Helper()
	for _, s := range list {
		consumer, version, _ := strings.Cut(s, "=")
		if err := out.Set(consumer, version); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// What is given for one consumer adds up, for every consumer and in any order.
func TestTargetsAddUp(t *testing.T) {
	versions := map[string][2]string{
		"containerd": {"1.6", "2.1"}, "cri-o": {"1.24", "1.30"}, "crun": {"1.8.1", "1.27"}, "docker": {"20.10", "28"},
		"kernel": {"5.10", "6.18"}, "kubernetes": {"1.25", "1.33"}, "libseccomp": {"2.5.4", "2.6.1"},
		"podman": {"4.3", "5.8"}, "runc": {"1.1.5", "1.5.3"},
	}
	for _, consumer := range Consumers() {
		v, ok := versions[consumer]
		if !ok {
			t.Errorf("no versions of %s", consumer)
			continue
		}
		for _, order := range [][]string{{v[0], v[1]}, {v[1], v[0]}, {v[1], v[0], v[1]}} {
			var given []string
			for _, version := range order {
				given = append(given, consumer+"="+version)
			}
			targets := targetsOf(t, given...)
			if r := targets.Ranges(consumer); len(r) != 2 || !r[0].From.Less(r[1].From) {
				t.Errorf("%v: %v", given, r)
			}
			middle, _ := seccomp.ParseVersion(v[1])
			if e := targets.Extent(consumer, middle, seccomp.Version{}); e != SomeReleases {
				t.Errorf("%v: extent %d of what came with %s", given, e, v[1])
			}
			if e := targets.Extent(consumer, middle, middle); e != NoRelease {
				t.Errorf("%v: extent %d of what no release has", given, e)
			}
		}
	}
	if l := targetsOf(t, "kubernetes=containerd", "kubernetes=1.28").Ranges("kubernetes"); len(l) != 1 {
		t.Errorf("the runtime of nodes is a release: %v", l)
	}
	var runc []string
	for _, target := range targetsOf(t, "runc=1.5.3", "runc=1.1.5", "crun=1.28", "libseccomp=2.6.1").AllTargets(
		parse(`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"]}`), LoaderDocker) {
		runc = append(runc, target.Runtime+" "+target.RuntimeVersion.String())
	}
	if want := []string{"runc 1.1.5", "runc 1.5.3", "crun 1.28.1048576"}; !slices.Equal(runc[:2], want[:2]) {
		t.Errorf("targets %v", runc)
	}
}

// Versions are taken as releases, candidates and packages have them, and refused where they are none.
func TestTargetVersions(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"runc=1.0.0-rc93", "1.0.0-rc93"},
		{"runc=1.0.0~rc93+ds1-5+deb11u5", "1.0.0-rc93"},
		{"runc=1.1.0-rc.1", "1.1.0-rc1"},
		{"runc=1.3.6+ds1", "1.3.6"},
		{"runc=1.1.5+ds1-1+deb12u1", "1.1.5"},
		{"runc=1.1.12-0ubuntu2~22.04.1", "1.1.12"},
		{"docker=28.0.0-beta.1", "28.0.0-beta1"},
		{"docker=5:28.0.1-1~debian.12~bookworm", "28.0.1"},
		{"docker=20.10.24+dfsg1", "20.10.24"},
		{"podman=v5.8.0", "5.8.0"},
		{"crun=1.8.1-1+deb12u1", "1.8.1"},
		{"kernel=6.12-rc3", "6.12"},
		{"libseccomp=debian12", "2.5.4"},
		{"docker=1.0", "there is no release 1.0.0 of docker that reads seccomp profiles; the first is 1.10.0, and " +
			"the newest known one 29"},
		{"docker=1", "there is no release 1.0.0 of docker that reads seccomp profiles; the first is 1.10.0, and the " +
			"newest known one 29"},
		{"libseccomp=9", "there is no release 9.0.0 of libseccomp that reads seccomp profiles; the first is 2.0.0, " +
			"and the newest known one 2.6.1"},
		{"kernel=2.6", "there is no release 2.6.0 of kernel that reads seccomp profiles; the first is 3.5.0, and the " +
			"newest known one 7.1"},
		{"runc=1.1.5x", `version "1.1.5x" of runc is not a number such as 1.1.5`},
		{"runc=1.1.5-", `version "1.1.5-" of runc is not a number such as 1.1.5`},
		{"runc=1.0.0-rc", `version "1.0.0-rc" of runc is not a number such as 1.1.5`},
		{"runc=latest", `version "latest" of runc is not a number such as 1.1.5`},
		{"runc=1.1.5.7", `version "1.1.5.7" of runc is not a number such as 1.1.5`},
		{"runc=1.2..1.1", `range "1.2..1.1" of runc holds no release`},
	} {
		consumer, version, _ := strings.Cut(tt.target, "=")
		var targets Targets
		got := ""
		if err := targets.Set(consumer, version); err != nil {
			got = err.Error()
		} else {
			got = targets.Range(consumer).String()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.target, got, tt.want)
		}
	}
}

// Candidates come before their release, and after the release before.
func TestCandidateOrder(t *testing.T) {
	order := []string{
		"0.1.1", "1.0.0-alpha.1", "1.0.0-beta2", "1.0.0-rc9", "1.0.0-rc93", "1.0.0-rc95", "1.0.0", "1.0.1",
	}
	for i := range order[1:] {
		a, _, _ := seccomp.ParseRelease(order[i])
		b, _, _ := seccomp.ParseRelease(order[i+1])
		if !a.Less(b) || b.Less(a) {
			t.Errorf("%s is not before %s", a, b)
		}
	}
}

// Old releases of runc read no defaultErrnoRet, have no border, and refuse what equals the default action.
func TestOldRunc(t *testing.T) {
	p := parse(`{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64"],` +
		`"syscalls":[{"names":["bdflush"],"action":"SCMP_ACT_ERRNO","errnoRet":1},` +
		`{"names":["read","statx"],"action":"SCMP_ACT_ALLOW"}]}`)
	x86 := architectureOfABI("x86_64")
	const redundant = "runc before 1.0.2 refuses a rule that does what the default action does, as this one does " +
		`for "bdflush"`
	for _, tt := range []struct{ version, refused, openat2, number string }{
		{"1.0.0-rc92", redundant, "2 ERRNO EPERM", "2 ERRNO EPERM"},
		{"1.0.0-rc93", redundant, "0 ERRNO ENOSYS", "0 ERRNO ENOSYS"},
		{"1.0.0-rc95", "", "0 ERRNO ENOSYS", "0 ERRNO ENOSYS"},
		{"1.5.3", "", "0 ERRNO ENOSYS", "0 ERRNO ENOSYS"},
	} {
		v, _, _ := seccomp.ParseRelease(tt.version)
		f := Compile(p, Target{LoaderOCI, Host{Arch: x86}, "runc", v, Libseccomp{Version: release(2, 6, 1)}})
		refused := ""
		if r := f.Refusals(); len(r) > 0 {
			refused = r[0].Reason
		}
		d, n := f.Decide(x86, "openat2"), f.DecideNumber(x86, 600)
		if refused != tt.refused || fmt.Sprint(int(d.Step), " ", d.String()) != tt.openat2 ||
			fmt.Sprint(int(n.Step), " ", n.String()) != tt.number {
			t.Errorf("%s: refused %q, openat2 %d %s, 600 %d %s", tt.version, refused, d.Step, d.String(), n.Step,
				n.String())
		}
	}
}

// The kernel asks no filter about uretprobe and uprobe, on x86_64 itself and since some release.
func TestUnfiltered(t *testing.T) {
	p := parse(`{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86",` +
		`"SCMP_ARCH_X32"],"syscalls":[{"names":["uretprobe","uprobe","read"],"action":"SCMP_ACT_ERRNO",` +
		`"errnoRet":99}]}`)
	for _, tt := range []struct {
		abi, syscall string
		kernel       seccomp.Version
		runs         bool
	}{
		{"x86_64", "uretprobe", release(6, 18, 0), true},
		{"x86_64", "uretprobe", seccomp.Version{}, true},
		{"x86_64", "uretprobe", release(6, 13, 0), false},
		{"x86_64", "uprobe", release(6, 18, 0), true},
		{"x86_64", "uprobe", release(6, 17, 0), false},
		{"x32", "uretprobe", release(6, 18, 0), false},
		{"x86_64", "read", release(6, 18, 0), false},
	} {
		f := Compile(p, Target{LoaderOCI, Host{Arch: architectureOfABI("x86_64"), Kernel: tt.kernel}, "crun",
			release(1, 28, 0), Libseccomp{Version: release(2, 6, 1)}})
		a := architectureOfABI(tt.abi)
		if s, _ := seccomp.LookupSyscall(tt.syscall); !s.On(tt.abi) {
			continue
		}
		if d := f.Decide(a, tt.syscall); d.Outcome.Runs() != tt.runs || (d.Step == StepKernel) != tt.runs {
			t.Errorf("%s on %s with Linux %s: %s", tt.syscall, tt.abi, tt.kernel, d.String())
		}
	}
}

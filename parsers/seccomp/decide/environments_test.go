package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

// environmentsOf returns the environments that make a difference to what profiles do with a syscall.
func environmentsOf(t Targets, syscall string, profiles ...*seccomp.Profile) ([]environment, bool) {
	return newDiffer(profiles[0], profiles[len(profiles)-1], t).environments(syscall)
}

// scopedProfile returns a random profile whose rules ask about capabilities and kernels.
func scopedProfile(r *rand.Rand, caps []string) *seccomp.Profile {
	some := func() string {
		var out []string
		for range 1 + r.IntN(3) {
			out = append(out, `"`+caps[r.IntN(len(caps))]+`"`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	var rules []string
	for i := range 2 + r.IntN(5) {
		rule := fmt.Sprintf(`{"names":[%q],"action":"SCMP_ACT_ERRNO","errnoRet":%d`,
			[]string{"setuid", "setuid", "setuid", "mseal", "reboot", "statx"}[r.IntN(4+2*r.IntN(2))], 2+i)
		if r.IntN(5) > 0 {
			rule += `,"includes":{"caps":` + some() + `}`
		}
		switch r.IntN(4) {
		case 0:
			rule += fmt.Sprintf(`,"excludes":{"caps":%s,"minKernel":"%d.2"}`, some(), 4+r.IntN(4))
		case 1:
			rule += `,"excludes":{"caps":` + some() + `}`
		}
		if r.IntN(2) == 0 {
			rule += fmt.Sprintf(`,"args":[{"index":0,"op":"SCMP_CMP_GE","value":%d}]`, i)
		}
		rules = append(rules, rule+"}")
	}
	return parse(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["getpid"],` +
		`"action":"SCMP_ACT_ALLOW"},` + strings.Join(rules, ",") + `]}`)
}

// capsSubsets returns all sets of capabilities.
func capsSubsets(caps []string) (sets [][]string) {
	for bits := range 1 << len(caps) {
		var has []string
		for i, c := range caps {
			if bits&(1<<i) != 0 {
				has = append(has, c)
			}
		}
		sets = append(sets, has)
	}
	return sets
}

// Whatever profiles do with a syscall in any container on any kernel, they do in one of the environments, and nothing
// else is done there.
func TestEnvironmentsAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	caps := []string{"CAP_BPF", "CAP_CHOWN", "CAP_KILL", "CAP_MKNOD", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT"}
	x86 := architectureOfABI("x86_64")
	most, followed := 0, 0
	libseccomp := Targets{}.Libseccomps()[0]
	for range heavytest.Times(60) {
		profiles := []*seccomp.Profile{scopedProfile(r, caps), scopedProfile(r, caps)}
		targets := Targets{}
		type container struct {
			loader Loader
			host   string
		}
		compiled := map[container][]*Filter{}
		for _, syscall := range []string{"setuid", "clone3", "kcmp"} { // the last are below the border or above it
			done := func(l Loader, h Host) string {
				key := container{l, fmt.Sprint(h.Caps, h.Kernel)}
				filters, ok := compiled[key]
				if !ok {
					for _, p := range profiles {
						filters = append(filters,
							Compile(p, Target{l, h, "runc", release(1, 5, 1), libseccomp}))
					}
					compiled[key] = filters
				}
				var words []string
				for _, f := range filters {
					d := f.Decide(x86, syscall)
					words = append(words, fmt.Sprint(d.Step, d.String()))
				}
				return strings.Join(words, " | ")
			}
			environments, complete := environmentsOf(targets, syscall, profiles...)
			if !complete {
				t.Fatal("too many environments")
			}
			most = max(most, len(environments))
			if environments[0].named != nil {
				followed++
			}
			for _, l := range []Loader{LoaderDocker, LoaderContainers, LoaderOCI} {
				got, want := map[string]bool{}, map[string]bool{}
				for _, e := range environments {
					got[done(l, e.Host(l, x86))] = true
				}
				for _, has := range capsSubsets(caps) {
					for _, kernel := range []seccomp.Version{
						release(4, 19, 0), release(5, 2, 1), release(6, 1, 0), release(6, 2, 0), release(7, 2, 0),
					} {
						want[done(l, Host{x86, has, kernel})] = true
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s\n%s\n%s for %s in %d environments (-brute force +environments):\n%s",
						profiles[0].Source.Bytes, profiles[1].Source.Bytes, syscall, l, len(environments), diff)
				}
			}
		}
	}
	if most < 20 || most > 500 || followed < heavytest.Times(60)/3 {
		t.Errorf("up to %d environments; %d times those of borders", most, followed)
	}
}

func TestEnvironments(t *testing.T) {
	docker := readProfile(t, "docker")
	for _, tt := range []struct {
		syscall string
		want    []string
	}{
		{"read", []string{"||0.0.0"}},
		{"mount", []string{"|CAP_SYS_ADMIN|0.0.0", "CAP_SYS_ADMIN||0.0.0"}},
		{
			"perf_event_open",
			[]string{
				"|CAP_PERFMON CAP_SYS_ADMIN|0.0.0", "CAP_PERFMON|CAP_SYS_ADMIN|0.0.0",
				"CAP_SYS_ADMIN|CAP_PERFMON|0.0.0", "CAP_PERFMON CAP_SYS_ADMIN||0.0.0",
			},
		},
		{"ptrace", []string{"|CAP_SYS_PTRACE|0.0.0", "CAP_SYS_PTRACE||0.0.0"}}, // every kernel in use has 4.8
	} {
		environments, _ := environmentsOf(Targets{}, tt.syscall, docker)
		var got []string
		for _, e := range environments {
			got = append(got, e.key())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.syscall, got, tt.want)
		}
	}
	var old Targets
	if err := old.Set("kernel", "4.4..5.0"); err != nil {
		t.Fatal(err)
	}
	environments, _ := environmentsOf(old, "ptrace", docker)
	if len(environments) != 4 || environments[0].Kernel != (release(4, 8, 0)) ||
		environments[1].Kernel != (release(4, 4, 0)) {
		t.Errorf("environments of ptrace on old kernels: %v", environments)
	}
}

package seccomp_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"
	parser "github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

var (
	startsSeed     = flag.Uint64("starts.seed", 1, "seed of the profiles of TestClaimsAgreeWithStarts")
	startsProfiles = flag.Int("starts.profiles", 16,
		"number of the profiles of TestClaimsAgreeWithStarts, of each kind")
)

// TestClaimsAgreeWithStarts makes profiles that keep from a runtime one or two of the syscalls that it makes itself, or
// one under conditions on the arguments that the runtime gives it, and starts a container with each, as it is and with
// what the unsafe fixes make of it: no container starts where runtime-cannot-start reports something, one does where it
// does not, and one does after the fixes. Where it does not, that is asked only of releases that were measured, and
// where what is known of the arguments decides about all calls.
func TestClaimsAgreeWithStarts(t *testing.T) {
	heavytest.Need(t, "starts many containers as root")
	if len(seccomptest.Runtimes()) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range seccomptest.Runtimes() {
		version, ok := parser.ParseVersion(r.Version)
		known := parser.Version{Major: 1, Minor: 1, Patch: 3}
		if !ok || strings.Contains(r.Version, "-") || r.Name == "runc" && version.Less(known) {
			continue // candidates, and those that do not know KILL_PROCESS
		}
		// Of releases between those that were measured, only what both neighbours need is known.
		all := decide.Range{To: parser.Version{Major: 99}}
		measured := slices.Contains(decide.MeasuredReleases(r.Name, all), version)
		rng := rand.New(rand.NewPCG(*startsSeed, 0))
		for i := range 2 * *startsProfiles {
			needs := decide.NeedsOf(r.Name, version, false)
			if i%2 == 0 {
				profile := denying(rng, needs)
				for _, noNewPrivs := range []bool{true, false} {
					claimAgainstStart(t, set, r, profile, noNewPrivs, measured)
				}
				continue
			}
			profile, ok := choosing(rng, needs)
			for _, noNewPrivs := range []bool{true, false} {
				if ok {
					claimAgainstStart(t, set, r, profile, noNewPrivs,
						measured && decided(r, version, profile, noNewPrivs))
				}
			}
		}
	}
}

// choosing returns a profile that refuses some calls of a syscall that a runtime makes, or lets only some through, by
// conditions on arguments that it has in common in all starts; false where there is no such syscall.
func choosing(rng *rand.Rand, n *decide.RuntimeNeeds) (string, bool) {
	var calls []decide.Need
	for _, measured := range slices.Concat(n.CallNeeds, n.CallsMade) {
		need := *measured
		for i, name := range need.AnyOf {
			for _, a := range need.Args[i] {
				if a.From == a.To {
					calls = append(calls, decide.Need{AnyOf: []string{name}, Args: need.Args[i : i+1]})
					break
				}
			}
		}
	}
	if len(calls) == 0 {
		return "", false
	}
	call := calls[rng.IntN(len(calls))]
	var args []string
	for i, a := range call.Args[0] {
		v, ok := a.From, a.From == a.To
		if !ok && rng.IntN(8) > 0 || ok && len(args) > 0 && rng.IntN(2) > 0 {
			continue
		}
		switch op := rng.IntN(9); {
		case op < 6:
			v += uint64(rng.IntN(3)) * uint64(rng.IntN(2))
			args = append(args, fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_%s"}`, i, v,
				[]string{"EQ", "NE", "LT", "LE", "GT", "GE"}[op]))
		default:
			mask := uint64(1)<<rng.IntN(20) | v&-v
			args = append(args, fmt.Sprintf(
				`{"index": %d, "value": %d, "valueTwo": %d, "op": "SCMP_CMP_MASKED_EQ"}`, i, mask,
				v&mask^uint64(rng.IntN(2))*(mask&-mask)))
		}
	}
	if len(args) == 0 {
		return "", false
	}
	conditions := strings.Join(args, ", ")
	if rng.IntN(2) > 0 {
		return fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [%q], %s, "args": [%s]}]}`,
			call.AnyOf[0], answer(rng, "action"), conditions), true
	}
	return fmt.Sprintf(`{%s, "syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}, `+
		`{"names": [%q], "action": "SCMP_ACT_ALLOW", "args": [%s]}]}`, answer(rng, "defaultAction"),
		strings.Join(otherThan(call.AnyOf[0]), `", "`), call.AnyOf[0], conditions), true
}

// decided reports whether what a profile does to each call of a runtime, or of what it falls back on, does not depend
// on arguments that differ between starts.
func decided(r *seccomptest.Runtime, version parser.Version, profile string, noNewPrivs bool) bool {
	amd64, _ := parser.LookupArchitecture("SCMP_ARCH_X86_64")
	f := decide.Compile(parser.Parse(source.NewFile("p.json", []byte(profile))), decide.Target{
		Loader: decide.LoaderOCI, Host: decide.Host{Arch: amd64}, Runtime: r.Name, RuntimeVersion: version,
		Libseccomp: decide.Libseccomp{Version: parser.Version{Major: 2, Minor: 6, Patch: 1}},
	})
	n := decide.NeedsOf(r.Name, version, noNewPrivs)
	for _, measured := range slices.Concat(n.CallNeeds, n.CallsMade) {
		need := *measured
		for i := range need.AnyOf {
			call := decide.Need{AnyOf: need.AnyOf[i : i+1], Args: need.Args[i : i+1]}
			if runs := f.Refuses(decide.Need{Unless: []decide.Need{call}}); !runs && !f.Refuses(call) {
				return false
			}
		}
	}
	return true
}

// denying returns a profile that lets everything run but one or two of the calls that a runtime makes, which it names
// and answers, or does not name in a list of all others.
func denying(rng *rand.Rand, n *decide.RuntimeNeeds) string {
	pool := slices.Clone(n.Made)
	for _, measured := range n.Needs {
		need := *measured
		pool = append(pool, need.AnyOf...)
	}
	for _, f := range n.Instead {
		pool = append(pool, f.Makes...)
	}
	slices.Sort(pool)
	pool = slices.Compact(pool)
	chosen := []string{pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))]}[:1+rng.IntN(2)]
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	if rng.IntN(3) > 0 {
		var list []string
		for _, name := range chosen {
			list = append(list, fmt.Sprintf(`{"names": [%q], %s}`, name, answer(rng, "action")))
		}
		return `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [` + strings.Join(list, ", ") + `]}`
	}
	return fmt.Sprintf(`{%s, "syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}]}`,
		answer(rng, "defaultAction"), strings.Join(otherThan(chosen...), `", "`))
}

// answer returns a random way to refuse calls, as the members of a rule or of a profile.
func answer(rng *rand.Rand, key string) string {
	errnos := []int{1, 2, 13, 22, 38, 95}
	i := rng.IntN(len(errnos) + 3)
	if i < len(errnos) {
		return fmt.Sprintf(`"%s": "SCMP_ACT_ERRNO", "%s": %d`, key,
			map[string]string{"action": "errnoRet", "defaultAction": "defaultErrnoRet"}[key], errnos[i])
	}
	return fmt.Sprintf(`"%s": "%s"`, key,
		[]string{"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_TRACE"}[i-len(errnos)])
}

// otherThan returns the syscalls of x86_64 without some.
func otherThan(some ...string) (names []string) {
	for _, name := range parser.Syscalls() {
		if s, _ := parser.LookupSyscall(name); s.On("x86_64") && !slices.Contains(some, name) {
			names = append(names, name)
		}
	}
	return names
}

func claimAgainstStart(t *testing.T, set *rules.Set, r *seccomptest.Runtime, profile string,
	noNewPrivs, measured bool) {
	t.Helper()
	text := fmt.Sprintf(`{"ociVersion": "1.0.2", "process": {"noNewPrivileges": %t}, "linux": {"seccomp": %s}}`,
		noNewPrivs, profile)
	targets := workspace.DefaultTargets()
	for consumer, version := range map[string]string{r.Name: r.Version, "platform": "linux/amd64"} {
		if err := targets.Set(consumer, version); err != nil {
			t.Fatal(err)
		}
	}
	ws := rulestest.InMemory(t, targets, map[string][]byte{"config.json": []byte(text)})
	var claims []string
	for _, f := range rules.Check(ws, set, rules.CheckOptions{}).Findings {
		if f.Rule.ID == "seccomp/runtime-cannot-start" {
			claims = append(claims, f.Message)
		}
	}
	if result, ok := starts(t, r, profile, noNewPrivs); ok && claims != nil || !ok && claims == nil && measured {
		t.Errorf("%s, no_new_privs %v: exit status %d, %.300s\n%s\nreported: %q", r, noNewPrivs, result.Exit,
			result.Stderr, brief(profile), claims)
	}
	if claims == nil {
		return
	}
	fixed := rules.Fix(ws, set, rules.FixOptions{Unsafe: true})
	if len(fixed.Files) != 1 {
		t.Errorf("%s, no_new_privs %v: no fix for %s", r, noNewPrivs, brief(profile))
		return
	}
	var bundle struct {
		Linux struct{ Seccomp json.RawMessage }
	}
	if err := json.Unmarshal(fixed.Files[0].After, &bundle); err != nil {
		t.Fatal(err)
	}
	if result, ok := starts(t, r, string(bundle.Linux.Seccomp), noNewPrivs); !ok {
		t.Errorf("%s, no_new_privs %v: exit status %d, %.300s after the fix of %s", r, noNewPrivs, result.Exit,
			result.Stderr, brief(profile))
	}
}

// brief leaves out a long list of names.
func brief(profile string) string {
	if len(profile) > 400 {
		return profile[:80] + " … all but a few names … " + profile[len(profile)-200:]
	}
	return profile
}

// starts starts a container, in up to three tries, since some starts fail by chance.
func starts(t *testing.T, r *seccomptest.Runtime, profile string, noNewPrivs bool) (seccomptest.Result, bool) {
	t.Helper()
	var result seccomptest.Result
	for range 3 {
		var err error
		result, err = r.Start(seccomptest.Container{
			Profile: profile, NoNewPrivileges: noNewPrivs, Patience: 10 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		if result.Started() {
			return result, true
		}
	}
	return result, false
}

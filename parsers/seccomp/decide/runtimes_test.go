package decide

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestMeasuredNeedsNameSyscalls(t *testing.T) {
	for i, n := range measuredNeeds {
		names := slices.Concat(n.Made, n.Chance, n.Notify)
		for _, b := range n.Instead {
			names = append(names, b.Makes...)
			if !slices.Contains(n.Made, b.After) || !slices.IsSorted(b.Makes) {
				t.Errorf("fallback %v of set %d", b, i)
			}
		}
		for _, measured := range n.Needs {
			need := *measured
			names = append(names, need.AnyOf...)
			if len(need.AnyOf) == 0 || !slices.IsSorted(need.AnyOf) {
				t.Errorf("need %v of set %d", need, i)
			}
			if len(need.AnyOf) == 1 && !slices.Contains(n.Made, need.AnyOf[0]) {
				t.Errorf("set %d needs %s, and does not make it", i, need.AnyOf[0])
			}
		}
		for _, name := range n.Retries {
			if !slices.Contains(n.Made, name) {
				t.Errorf("%s is tried again in set %d, and not made", name, i)
			}
		}
		for _, measured := range slices.Concat(n.CallNeeds, n.CallsMade) {
			need := *measured
			names = append(names, need.AnyOf...)
			if len(need.Args) != len(need.AnyOf) {
				t.Errorf("need %v of set %d", need, i)
			}
		}
		for _, name := range names {
			if s, ok := seccomp.LookupSyscall(name); !ok || !s.On("x86_64") {
				t.Errorf("%q is no syscall of x86_64", name)
			}
		}
	}
}

// needsText returns the needs in the words of data/runtimes.txt.
func needsText(n *RuntimeNeeds) string {
	if n == nil {
		return ""
	}
	var words []string
	for _, measured := range n.Needs {
		need := *measured
		c := seccomptest.Clause{AnyOf: need.AnyOf, Errnos: seccomptest.Errnos}
		if need.Errnos != nil {
			c.Errnos = nil
			for _, e := range need.Errnos {
				c.Errnos = append(c.Errnos, int(e))
			}
		}
		words = append(words, c.String())
	}
	return strings.Join(words, " ")
}

func TestNeedsOf(t *testing.T) {
	const old = "close execve fstatfs getdents64 openat write"
	const current = "close execve fstat fstatfs getdents64 openat statx write fcntl|openat2 openat2|readlinkat"
	const between = "close execve fstat fstatfs getdents64 openat openat2 statx write"
	for _, tt := range []struct {
		runtime string
		version seccomp.Version
		want    string
	}{
		{"runc", release(1, 0, 0), old},
		{"runc", release(1, 1, 5), old},
		{"runc", release(1, 1, 15), old},
		{"runc", release(1, 1, 99), old},
		{"runc", release(1, 2, 0), old},
		{"runc", release(1, 2, 7), old},
		{"runc", release(1, 2, 8), between},
		{"runc", release(1, 2, 9), current},
		{"runc", release(1, 3, 0), old},
		{"runc", release(1, 3, 2), old},
		{"runc", release(1, 3, 3), between},
		{"runc", release(1, 3, 4), current},
		{"runc", release(1, 4, 0), current},
		{"runc", release(1, 5, 3), current},
		{"runc", release(2, 0, 0), current},
		{"crun", release(1, 8, 1), "execve"},
		{"crun", release(1, 29, 1), "execve"},
		{"youki", release(0, 4, 0), ""},
	} {
		if got := needsText(NeedsOf(tt.runtime, tt.version, true)); got != tt.want {
			t.Errorf("%s %s with no_new_privs: %q, want %q", tt.runtime, tt.version, got, tt.want)
		}
	}
	for _, tt := range []struct {
		runtime string
		version seccomp.Version
		want    string
	}{
		{"runc", release(1, 1, 5), "faccessat2=13,22 faccessat|faccessat2=1,38"},
		{"runc", release(1, 1, 15), "faccessat2=13,22"},
		{"crun", release(1, 28, 0), "rt_sigaction=1,13,38"},
	} {
		var got []string
		for _, word := range strings.Fields(needsText(NeedsOf(tt.runtime, tt.version, false))) {
			if strings.Contains(word, "=") {
				got = append(got, word)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s %s without no_new_privs: %q, want %q", tt.runtime, tt.version, got, tt.want)
		}
	}
	if n := NeedsOf("crun", release(1, 5, 0), true); !slices.Equal(n.Notify, []string{"sendmsg"}) {
		t.Errorf("crun 1.5 hands the listener over with %v", n.Notify)
	}
	if n := NeedsOf("crun", release(1, 6, 0), true); n.Notify != nil {
		t.Errorf("crun 1.6 hands the listener over with %v", n.Notify)
	}
	if n := NeedsOf("runc", release(1, 2, 0), true); !slices.Equal(n.Notify, []string{"write"}) {
		t.Errorf("runc 1.2.0 hands the listener over with %v", n.Notify)
	}
}

func TestMeasuredReleases(t *testing.T) {
	var targets Targets
	got := MeasuredReleases("runc", targets.Range("runc"))
	if got[0] != release(1, 1, 5) || got[len(got)-1] != targets.Range("runc").To || len(got) < 10 {
		t.Errorf("runc: %v", got)
	}
	for _, tt := range []struct {
		runtime string
		r       Range
		want    []seccomp.Version
	}{
		{
			"runc", Range{release(1, 2, 1), release(1, 2, 8)},
			[]seccomp.Version{release(1, 2, 1), release(1, 2, 7), release(1, 2, 8)},
		},
		{"runc", Range{release(1, 3, 0), release(1, 3, 0)}, []seccomp.Version{release(1, 3, 0)}},
		{"runc", Range{release(1, 6, 0), release(1, endless, endless)}, []seccomp.Version{release(1, 6, 0)}},
	} {
		if diff := cmp.Diff(tt.want, MeasuredReleases(tt.runtime, tt.r)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.runtime, tt.r, diff)
		}
	}
}

func TestRefuses(t *testing.T) {
	const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["statx"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
		{"names": ["faccessat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13},
		{"names": ["openat2"], "action": "SCMP_ACT_KILL_PROCESS"},
		{"names": ["close"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0},
		{"names": ["setuid"], "action": "SCMP_ACT_NOTIFY"},
		{"names": ["setgid"], "action": "SCMP_ACT_TRACE", "errnoRet": 13},
		{"names": ["rt_sigaction"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
		{"names": ["prctl"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 22, "op": "SCMP_CMP_EQ"}]}]}`
	f := Compile(seccomp.Parse(source.NewFile("p.json", []byte(text))),
		targetFor(LoaderOCI, "runc", "1.5.1", "2.6.1", "X86_64"))
	for _, tt := range []struct {
		need string
		want bool
	}{
		{"statx", true}, {"statx=13", false}, {"faccessat2=13,22", true}, {"faccessat2=1,38", false},
		{"setgid", true}, {"setgid=1,38", true}, {"setgid=13,22", false},
		{"rt_sigaction=1,13,38", true}, {"rt_sigaction=1,38", false}, {"rt_sigaction", true},
		{"openat2=1,38", true}, {"openat2|statx", true}, {"openat2|read", false}, {"close", false}, {"setuid", false},
		{"prctl", false},
	} {
		var n Need
		names, errnos, limited := strings.Cut(tt.need, "=")
		n.AnyOf = strings.Split(names, "|")
		for _, e := range strings.Split(errnos, ",") {
			var errno uint16
			if _, err := fmt.Sscan(e, &errno); err == nil && limited {
				n.Errnos = append(n.Errnos, errno)
			}
		}
		if got := f.Refuses(n); got != tt.want {
			t.Errorf("Refuses(%s) is %v", tt.need, got)
		}
	}
	for _, tt := range []struct {
		after  string
		errnos []uint16
		want   bool
	}{
		{"statx", []uint16{1, 38}, true}, {"statx", []uint16{13}, false}, {"setgid", []uint16{38}, true},
		{"setgid", []uint16{13}, false}, {"setuid", []uint16{0, 38}, false}, {"read", []uint16{0, 38}, false},
	} {
		if got := f.FallsBack(Fallback{After: tt.after, Errnos: tt.errnos}); got != tt.want {
			t.Errorf("FallsBack(%s=%v) is %v", tt.after, tt.errnos, got)
		}
	}
	if !f.AlwaysKills("openat2") || f.AlwaysKills("statx") {
		t.Error("openat2 and nothing else is killed for")
	}
}

// What meets says of a range is true of each number in it.
func TestMeets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	bit := func() uint64 { return 1 << rng.IntN(64) }
	number := func() uint64 {
		some := bit()
		some |= bit()
		return rng.Uint64() >> rng.IntN(64) & (some | 7)
	}
	known := 0
	for range 200_000 {
		a := argument{From: number()}
		a.To = a.From + uint64(rng.IntN(40))*uint64(rng.IntN(2))
		if a.To < a.From {
			continue
		}
		c := Cond{Op: seccomp.Operators()[rng.IntN(len(seccomp.Operators()))], Value: a.From + uint64(rng.IntN(50)) - 5}
		if rng.IntN(2) == 0 {
			c.Value = number()
		}
		if c.Op == "SCMP_CMP_MASKED_EQ" {
			c.Mask = number()
			c.Value &= c.Mask
		}
		if c.Low = rng.IntN(4) == 0; c.Low {
			c.Value, c.Mask = uint64(uint32(c.Value)), uint64(uint32(c.Mask))
		}
		may, must := c.meets([]argument{a})
		if may == must {
			known++
		}
		for v := a.From; ; v++ {
			if holds := c.Holds(v); holds && !may || !holds && must {
				t.Fatalf("%v with %d to %d: may %v, must %v, and for %d it is %v", c, a.From, a.To, may, must, v, holds)
			}
			if v == a.To {
				break
			}
		}
	}
	if known < 100_000 {
		t.Errorf("%d are known", known)
	}
}

func TestRefusesCalls(t *testing.T) {
	constants := func(values ...uint64) (args []argument) {
		for _, v := range values {
			args = append(args, argument{From: v, To: v})
		}
		return args
	}
	descriptor := argument{From: 3, To: 1<<31 - 1}
	for _, tt := range []struct {
		rule string // what is refused
		args []argument
		want bool
	}{
		{`{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}`, constants(8, 1), true},
		{`{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}`, constants(24, 1), false},
		{`{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}`,
			constants(8, 1), true},
		{`{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}`,
			constants(8, 1), false},
		{`{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 0, "op": "SCMP_CMP_EQ"}`,
			constants(8, 1), false},
		{`{"index": 0, "value": 2, "op": "SCMP_CMP_GT"}`, []argument{descriptor}, true},
		{`{"index": 0, "value": 3, "op": "SCMP_CMP_GT"}`, []argument{descriptor}, false},
		{`{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}`, []argument{{From: 1, To: 31, each: true}}, true},
		{`{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}`, []argument{{From: 1, To: 31, each: true}}, false},
	} {
		f := Compile(seccomp.Parse(source.NewFile("p.json", []byte(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{"names": ["prctl"], "action": "SCMP_ACT_ERRNO", "args": [`+tt.rule+`]}]}`))),
			targetFor(LoaderOCI, "runc", "1.5.1", "2.6.1", "X86_64"))
		need := Need{AnyOf: []string{"prctl"}, Args: [][]argument{tt.args}}
		if got := f.Refuses(need); got != tt.want {
			t.Errorf("%s for %v: refused %v", tt.rule, tt.args, got)
		}
		need.Unless = []Need{{AnyOf: []string{"prctl"}, Args: [][]argument{tt.args}}}
		if f.Refuses(need) {
			t.Errorf("%s for %v: what does not arise is refused", tt.rule, tt.args)
		}
	}
}

var (
	liveMeasure = flag.Bool("live.measure", false, "TestRuntimeNeeds measures, and writes data/runtimes.txt")
	liveCalls   = flag.Bool("live.calls", false,
		"TestRuntimeNeeds measures the calls of known needs, and writes them into data/runtimes.txt")
)

// TestRuntimeNeeds compares data/runtimes.txt with the runtimes that start a container here: none starts with one of
// the needs refused, and each does with nothing else than one choice of them. With -live.measure it measures them anew
// and writes the file.
func TestRuntimeNeeds(t *testing.T) {
	heavytest.Need(t, "starts many containers as root")
	if len(seccomptest.Runtimes()) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	var names []string
	for _, name := range seccomp.Syscalls() {
		if s, _ := seccomp.LookupSyscall(name); s.On("x86_64") {
			names = append(names, name)
		}
	}
	seen := map[string]*seccomptest.Calls{}
	for _, r := range seccomptest.Runtimes() {
		version, ok := seccomp.ParseVersion(r.Version)
		if !ok || strings.Contains(r.Version, "-") {
			continue // the table of needs has released versions only
		}
		t.Run(strings.ReplaceAll(r.String(), " ", "-"), func(t *testing.T) {
			var block strings.Builder
			fmt.Fprintf(&block, "%s libseccomp %s\n", r, r.Libseccomp)
			for _, noNewPrivs := range []bool{true, false} {
				if *liveCalls {
					measureCalls(t, r, NeedsOf(r.Name, version, noNewPrivs), noNewPrivs, seen)
					continue
				}
				if *liveMeasure {
					block.WriteString(measure(t, r, noNewPrivs, names))
					continue
				}
				compareNeeds(t, r, NeedsOf(r.Name, version, noNewPrivs), noNewPrivs, names)
			}
			if *liveMeasure {
				replaceBlock(t, block.String())
			}
		})
	}
}

// denying returns a profile that answers some syscalls with EPERM.
func denying(names []string) string {
	return `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["` + strings.Join(names, `", "`) +
		`"], "action": "SCMP_ACT_ERRNO"}]}`
}

func compareNeeds(t *testing.T, r *seccomptest.Runtime, n *RuntimeNeeds, noNewPrivs bool, names []string) {
	startsWithin := func(patience time.Duration, profile string) (seccomptest.Result, bool) {
		result, err := r.Start(
			seccomptest.Container{Profile: profile, NoNewPrivileges: noNewPrivs, Patience: patience})
		if err != nil {
			t.Fatal(err)
		}
		return result, result.Started()
	}
	starts := func(profile string) (seccomptest.Result, bool) { return startsWithin(0, profile) }
	allowed := []string{"exit_group"} // which the container's program makes
	for _, measured := range n.Needs {
		need := *measured
		if need.Errnos != nil && !slices.Contains(need.Errnos, 1) {
			continue
		}
		if !slices.ContainsFunc(need.AnyOf, func(name string) bool { return slices.Contains(allowed, name) }) {
			allowed = append(allowed, need.AnyOf[len(need.AnyOf)-1])
		}
		if _, ok := starts(denying(need.AnyOf)); ok {
			t.Errorf("no_new_privs %v: it starts without %v", noNewPrivs, need.AnyOf)
		}
	}
	for _, b := range n.Instead {
		for _, name := range b.Makes {
			for _, errno := range b.Errnos {
				profile := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
					{"names": [%q], "action": "SCMP_ACT_ERRNO", "errnoRet": %d},
					{"names": [%q], "action": "SCMP_ACT_KILL_PROCESS"}]}`, b.After, errno, name)
				if _, ok := starts(profile); ok {
					t.Errorf("no_new_privs %v: it starts where %s is killed for and %s answered with %d", noNewPrivs,
						name, b.After, errno)
				}
			}
		}
	}
	for _, name := range n.Retries {
		profile := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{"names": [%q], "action": "SCMP_ACT_ERRNO", "errnoRet": %d}]}`, name, eintr)
		if result, ok := startsWithin(4*time.Second, profile); ok || result.Exit >= 0 {
			t.Errorf("no_new_privs %v: it does not try %s again for ever: %+v", noNewPrivs, name, result)
		}
	}
	if r.Name == "runc" {
		allowed = append(allowed, seccomptest.Scheduler...)
	}
	var refused []string
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			refused = append(refused, name)
		}
	}
	result, ok := starts(denying(refused))
	for tries := 0; !ok && tries < 2; tries++ {
		result, ok = starts(denying(refused))
	}
	if !ok {
		t.Errorf("no_new_privs %v: it does not start with nothing else than %v: %s", noNewPrivs, allowed, result.Stderr)
	}
}

// measure returns the lines of data/runtimes.txt about a runtime.
func measure(t *testing.T, r *seccomptest.Runtime, noNewPrivs bool, names []string) string {
	m := seccomptest.Measurement{Runtime: r, NoNewPrivileges: noNewPrivs, Names: names, Log: t.Logf}
	n, err := m.Run()
	if err != nil {
		t.Fatal(err)
	}
	mode := "otherwise"
	if noNewPrivs {
		mode = "no_new_privs"
	}
	var needs []string
	for _, c := range n.Clauses {
		needs = append(needs, c.String())
	}
	var instead []string
	for i, f := range n.Instead {
		if i > 0 {
			instead = append(instead, "|")
		}
		instead = append(instead, f.String())
	}
	var b strings.Builder
	for _, field := range []struct {
		name  string
		words []string
	}{{"needs", needs}, {"makes", n.Made}, {"instead", instead}, {"chance", n.Chance}, {"notify", n.Notify}} {
		if len(field.words) > 0 {
			fmt.Fprintf(&b, "\t%s %s %s\n", mode, field.name, strings.Join(field.words, " "))
		}
	}
	return b.String()
}

// measureCalls writes the lines of data/runtimes.txt about the calls of a runtime.
func measureCalls(t *testing.T, r *seccomptest.Runtime, known *RuntimeNeeds, noNewPrivs bool,
	seen map[string]*seccomptest.Calls) {
	m := seccomptest.Measurement{Runtime: r, NoNewPrivileges: noNewPrivs, Log: t.Logf}
	needs := &seccomptest.Needs{}
	for _, measured := range known.Needs {
		need := *measured
		c := seccomptest.Clause{AnyOf: need.AnyOf, Errnos: seccomptest.Errnos}
		if need.Errnos != nil {
			c.Errnos = nil
			for _, e := range need.Errnos {
				c.Errnos = append(c.Errnos, int(e))
			}
		}
		needs.Clauses = append(needs.Clauses, c)
	}
	calls, err := m.Calls(needs, seen)
	if err != nil {
		t.Fatal(err)
	}
	mode := "\totherwise"
	if noNewPrivs {
		mode = "\tno_new_privs"
	}
	const file = "data/runtimes.txt"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	here := false
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "\t") {
			here = strings.HasPrefix(line, r.String()+" ")
		}
		if here && (strings.HasPrefix(line, mode+" needs-call ") || strings.HasPrefix(line, mode+" makes-call ")) {
			continue
		}
		out = append(out, line)
		if here && strings.HasPrefix(line, mode+" makes ") {
			out = append(out, mode+" needs-call "+strings.Join(calls.Needed, " ")+"\n",
				mode+" makes-call "+strings.Join(calls.Made, " ")+"\n")
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(out, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replaceBlock puts the lines about one release into data/runtimes.txt, in place of those that are there.
func replaceBlock(t *testing.T, block string) {
	const file = "data/runtimes.txt"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	title := func(s string) string { s, _, _ = strings.Cut(s, " libseccomp"); return s + " " }
	var out []string
	skip := false
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "\t") {
			skip = strings.HasPrefix(line, title(block))
		}
		if !skip {
			out = append(out, line)
		}
	}
	out = append(out, block)
	if err := os.WriteFile(file, []byte(strings.Join(out, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

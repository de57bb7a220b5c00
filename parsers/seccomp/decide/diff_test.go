package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func BenchmarkDiff(b *testing.B) {
	docker, podman := readProfile(b, "docker"), readProfile(b, "podman")
	text := string(docker.Source.Bytes)
	edited := func(old, new string) *seccomp.Profile {
		if !strings.Contains(text, old) {
			b.Fatalf("no %s", old)
		}
		return seccomp.Parse(source.NewFile("p.json", []byte(strings.Replace(text, old, new, 1))))
	}
	for _, bb := range []struct {
		name     string
		old, new *seccomp.Profile
	}{
		{"itself", docker, docker},
		{"small", docker, edited(`"accept",`, ``)},
		{"border", docker, edited(`"accept",`, `"accept", "rseq_slice_yield",`)},
		{"default", docker, edited(`"defaultErrnoRet": 1,`, `"defaultErrnoRet": 38,`)},
		{"podman", docker, podman},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Diff(bb.old, bb.new, Targets{})
			}
		})
	}
}

// randomProfile returns a profile in which everything occurs that a target may see in its own way, about few syscalls.
func randomProfile(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	some := func(n int, list ...string) string {
		var out []string
		for range n {
			out = append(out, `"`+pick(list...)+`"`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	var s strings.Builder
	fmt.Fprintf(&s, `{"defaultAction":%q`, pick("SCMP_ACT_ERRNO", "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL"))
	if r.IntN(3) == 0 {
		s.WriteString(`,"defaultErrnoRet":38`)
	}
	switch r.IntN(4) {
	case 0:
		s.WriteString(`,"architectures":` + some(1+r.IntN(3), "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"))
	case 1:
		s.WriteString(`,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":` + some(1+r.IntN(2), "SCMP_ARCH_X86", "SCMP_ARCH_X32") + `}]`)
	}
	s.WriteString(`,"syscalls":[{"names":["getpid","getuid32"],"action":"SCMP_ACT_TRAP"`)
	if r.IntN(8) == 0 {
		s.WriteString(`,"args":[{"index":0,"op":"SCMP_CMP_EQ"}]`) // see Filter.Unloaded
	}
	s.WriteString("}")
	for range r.IntN(8) {
		s.WriteString("," + randomRule(r, pick, some))
	}
	return s.String() + "]}"
}

func randomRule(r *rand.Rand, pick func(...string) string, some func(int, ...string) string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `{"names":%s,"action":%q`, some(1+r.IntN(3), poolNames...), pick("SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_KILL_THREAD"))
	if r.IntN(4) == 0 {
		fmt.Fprintf(&s, `,"errnoRet":%d`, []int{1, 2, 38, 65574}[r.IntN(4)])
	}
	if n := r.IntN(6); n < 3 || n == 5 && r.IntN(3) == 0 {
		if n == 5 {
			n = 7
		}
		var args []string
		for i := range n {
			index := i
			if r.IntN(6) == 0 || i > 5 {
				index = 0
			}
			c := randomCond(r, index, false)
			two := c.Value
			if c.Op == "SCMP_CMP_MASKED_EQ" {
				c.Value = c.Mask
			}
			args = append(args, fmt.Sprintf(`{"index":%d,"op":%q,"value":%d,"valueTwo":%d}`, index, c.Op, c.Value, two))
		}
		s.WriteString(`,"args":[` + strings.Join(args, ",") + `]`)
	}
	for _, key := range []string{"includes", "excludes"} {
		switch r.IntN(8) {
		case 0, 1:
			fmt.Fprintf(&s, `,%q:{"caps":%s}`, key, some(1+r.IntN(2), poolCaps...))
		case 2:
			fmt.Fprintf(&s, `,%q:{"minKernel":%q}`, key, pick("4.8", "5.1", "6.6", "8.0"))
		case 3:
			fmt.Fprintf(&s, `,%q:{"arches":["amd64"],"caps":%s}`, key, some(1, poolCaps...))
		}
	}
	return s.String() + "}"
}

var (
	poolNames = []string{"setuid", "personality", "clone3", "mseal", "socket", "connect", "socketcall", "chown32", "fchmodat2", "futex_waitv", "chmodd", "read"}
	poolCaps  = []string{"CAP_BPF", "CAP_CHOWN", "CAP_SYS_ADMIN"}
)

// What Diff finds for a target is what is found by compiling both profiles for it and asking them, for any target, and the same goes for what it does not find.
func TestDiffAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	checked, differences, same, unsure, fragile := 0, 0, 0, 0, 0
	for range 80 {
		texts := [2]string{randomProfile(r), randomProfile(r)}
		if r.IntN(3) > 0 { // a small change
			change := strings.NewReplacer
			texts[1] = change([][]string{
				{"setuid", "personality"}, {"mseal", "read"}, {"CAP_BPF", "CAP_CHOWN"}, {"5.1", "6.6"}, {"SCMP_CMP_LT", "SCMP_CMP_LE"}, {"SCMP_ACT_LOG", "SCMP_ACT_ALLOW"},
				{"includes", "excludes"}, {"\"read\"", "\"chmodd\""}, {"38", "2"}, {"SCMP_ARCH_X86\"", "SCMP_ARCH_X86_64\""},
			}[r.IntN(10)]...).Replace(texts[0])
		}
		old, new := parse(texts[0]), parse(texts[1])
		d := newDiffer(old, new, Targets{})
		if d.fragile {
			fragile++
		}
		d.diff()
		if off(old) || off(new) {
			continue
		}
		names := append(slices.Clone(poolNames), "mseal", "removexattrat", "ipc", "statx", "close_range")
		type at struct {
			name, abi          string
			l, h, w, turn, lib int
		}
		found := map[at]*sighting{}
		worlds := map[string][]World{}
		d.sightings(true, func(name string, seen map[string][]*sighting, _ []string, in []World, complete bool) {
			if !slices.Contains(names, name) {
				return
			}
			worlds[name] = in
			for abi, sightings := range seen {
				for _, sight := range sightings {
					for _, b := range sight.blocks {
						for lib := range d.libs {
							if b.libs&(1<<lib) != 0 {
								found[at{name, abi, b.loader, b.host, b.world, b.turn, lib}] = sight
							}
						}
					}
				}
			}
			reported := slices.ContainsFunc(d.out.Changes, func(c Change) bool { return slices.Contains(c.Syscalls, name) })
			if reported != (len(seen) > 0) || !complete {
				t.Fatalf("%s\n%s\n%s: reported %v, seen %v, all worlds %v", texts[0], texts[1], name, reported, seen, complete)
			}
		})
		for range 30 {
			var caps []string
			for _, c := range append(slices.Clone(poolCaps), "CAP_KILL") {
				if r.IntN(2) == 0 {
					caps = append(caps, c)
				}
			}
			li, hi, lib := r.IntN(len(d.loaders)), r.IntN(len(d.hosts)), r.IntN(len(d.libs))
			gen := []turn{{"runc", release(1, 1, 5)}, {"runc", release(1, 1, 15)}, {"runc", release(1, 3, 0)}, {"crun", release(1, 8, 1)}, {"crun", release(1, 29, 1)}}[r.IntN(5)]
			ti := -1
			for i, turn := range d.turns {
				if turn.runtime == gen.runtime && (!gen.version.Less(turn.version) || turn.runtime == "crun") {
					ti = i
				}
			}
			kernel := []seccomp.Version{release(4, 19, 3), release(5, 1, 0), release(6, 6, 1), release(7, 0, 0), {}}[r.IntN(5)]
			target := Target{d.loaders[li], Host{d.hosts[hi], caps, kernel}, gen.runtime, gen.version, d.libs[lib]}
			before, after := Compile(old, target), Compile(new, target)
			for _, a := range before.Archs {
				if !after.Covers(a) {
					continue
				}
				for _, name := range names {
					x, y := before.Decide(a, name), after.Decide(a, name)
					ruled := func(d Decision) bool { return d.Step == StepRule || d.Step == StepConditions }
					if s, ok := seccomp.LookupSyscall(name); !ok || !s.On(a.ABI) || before.Default != after.Default && !ruled(x) && !ruled(y) {
						continue
					}
					checked++
					var sight *sighting
					for wi, w := range worlds[name] {
						if slices.ContainsFunc(w.Has, func(c string) bool { return !slices.Contains(caps, c) }) || slices.ContainsFunc(w.Lacks, func(c string) bool { return slices.Contains(caps, c) }) {
							continue
						}
						if s := found[at{name, a.ABI, li, hi, wi, ti, lib}]; kernelIn(w, worlds[name], kernel) {
							sight = s
						}
					}
					explain := func(what string) {
						t.Fatalf("%s\n%s\n%s on %s for %s, caps %v, Linux %s: %s; %s, %s", texts[0], texts[1], name, a.ABI, target, caps, kernel, what, x.String(), y.String())
					}
					calls, _ := representativeCalls(&x, &y)
					differs := slices.ContainsFunc(calls, func(call [6]uint64) bool {
						p, q := x.Eval(call), y.Eval(call)
						return len(p) != len(q) || slices.ContainsFunc(p, func(o Outcome) bool { return !slices.Contains(q, o) })
					})
					switch {
					case sight == nil && differs:
						explain("a difference was not found")
					case sight == nil:
						same++
					case sight.before != x.String() || sight.after != y.String():
						explain("found was " + sight.before + " to " + sight.after)
					case sight.unsure:
						unsure++
					case !differs:
						explain("a difference was found that is none")
					case slices.Equal(x.Eval(sight.call), y.Eval(sight.call)):
						explain(fmt.Sprintf("%x is no example", sight.call))
					default:
						differences++
					}
				}
			}
		}
	}
	if checked < 25000 || differences < 2000 || same < 2000 || unsure < 3 || fragile < 5 {
		t.Errorf("%d checked, %d different, %d the same, %d unsure, %d pairs fragile", checked, differences, same, unsure, fragile)
	}
}

// kernelIn reports whether of the worlds that differ in the kernel, w is the one of a release.
func kernelIn(w World, worlds []World, v seccomp.Version) bool {
	best := seccomp.Version{}
	for _, other := range worlds {
		if (v.IsZero() || !v.Less(other.Kernel)) && best.Less(other.Kernel) {
			best = other.Kernel
		}
	}
	return w.Kernel == best
}

// TestDiff shows what is said about a change.
func TestDiff(t *testing.T) {
	const base = `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[{"names":["read","write","futex_waitv"],"action":"SCMP_ACT_ALLOW"}%s]}`
	rules := func(s string) string {
		if s != "" {
			s = "," + s
		}
		return fmt.Sprintf(base, s)
	}
	whole := strings.NewReplacer
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", rules(""), rules(""), nil},
		{"layout", rules(`{"names":["a"],"action":"SCMP_ACT_ERRNO"}`), rules(`{"action":"SCMP_ACT_ERRNO","comment":"x","names":["a"]}`), nil},
		{"a name that nobody knows", rules(`{"names":["chmodd"],"action":"SCMP_ACT_ALLOW"}`), rules(""), nil},
		{"a rule that does what the default does", rules(`{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}`), rules(""), nil},
		{"allowed", rules(""), rules(`{"names":["chmod","fchmod"],"action":"SCMP_ACT_ALLOW"}`), []string{"widens chmod fchmod: ERRNO EPERM to ALLOW"}},
		{"denied", rules(`{"names":["chmod"],"action":"SCMP_ACT_LOG"}`), rules(`{"names":["chmod"],"action":"SCMP_ACT_KILL"}`), []string{"narrows chmod: LOG to KILL_THREAD"}},
		{"another errno", rules(`{"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":38}`), rules(``), []string{"changes chmod: ERRNO ENOSYS to ERRNO EPERM"}},
		{"on one ABI only", rules(``), rules(`{"names":["chown32","stat64"],"action":"SCMP_ACT_ALLOW"}`), []string{"widens chown32 stat64: ERRNO EPERM to ALLOW"}},
		{"a condition", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW"}`), rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_LT"}]}`),
			[]string{"narrows setuid: ALLOW to ALLOW if arg0 < 5, else ERRNO EPERM, such as (0x5)"}},
		{"a condition that always holds", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW"}`), rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_GE"}]}`), nil},
		{"a condition on upper bits", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`), rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":4294967295,"valueTwo":5,"op":"SCMP_CMP_MASKED_EQ"}]}`),
			[]string{"widens setuid on x86_64: ALLOW if arg0 == 5, else ERRNO EPERM to ALLOW if arg0 & 0xffffffff == 0x5, else ERRNO EPERM, such as (0x100000005)"}},
		{"conditions in another order", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]},{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]},{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`), nil},
		{"overlapping conditions in another order", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]},{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]}`),
			rules(`{"names":["setuid"],"action":"SCMP_ACT_LOG","args":[{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]},{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			[]string{"perhaps changes setuid: ALLOW if arg0 == 5, LOG if arg1 == 6, else ERRNO EPERM to LOG if arg1 == 6, ALLOW if arg0 == 5, else ERRNO EPERM, such as (0x5, 0x6)"}},
		{"a name that old releases do not know", rules(``), rules(`{"names":["fchmodat2"],"action":"SCMP_ACT_ALLOW"}`), []string{
			"border on x86 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: 449 (futex_waitv) to 452 (fchmodat2)", "border on x86_64 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: 449 (futex_waitv) to 452 (fchmodat2)",
			"widens fchmodat2 for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: ERRNO ENOSYS to ALLOW", "widens fchmodat2 for crun, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: ERRNO EPERM to ALLOW",
			"changes cachestat set_mempolicy_home_node for runc, libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1: ERRNO ENOSYS to ERRNO EPERM, for the border",
		}},
		{"a default", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`), whole("SCMP_ACT_ERRNO", "SCMP_ACT_KILL").Replace(rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`)),
			[]string{"changes the default action: ERRNO EPERM to KILL_THREAD", "changes setuid: ALLOW if arg0 == 5, else ERRNO EPERM to ALLOW if arg0 == 5, else KILL_THREAD, such as (0x0), for the default"}},
		{"an ABI", rules(""), whole(`,"SCMP_ARCH_X86"`, "").Replace(rules("")), []string{"narrows the architectures: x86_64 and x86 to x86_64"}},
		{"an ABI that is there anyway", rules(""), whole(`"SCMP_ARCH_X86_64",`, "").Replace(rules("")), []string{"border on x86_64 for runc before 1.1.15: 449 (futex_waitv) to none",
			"changes the rest for runc before 1.1.15"}},
		{"flags", rules(""), whole(`"syscalls"`, `"flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls"`).Replace(rules("")), []string{"changes the flags: none given to SECCOMP_FILTER_FLAG_LOG",
			"changes whether it is accepted for runc before 1.2.0: accepted to refused: runc before 1.2.0 takes no profile with flags"}},
		{"an empty list of flags", rules(""), whole(`"syscalls"`, `"flags":[],"syscalls"`).Replace(rules("")), []string{"changes the flags: none given to an empty list"}},
		{"a listener", whole(`"syscalls"`, `"listenerPath":"/a","syscalls"`).Replace(rules("")), rules(""), []string{"changes the listener: /a to none"}},
		{"off", rules(""), "{}", []string{"widens the filter: a profile to none"}},
		{"a capability", rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`), rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}`),
			[]string{"widens mount for containers with CAP_SYS_ADMIN and without CAP_BPF: ERRNO EPERM to ALLOW"}},
		{"no capability", rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`), rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_KILL"]}},{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}`),
			[]string{"widens mount for containers without CAP_BPF, CAP_KILL and CAP_SYS_ADMIN, or with CAP_BPF without CAP_KILL and CAP_SYS_ADMIN, or with CAP_SYS_ADMIN without CAP_BPF and CAP_KILL: ERRNO EPERM to ALLOW"}},
		{"a kernel, which Docker alone asks for", rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"5.1"}}`), rules(`{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"6.6"}}`),
			[]string{"narrows mount for Docker, containers on Linux from 5.1 to before 6.6: ALLOW to ERRNO EPERM"}},
		{"errno in words, which Podman alone reads", rules(`{"names":["mount"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","comment":"x"}`), rules(`{"names":["mount"],"action":"SCMP_ACT_ERRNO","errno":"EBADF","comment":"x"}`),
			[]string{"changes mount: ERRNO ENOSYS to ERRNO EBADF"}},
		{"the first six conditions", rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[` + strings.Repeat(`{"index":0,"value":5,"op":"SCMP_CMP_EQ"},`, 6) + `{"index":0,"value":6,"op":"SCMP_CMP_EQ"}]}`), rules(`{"names":["setuid"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}`),
			[]string{"narrows setuid for runc: ALLOW if arg0 == 5 or arg0 == 6, else ERRNO EPERM to ALLOW if arg0 == 5, else ERRNO EPERM, such as (0x6)"}},
		{"a call that socketcall makes too", rules(`{"names":["socket"],"action":"SCMP_ACT_ALLOW"}`), rules(``), []string{"narrows socket: ALLOW to ERRNO EPERM", "narrows socketcall: ALLOW if arg0 == 1, else ERRNO EPERM to ERRNO EPERM, such as (0x1)"}},
		{"a rule that is refused", rules(``), rules(`{"names":["chmod"],"action":"SCMP_ACT_LOG","errnoRet":5}`), []string{
			"changes whether it is accepted for crun: accepted to refused: crun takes no errno with SCMP_ACT_LOG", "widens chmod: ERRNO EPERM to LOG"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Diff(parse(tt.old), parse(tt.new), Targets{})
			got := sayDifference(d)
			if len(tt.want) > 0 && strings.HasPrefix(tt.want[len(tt.want)-1], "changes the rest") { // too much to be shown
				if len(got) < len(tt.want) || !strings.Contains(got[len(got)-1], strings.TrimPrefix(tt.want[len(tt.want)-1], "changes the rest ")) {
					t.Errorf("got %q", got)
				}
				return
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if d.Empty() != (len(got) == 0) {
				t.Errorf("Empty is %v", d.Empty())
			}
		})
	}
}

// sayDifference puts a difference into words.
func sayDifference(d *Difference) (out []string) {
	forWhom := func(s string) string {
		if s != "" {
			s = " for " + s
		}
		return s
	}
	for _, w := range d.Whole {
		out = append(out, fmt.Sprintf("%s %s%s: %s to %s", w.Effect, w.What, forWhom(w.For), w.Before, w.After))
	}
	border := func(n int, name string) string {
		if n < 0 {
			return "none"
		}
		return fmt.Sprintf("%d (%s)", n, name)
	}
	for _, b := range d.Borders {
		out = append(out, fmt.Sprintf("border on %s%s: %s to %s", b.ABI, forWhom(b.For), border(b.Before, b.BeforeName), border(b.After, b.AfterName)))
	}
	for _, c := range d.Changes {
		s := fmt.Sprintf("%s %s", c.Effect, strings.Join(c.Syscalls, " "))
		if c.Unsure {
			s = "perhaps " + s
		}
		if c.ABIs != nil {
			s += " on " + strings.Join(c.ABIs, " ")
		}
		s += forWhom(c.For) + ": " + c.Before + " to " + c.After
		if strings.Contains(c.Before+c.After, " if ") && c.HasExample {
			n := 6
			for n > 1 && c.Example[n-1] == 0 {
				n--
			}
			var args []string
			for _, a := range c.Example[:n] {
				args = append(args, fmt.Sprintf("%#x", a))
			}
			s += ", such as (" + strings.Join(args, ", ") + ")"
		}
		if c.Cause != CauseRules {
			s += ", for the " + c.Cause.String()
		}
		out = append(out, s)
	}
	return out
}

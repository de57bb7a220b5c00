package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
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
		{"old form", parse(inOldForm(docker)), docker},
		{"many capabilities", parse(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[` +
			`{"name":"read","action":"SCMP_ACT_ALLOW"},{"name":"mount","action":"SCMP_ACT_ALLOW"}]}`),
			parse(manyCapabilities())},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Diff(bb.old, bb.new, Targets{})
			}
		})
	}
}

// inOldForm returns what a profile allows everybody in the form of Docker's first profiles, one name a rule.
func inOldForm(p *seccomp.Profile) string {
	var rules []string
	s := &side{Profile: p}
	for _, r := range p.Rules {
		for _, n := range r.Names {
			if len(r.Args) == 0 && s.keeps(LoaderDocker, r) && n.Text != "mseal" {
				rules = append(rules, fmt.Sprintf(`{"name":%q,"action":"SCMP_ACT_ALLOW","args":[]}`, n.Text))
			}
		}
	}
	return `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[` +
		strings.Join(rules, ",") + `]}`
}

// manyCapabilities returns a profile with a rule for each of a dozen capabilities, which raise runc's border.
func manyCapabilities() string {
	rules := []string{`{"names":["read"],"action":"SCMP_ACT_ALLOW"}`}
	for i, name := range []string{
		"mount", "reboot", "chroot", "init_module", "acct", "kcmp", "iopl", "settimeofday", "vhangup", "mbind",
		"syslog", "open_by_handle_at",
	} {
		rules = append(rules, fmt.Sprintf(`{"names":[%q],"action":"SCMP_ACT_ALLOW","includes":{"caps":[%q]}}`, name,
			seccomp.Capabilities()[i]))
	}
	return `{"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":` +
		`["SCMP_ARCH_X86"]}],"syscalls":[` + strings.Join(rules, ",") + `]}`
}

// The work of a comparison grows with what makes a difference, and not with all sets of capabilities.
func TestDiffIsBounded(t *testing.T) {
	docker := readProfile(t, "docker")
	targets := Targets{}
	if !heavytest.On() {
		targets = targetsOf(t, "docker=29", "runc=1.5.3", "libseccomp=2.6.1")
	}
	for _, tt := range []struct {
		name       string
		old, new   *seccomp.Profile
		left, sets int // bounds of what loaders leave, and of sets of capabilities
	}{
		{"old form", parse(inOldForm(docker)), docker, 450, 60},
		{"many capabilities", parse(manyCapabilities()), docker, 2500, 650},
		{"conditions only", parse(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"name":"socket","action":` +
			`"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":1}]},{"name":"chown32",` +
			`"action":"SCMP_ACT_ALLOW"}]}`), docker, 700, 80},
	} {
		d := newDiffer(tt.old, tt.new, targets)
		d.diff()
		left := len(d.old.remainers) + len(d.new.remainers)
		sets := map[string]bool{}
		for _, s := range []*side{d.old, d.new} {
			for k := range s.remainder {
				sets[k.environment] = true
			}
		}
		if left > tt.left || len(sets) > tt.sets {
			t.Errorf("%s: loaders leave %d different lists of rules in %d sets of capabilities; want %d in %d at most",
				tt.name, left, len(sets), tt.left, tt.sets)
		}
	}
}

// What takes a capability is said exactly, also where other capabilities move runc's border.
func TestDiffNamesCapability(t *testing.T) {
	old := parse(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW"},` +
		`{"name":"mount","action":"SCMP_ACT_ALLOW"}]}`)
	d := Diff(old, parse(manyCapabilities()), Targets{})
	want := ContainerCondition{Lacks: []string{seccomp.Capabilities()[0]}}
	for _, c := range d.Changes {
		if !slices.Contains(c.Syscalls, "mount") {
			continue
		}
		if len(c.For.Containers.AnyOf) != 1 || !slices.Equal(c.For.Containers.AnyOf[0].Lacks, want.Lacks) ||
			len(c.For.Containers.AnyOf[0].Has) > 0 {
			t.Errorf("mount on %v to %s for %+v", c.ABIs, c.After, c.For)
		}
		crun := len(c.For.Runtimes) == 1 && c.For.Runtimes[0].Program == "crun"
		if crun && c.For.Containers.Some {
			t.Errorf("mount under crun, which has no border, for %+v", c.For)
		}
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
		s.WriteString(`,"architectures":` +
			some(1+r.IntN(3), "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"))
	case 1:
		s.WriteString(`,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":` +
			some(1+r.IntN(2), "SCMP_ARCH_X86", "SCMP_ARCH_X32") + `}]`)
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
	fmt.Fprintf(&s, `{"names":%s,"action":%q`, some(1+r.IntN(3), poolNames...),
		pick("SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_KILL_THREAD"))
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
	poolNames = []string{
		"setuid", "personality", "clone3", "mseal", "socket", "connect", "socketcall", "chown32", "fchmodat2",
		"futex_waitv", "chmodd", "read",
	}
	poolCaps = []string{"CAP_BPF", "CAP_CHOWN", "CAP_SYS_ADMIN"}
)

// randomPair returns two random profiles, most often with a small change between them.
func randomPair(r *rand.Rand) [2]string {
	texts := [2]string{randomProfile(r), randomProfile(r)}
	if r.IntN(3) > 0 {
		texts[1] = strings.NewReplacer([][]string{
			{"setuid", "personality"}, {"mseal", "read"}, {"CAP_BPF", "CAP_CHOWN"}, {"5.1", "6.6"},
			{"SCMP_CMP_LT", "SCMP_CMP_LE"}, {"SCMP_ACT_LOG", "SCMP_ACT_ALLOW"},
			{"includes", "excludes"}, {"\"read\"", "\"chmodd\""}, {"38", "2"},
			{"SCMP_ARCH_X86\"", "SCMP_ARCH_X86_64\""},
		}[r.IntN(10)]...).Replace(texts[0])
	}
	return texts
}

// point is a syscall on an ABI for one target, by the indexes of the differ's axes.
type point struct {
	name, abi                               string
	loader, host, environment, variant, lib int
}

// foundChanges are all changes that a differ finds about some syscalls, by point.
type foundChanges struct {
	*differ
	texts        [2]string
	names        []string
	changes      map[point]*observedChange
	environments map[string][]environment
}

func findChanges(t *testing.T, d *differ, texts [2]string) *foundChanges {
	t.Helper()
	f := &foundChanges{
		differ: d, texts: texts, changes: map[point]*observedChange{}, environments: map[string][]environment{},
		names: append(slices.Clone(poolNames), "mseal", "removexattrat", "ipc", "statx", "close_range"),
	}
	d.archs = true
	d.observe(func(s *seccomp.Syscall, seen observed, in []environment, complete bool) {
		if !slices.Contains(f.names, s.Name) {
			return
		}
		f.environments[s.Name] = in
		for abi, changes := range seen {
			for _, c := range changes {
				f.add(s.Name, abi, c)
			}
		}
		reported := slices.ContainsFunc(d.out.Changes,
			func(c Change) bool { return slices.Contains(c.Syscalls, s.Name) })
		if reported != (len(seen) > 0) || !complete {
			t.Fatalf("%s\n%s\n%s: reported %v, seen %v, all environments %v", texts[0], texts[1], s.Name, reported,
				seen, complete)
		}
	})
	return f
}

func (f *foundChanges) add(name, abi string, c *observedChange) {
	for _, b := range c.blocks {
		for lib := range f.libs {
			if b.libs&(1<<lib) != 0 {
				f.changes[point{name, abi, b.loader, b.host, b.environment, b.variant, lib}] = c
			}
		}
	}
}

// at returns the change for a point in a container, in whatever environment that is; nil for none.
func (f *foundChanges) at(p point, h Host) (seen *observedChange) {
	has := func(c string) bool { return slices.Contains(h.Caps, c) }
	lacks := func(c string) bool { return !has(c) }
	for i, e := range f.environments[p.name] {
		if slices.ContainsFunc(e.Has, lacks) || slices.ContainsFunc(e.Lacks, has) {
			continue
		}
		p.environment = i
		if kernelIn(e, f.environments[p.name], h.Kernel) {
			seen = f.changes[p]
		}
	}
	return seen
}

// randomTarget returns a target, and its point without name, ABI and environment.
func (f *foundChanges) randomTarget(r *rand.Rand) (Target, point) {
	var caps []string
	for _, c := range append(slices.Clone(poolCaps), "CAP_KILL") {
		if r.IntN(2) == 0 {
			caps = append(caps, c)
		}
	}
	p := point{loader: r.IntN(len(f.loaders)), host: r.IntN(len(f.hosts)), lib: r.IntN(len(f.libs)), variant: -1}
	gen := []runtimeVariant{
		{"runc", release(1, 1, 5)}, {"runc", release(1, 1, 15)}, {"runc", release(1, 3, 0)},
		{"crun", release(1, 8, 1)}, {"crun", release(1, 29, 1)},
	}[r.IntN(5)]
	for i, v := range f.variants {
		if v.runtime == gen.runtime && (!gen.version.Less(v.version) || v.runtime == "crun") {
			p.variant = i
		}
	}
	kernel := []seccomp.Version{
		release(4, 19, 3), release(5, 1, 0), release(6, 6, 1), release(7, 0, 0), {},
	}[r.IntN(5)]
	host := Host{f.hosts[p.host], caps, kernel}
	return Target{f.loaders[p.loader], host, gen.runtime, gen.version, f.libs[p.lib]}, p
}

// outcomesDiffer reports whether two decisions have different outcomes for some call.
func outcomesDiffer(x, y *Decision) bool {
	calls, _ := representativeCalls(x, y)
	return slices.ContainsFunc(calls, func(c representativeCall) bool {
		p, q := x.Eval(c.registers), y.Eval(c.registers)
		return len(p) != len(q) || slices.ContainsFunc(p, func(o Outcome) bool { return !slices.Contains(q, o) })
	})
}

// compareWith holds a change that was found, or nil, against the decisions. It returns what is right about it,
// "different", "same" or "unsure", or what is wrong.
func compareWith(seen *observedChange, x, y *Decision) (right, wrong string) {
	differs := outcomesDiffer(x, y)
	switch {
	case seen == nil && differs:
		return "", "a difference was not found"
	case seen == nil:
		return "same", ""
	case seen.beforeText != x.String() || seen.afterText != y.String():
		return "", "found was " + seen.beforeText + " to " + seen.afterText
	case seen.unsure:
		return "unsure", ""
	case !differs:
		return "", "a difference was found that is none"
	case slices.Equal(x.Eval(seen.call), y.Eval(seen.call)):
		return "", fmt.Sprintf("%x is no example", seen.call)
	}
	return "different", ""
}

// check compares what was found with the decisions of both profiles for a target, and counts the results.
func (f *foundChanges) check(t *testing.T, target Target, p point, counts map[string]int) {
	t.Helper()
	before, after := Compile(f.old.Profile, target), Compile(f.new.Profile, target)
	ruled := func(d Decision) bool { return d.Step == StepRule || d.Step == StepConditions }
	for _, a := range before.Archs {
		if !after.Covers(a) {
			continue
		}
		for _, name := range f.names {
			x, y := before.Decide(a, name), after.Decide(a, name)
			if s, ok := seccomp.LookupSyscall(name); !ok || !s.On(a.ABI) ||
				before.Default != after.Default && !ruled(x) && !ruled(y) {
				continue
			}
			p.name, p.abi = name, a.ABI
			right, wrong := compareWith(f.at(p, target.Host), &x, &y)
			if wrong != "" {
				t.Fatalf("%s\n%s\n%s on %s for %s, caps %v, Linux %s: %s; %s, %s", f.texts[0], f.texts[1], name, a.ABI,
					target, target.Host.Caps, target.Host.Kernel, wrong, x.String(), y.String())
			}
			counts["checked"]++
			counts[right]++
		}
	}
}

// What Diff finds for a target is what is found by compiling both profiles for it and asking them, for any target,
// and the same goes for what it does not find.
func TestDiffAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	counts := map[string]int{}
	for range heavytest.Times(200) {
		texts := randomPair(r)
		old, new := parse(texts[0]), parse(texts[1])
		d := newDiffer(old, new, Targets{})
		if d.fragile {
			counts["fragile"]++
		}
		d.diff()
		if isOff(old) || isOff(new) {
			continue
		}
		found := findChanges(t, d, texts)
		for range 30 {
			target, p := found.randomTarget(r)
			found.check(t, target, p, counts)
		}
	}
	for result, want := range map[string]int{
		"checked": 60_000, "different": 5000, "same": 5000, "unsure": 5, "fragile": 4,
	} {
		if want = heavytest.Times(want); counts[result] < want {
			t.Errorf("%d %s, want %d or more", counts[result], result, want)
		}
	}
}

// kernelIn reports whether of the environments that differ in the kernel, e is the one of a release.
func kernelIn(e environment, environments []environment, v seccomp.Version) bool {
	best := seccomp.Version{}
	for _, other := range environments {
		if (v.IsZero() || !v.Less(other.Kernel)) && best.Less(other.Kernel) {
			best = other.Kernel
		}
	}
	return e.Kernel == best
}

// DiffExcept reports what Diff does, but for the names that it is given, and those that no rule names where nothing
// runs by default.
func TestDiffExcept(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 8))
	left, dropped := 0, 0
	for range heavytest.Times(60) {
		texts := randomPair(r)
		old, new := parse(texts[0]), parse(texts[1])
		except := map[string]bool{}
		for _, rule := range slices.Concat(old.Rules, new.Rules) {
			for _, name := range rule.Names {
				except[name.Text] = r.IntN(2) == 0
			}
		}
		runs := false
		for _, l := range (Targets{}).common(old, new) {
			runs = runs || DefaultFor(old, l).Runs() || DefaultFor(new, l).Runs()
		}
		changes := func(d *Difference, all bool) (out []string) {
			for _, c := range d.Changes {
				for _, name := range c.Syscalls {
					named := old.Mentions(name) || new.Mentions(name) || name == "socketcall" || name == "ipc"
					if !all && (except[name] || !named && !runs) {
						dropped++
						continue
					}
					out = append(out, fmt.Sprint(name, c.ABIs, c.Effect, c.Cause, c.Unsure, c.For.key()))
				}
			}
			slices.Sort(out)
			return out
		}
		want, got := changes(Diff(old, new, Targets{}), false), changes(DiffExcept(old, new, Targets{}, except), true)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n%s\nexcept %v\n%q\nwant %q", texts[0], texts[1], except, got, want)
		}
		left += len(got)
	}
	if want := heavytest.Times(30); left < want || dropped < want {
		t.Errorf("%d changes, and %d that were left out", left, dropped)
	}
}

package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// The engine: from a resolved profile to a filter, and from a filter to decisions.
//
// Computed is what libseccomp's filter, and runc's stub before it, do with a syscall of an ABI: the outcome, and under
// which conditions on the arguments another one. In order: runc answers ENOSYS above the border; calls of an ABI that
// the filter is not for are killed; rules that equal the default action, and names that libseccomp does not know or the
// ABI does not have, drop out; the first rule without conditions decides; else the rules with conditions do, and the
// default action where none of them holds.
//
// The invariant is that a call gets one of the outcomes of Decision.Possible. It was measured for every syscall of the
// recorded probes (TestDecideAgreesWithRuntimes), and for random profiles with installed runtimes (TestLive).

// Target is one way in which a profile comes into force: who reads it, on what host, and what makes the filter of it.
type Target struct {
	Loader Loader
	Host   Host
	// Runtime is "runc" or "crun".
	Runtime        string
	RuntimeVersion seccomp.Version
	Libseccomp     Libseccomp
}

// Equal reports whether two targets are the same.
func (t Target) Equal(u Target) bool {
	return t.Loader == u.Loader && t.Host.Arch == u.Host.Arch && t.Host.Kernel == u.Host.Kernel &&
		slices.Equal(t.Host.Caps, u.Host.Caps) &&
		t.Runtime == u.Runtime && t.RuntimeVersion == u.RuntimeVersion &&
		t.Libseccomp.Version == u.Libseccomp.Version && slices.Equal(t.Libseccomp.extra, u.Libseccomp.extra)
}

// String returns the target in words: "Docker with runc 1.5.1 and libseccomp 2.6.1 on x86_64".
func (t Target) String() string {
	return fmt.Sprintf("%s with %s %s and libseccomp %s on %s", t.Loader, t.Runtime, t.RuntimeVersion, t.Libseccomp,
		t.Host.Arch.ABI)
}

// Filter is what a runtime makes of a resolved profile. It decides as runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27
// were seen to do with libseccomp 2.5.4 and 2.6.1. A Filter is immutable.
type Filter struct {
	*Resolved
	Target Target
	// Archs are the architectures that the filter is for: the host's own, and the listed ones that are known.
	Archs []*seccomp.Architecture

	index    *index
	live     []*ResolvedRule // by place in Profile.Rules; nil for those that the loader leaves out
	unloaded func() map[*seccomp.Architecture]seccomp.String
	border   func() map[*seccomp.Architecture]int // runc's highest named number; one without it has no border
}

// index is what all filters of a profile share: which rule names what under which conditions.
type index struct {
	names map[string]*seccomp.Named // those of seccomp.Profile.Named
	// parts are the conditions under which each rule holds: one part, or several alternatives where an argument is
	// repeated. first are those that crun up to 1.29.1 reads.
	parts, first [][][]Cond
	// repeated are the known names that several places give, meeting those of calls that socketcall(2) and ipc(2)
	// make, and these two.
	repeated, meeting []*seccomp.Named
}

// newIndex makes the index of a profile.
func newIndex(p *seccomp.Profile) *index {
	x := &index{names: p.Named(), parts: make([][][]Cond, len(p.Rules)), first: make([][][]Cond, len(p.Rules))}
	for i, rule := range p.Rules {
		x.parts[i] = parts(rule.Args)
		x.first[i] = x.parts[i]
		if len(rule.Args) > 6 {
			x.first[i] = parts(rule.Args[:6])
		}
	}
	for _, n := range x.names {
		s := n.Syscall
		switch {
		case s == nil:
		case s.SocketCall != 0 || s.IPC != 0 || s.Name == "socketcall" || s.Name == "ipc":
			x.meeting = append(x.meeting, n)
		case len(n.Uses) > 1:
			x.repeated = append(x.repeated, n)
		}
	}
	return x
}

// uses returns the namings of a syscall by rules that the loader keeps.
func (f *Filter) uses(syscall string) []seccomp.Use {
	if n := f.index.names[syscall]; n != nil {
		return f.kept(n)
	}
	return nil
}

// kept returns those uses of a name whose rules the loader keeps.
func (f *Filter) kept(n *seccomp.Named) []seccomp.Use {
	if !slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool { return f.live[u.Rule] == nil }) {
		return n.Uses
	}
	var uses []seccomp.Use
	for _, u := range n.Uses {
		if f.live[u.Rule] != nil {
			uses = append(uses, u)
		}
	}
	return uses
}

// partsOf returns the conditions of a rule as the runtime reads them.
func (f *Filter) partsOf(rule int) [][]Cond {
	if f.Target.Runtime == "crun" && f.Target.RuntimeVersion.Less(crunReadsAllConds) {
		return f.index.first[rule]
	}
	return f.index.parts[rule]
}

// Cond is one condition on an argument. It compares the whole register, unsigned, or its lower half.
type Cond struct {
	Arg int
	Op  string // SCMP_CMP_…
	// Value is what is compared with: for SCMP_CMP_MASKED_EQ the value within the mask.
	Value uint64
	Mask  uint64 // for SCMP_CMP_MASKED_EQ only
	// Low says that only the lower 32 bits of the register are compared, as libseccomp does for every 32-bit ABI, x32
	// and the n32 of MIPS included.
	Low bool
}

// Holds reports whether an argument meets the condition.
func (c Cond) Holds(arg uint64) bool {
	if c.Low {
		arg = uint64(uint32(arg))
	}
	switch c.Op {
	case "SCMP_CMP_NE":
		return arg != c.Value
	case "SCMP_CMP_LT":
		return arg < c.Value
	case "SCMP_CMP_LE":
		return arg <= c.Value
	case "SCMP_CMP_EQ":
		return arg == c.Value
	case "SCMP_CMP_GE":
		return arg >= c.Value
	case "SCMP_CMP_GT":
		return arg > c.Value
	case "SCMP_CMP_MASKED_EQ":
		return arg&c.Mask == c.Value
	}
	return false
}

// String returns the condition as "arg0 < 40" or "arg0 & 0x7e020000 == 0".
func (c Cond) String() string {
	op := map[string]string{
		"SCMP_CMP_NE": "!=", "SCMP_CMP_LT": "<", "SCMP_CMP_LE": "<=", "SCMP_CMP_EQ": "==", "SCMP_CMP_GE": ">=",
		"SCMP_CMP_GT": ">",
	}[c.Op]
	if op == "" {
		return fmt.Sprintf("arg%d & %#x == %#x", c.Arg, c.Mask, c.Value)
	}
	return fmt.Sprintf("arg%d %s %d", c.Arg, op, c.Value)
}

// narrow returns conditions as a 32-bit ABI has them.
func narrow(conds []Cond) []Cond {
	conds = slices.Clone(conds)
	for i := range conds {
		c := &conds[i]
		c.Value, c.Mask, c.Low = uint64(uint32(c.Value)), uint64(uint32(c.Mask)), true
	}
	return withoutAlways(conds)
}

// Step is the step of the model that decides about a call.
type Step int

const (
	// StepBorder: runc answers ENOSYS to every number above the highest that the profile names.
	StepBorder Step = iota
	// StepForeign: the call comes from an ABI that the filter is not for, and the thread is killed.
	StepForeign
	// StepDefault: no rule is left, and the default action holds.
	StepDefault
	// StepRule: the first rule without conditions decides.
	StepRule
	// StepConditions: rules with conditions decide, and the default action where none of them holds.
	StepConditions
	// StepKernel: the kernel makes the call without asking any filter.
	StepKernel
)

// Why is the reason for which a rule that names a syscall has no part in the decision.
type Why int

const (
	// UnknownName: libseccomp does not know the name.
	UnknownName Why = iota
	// NotOnABI: the syscall does not exist on the ABI.
	NotOnABI
	// EqualsDefault: the rule does what the default action does, and is dropped before others are looked at.
	EqualsDefault
	// Shadowed: a rule without conditions decides.
	Shadowed
	// LeftOut: the loader leaves the whole rule out, because of its includes or excludes, or because it has no names.
	LeftOut
)

// Dead is a naming of a syscall that has no part in the decision.
type Dead struct {
	Name seccomp.String
	Rule *seccomp.Rule
	Why  Why
	// By is the rule that decides instead, for Shadowed.
	By *seccomp.Rule
	// Left is the loader's reason, for LeftOut.
	Left Omission
}

// Case is one alternative of a conditional decision.
type Case struct {
	Conds   []Cond // all must hold, at most one for each argument; never empty
	Outcome Outcome
	Rule    *seccomp.Rule
	Name    seccomp.String
	// Multiplexed says that the case comes from a rule about a call that socketcall(2) or ipc(2) makes too.
	Multiplexed bool
}

// Holds reports whether the arguments meet all conditions of the case.
func (c Case) Holds(args [6]uint64) bool {
	return !slices.ContainsFunc(c.Conds, func(cond Cond) bool { return !cond.Holds(args[cond.Arg]) })
}

// Decision is what a filter does with one syscall on one ABI.
type Decision struct {
	Step Step
	// Outcome is the outcome where no case holds.
	Outcome Outcome
	// Rule and Name are those that decide, for StepRule.
	Rule *seccomp.Rule
	Name seccomp.String
	// Border is the highest number that the profile names, for StepBorder.
	Border int
	// Cases are the alternatives of StepConditions, in order of the file.
	Cases []Case
}

// Eval returns the outcomes that are possible for a call with the given registers: one, or several where rules with
// different actions hold at once, of which libseccomp takes one that neither the order in the file nor its release
// foretells.
func (d *Decision) Eval(args [6]uint64) []Outcome {
	var out []Outcome
	for _, c := range d.Cases {
		if !slices.Contains(out, c.Outcome) && c.Holds(args) {
			out = append(out, c.Outcome)
		}
	}
	if len(out) == 0 {
		return []Outcome{d.Outcome}
	}
	return out
}

// Compile returns the filter that a target makes of the profile.
func Compile(p *seccomp.Profile, t Target) *Filter {
	return Resolve(p, t.Loader, t.Host).Compile(t.Runtime, t.RuntimeVersion, t.Libseccomp)
}

// Compile returns the filter that a runtime with a build of libseccomp makes of what a loader gave it.
func (r *Resolved) Compile(runtime string, version seccomp.Version, lib Libseccomp) *Filter {
	shared := r.shared()
	return r.filter(shared.index, shared.live, runtime, version, lib)
}

// shared is what all filters of a resolved profile have in common.
type shared struct {
	index *index
	live  []*ResolvedRule // see Filter
}

// live returns the rules that the loader keeps, by place in Profile.Rules.
func (r *Resolved) live() []*ResolvedRule {
	live := make([]*ResolvedRule, len(r.Profile.Rules))
	for i, n := 0, 0; i < len(r.Rules); n++ {
		if r.Profile.Rules[n] == r.Rules[i].Rule {
			live[n] = &r.Rules[i]
			i++
		}
	}
	return live
}

// filter is Compile with the index of the profile and the rules that live returns. The border and what is not loaded
// are found when they are asked for: most filters of a comparison never are.
func (r *Resolved) filter(x *index, live []*ResolvedRule, runtime string, version seccomp.Version,
	lib Libseccomp) *Filter {
	if o := r.Default.Action; (runtimeVariant{runtime, version}).ownDefault() &&
		(o == "SCMP_ACT_ERRNO" || o == "SCMP_ACT_TRACE") && r.Default.Errno != eperm {
		own := *r
		own.Default.Errno = eperm
		r = &own
	}
	f := &Filter{Resolved: r, Target: Target{r.Loader, r.Host, runtime, version, lib}, index: x, live: live}
	if r.Host.Arch != nil {
		f.Archs = append(f.Archs, r.Host.Arch)
	}
	for _, a := range f.listed() {
		if !slices.Contains(f.Archs, a) {
			f.Archs = append(f.Archs, a)
		}
	}
	f.unloaded, f.border = sync.OnceValue(f.findUnloaded), sync.OnceValue(f.findBorder)
	return f
}

// listed returns the known architectures that the profile lists.
func (f *Filter) listed() (listed []*seccomp.Architecture) {
	for _, name := range f.Architectures {
		if a, ok := seccomp.LookupArchitecture(name.Text); ok {
			listed = append(listed, a)
		}
	}
	return listed
}

// findBorder returns the highest number that is named on each architecture that has a border. runc's stub runs before
// the filter, for the listed architectures, and since 1.1.15 for the host's own too.
func (f *Filter) findBorder() map[*seccomp.Architecture]int {
	if f.Target.Runtime != "runc" || f.Target.RuntimeVersion.Less(firstStub) ||
		f.Default.Runs() || f.Default.Action == "SCMP_ACT_TRACE" {
		return nil
	}
	archs := f.Archs
	if f.Target.RuntimeVersion.Less(stubForNative) {
		archs = f.listed()
	}
	border := make(map[*seccomp.Architecture]int, len(archs))
	for _, n := range f.index.names {
		if n.Syscall == nil || !f.Target.Libseccomp.Knows(n.Syscall) ||
			!slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool { return f.live[u.Rule] != nil }) {
			continue
		}
		for _, a := range archs {
			// libseccomp gives multiplexed calls a pseudo number below 0. A highest number of 0 counts as none
			// for runc, but on x32 and MIPS its numbers are those of the table and an offset.
			number, ok := n.Syscall.Number(a.ABI)
			if b, has := border[a]; ok && (number > b || !has && hasOffset(a)) && !n.Syscall.Multiplexed(a.ABI) {
				border[a] = number
			}
		}
	}
	return border
}

// hasOffset reports whether the numbers of the ABI begin at another number than the 0 of its table.
func hasOffset(a *seccomp.Architecture) bool {
	return a.ABI == "x32" || strings.HasPrefix(a.ABI, "mips")
}

// Before these releases runc had no stub, and did not read defaultErrnoRet (libcontainer/seccomp/seccomp_linux.go of
// each release).
var (
	firstStub         = candidate(1, 0, 0, 93)
	readsDefaultErrno = candidate(1, 0, 0, 95)
)

// skipsRedundant is the first release of runc that leaves rules out which do what the default action does; before it
// libseccomp-golang refused them: "requested action matches default action of filter".
var skipsRedundant = release(1, 0, 2)

// stubForNative is the first release of runc that answers ENOSYS above the border for the host's own architecture
// also where the profile does not list it.
var stubForNative = release(1, 1, 15)

// crunReadsAllConds is the first release of crun that reads more than six conditions of a rule.
var crunReadsAllConds = release(1, 29, 2)

// parts returns the conditions of a rule as alternatives; one empty alternative for a rule without conditions. Both
// runtimes make a rule that repeats an argument into one rule for each of its conditions.
func parts(args []seccomp.Arg) [][]Cond {
	if len(args) == 0 {
		return unconditional
	}
	var conds []Cond
	repeats, seen := false, [6]bool{}
	for _, a := range args {
		if !slices.Contains(seccomp.Operators(), a.Op.Text) || a.Index.Value > 5 {
			continue // which runtimes refuse
		}
		c := Cond{Arg: int(a.Index.Value), Op: a.Op.Text, Value: a.Value.Value}
		if c.Op == "SCMP_CMP_MASKED_EQ" {
			c.Mask = a.Value.Value
			c.Value = a.ValueTwo.Value & c.Mask
		}
		repeats = repeats || seen[c.Arg]
		seen[c.Arg] = true
		conds = append(conds, c)
	}
	if !repeats {
		return [][]Cond{withoutAlways(conds)}
	}
	var parts [][]Cond
	for _, c := range conds {
		parts = append(parts, withoutAlways([]Cond{c}))
	}
	return parts
}

var unconditional = [][]Cond{nil}

// withoutAlways drops the conditions that a mask of 0 makes true for every argument, as libseccomp does.
func withoutAlways(conds []Cond) []Cond {
	return slices.DeleteFunc(conds, func(c Cond) bool { return c.Op == "SCMP_CMP_MASKED_EQ" && c.Mask == 0 })
}

// Covers reports whether the filter is for calls of an ABI; others are killed.
func (f *Filter) Covers(a *seccomp.Architecture) bool { return slices.Contains(f.Archs, a) }

// Border returns the highest number that the profile names on an architecture, above which runc answers ENOSYS; false
// where there is no such border.
func (f *Filter) Border(a *seccomp.Architecture) (int, bool) {
	n, ok := f.border()[a]
	return n, ok
}

// Named reports whether a rule of the filter names a syscall, on whatever ABI.
func (f *Filter) Named(syscall string) bool { return len(f.uses(syscall)) > 0 }

// unfiltered are the syscalls that Linux makes for programs of its own architecture without asking filters, and the
// first release that does, by ABI: seccomp_uprobe_exception in kernel/seccomp.c. On Linux 6.18 no filter of seven
// runtimes had an effect on them.
var unfiltered = map[string]map[string]seccomp.Version{
	"x86_64": {"uretprobe": release(6, 14, 0), "uprobe": release(6, 18, 0)},
}

// Unfiltered returns the first release of Linux that makes a syscall without asking any filter, where the filter's
// host is of the ABI itself; false where there is none.
func (f *Filter) Unfiltered(a *seccomp.Architecture, syscall string) (seccomp.Version, bool) {
	v, ok := unfiltered[a.ABI][syscall]
	return v, ok && f.Host.Arch == a
}

// Decide returns what the filter does with a syscall on an architecture. A syscall that the ABI does not have cannot
// be called there; it is decided about as one that no rule names. Where the profile is Off, every call runs.
func (f *Filter) Decide(a *seccomp.Architecture, syscall string) Decision {
	if v, ok := f.Unfiltered(a, syscall); ok && (f.Host.Kernel.IsZero() || !f.Host.Kernel.Less(v)) && !f.Off {
		return Decision{Step: StepKernel, Outcome: Outcome{Action: "SCMP_ACT_ALLOW"}}
	}
	s, _ := seccomp.LookupSyscall(syscall)
	if border, ok := f.Border(a); ok && !f.Off && s != nil {
		if number, on := s.Number(a.ABI); on && number > border {
			return Decision{Step: StepBorder, Outcome: Outcome{"SCMP_ACT_ERRNO", 38}, Border: border}
		}
	}
	return f.decideUnder(a, syscall, s)
}

// DecideNumber returns what the filter does with a number that no syscall has on an architecture, without what its ABI
// adds to numbers: what it does with one that no rule names.
func (f *Filter) DecideNumber(a *seccomp.Architecture, number int) Decision {
	if border, ok := f.Border(a); ok && !f.Off && number > border {
		return Decision{Step: StepBorder, Outcome: Outcome{"SCMP_ACT_ERRNO", 38}, Border: border}
	}
	return f.decideUnder(a, "", nil)
}

// decideUnder is Decide for a call with a number up to runc's border, with the facts about it, nil for an unknown one.
func (f *Filter) decideUnder(a *seccomp.Architecture, syscall string, s *seccomp.Syscall) Decision {
	if f.Off {
		return Decision{Step: StepDefault, Outcome: Outcome{Action: "SCMP_ACT_ALLOW"}}
	}
	on := s != nil && s.On(a.ABI)
	if !f.Covers(a) {
		return Decision{Step: StepForeign, Outcome: Outcome{Action: "SCMP_ACT_KILL_THREAD"}}
	}
	d := Decision{Step: StepDefault, Outcome: f.Default}
	if _, lost := f.Unloaded(a); !on || lost {
		return d
	}
	if f.Target.Libseccomp.Knows(s) && f.decide(&d, a, f.uses(syscall), 0) {
		return d
	}
	if syscall == "socketcall" || syscall == "ipc" {
		for _, through := range seccomp.Multiplexed() {
			number := through.SocketCall
			if syscall == "ipc" {
				number = through.IPC
			}
			if number != 0 && through.Multiplexed(a.ABI) && f.Target.Libseccomp.Knows(through) &&
				f.decide(&d, a, f.uses(through.Name), number) {
				return d
			}
		}
	}
	if len(d.Cases) > 0 {
		d.Step = StepConditions
	}
	return d
}

// decide adds the rules about a syscall to a decision, and reports whether one without conditions decides it. A
// sub-call other than 0 is that of socketcall(2) or ipc(2): libseccomp then compares the first argument with it,
// instead of what the rule says about it.
func (f *Filter) decide(d *Decision, a *seccomp.Architecture, uses []seccomp.Use, subCall int) bool {
	for _, u := range uses {
		rule := f.live[u.Rule]
		if rule.Outcome == f.Default {
			continue
		}
		for _, part := range f.partsOf(u.Rule) {
			if a.Bits == 32 {
				part = narrow(part)
			}
			if subCall == 0 && len(part) == 0 {
				*d = Decision{Step: StepRule, Outcome: rule.Outcome, Rule: rule.Rule, Name: u.Name}
				return true
			}
			c := Case{Outcome: rule.Outcome, Rule: rule.Rule, Name: u.Name, Multiplexed: subCall != 0}
			if subCall != 0 {
				c.Conds = append(c.Conds, Cond{Arg: 0, Op: "SCMP_CMP_EQ", Value: uint64(subCall), Low: a.Bits == 32})
			}
			for _, cond := range part {
				if subCall == 0 || cond.Arg != 0 {
					c.Conds = append(c.Conds, cond)
				}
			}
			d.Cases = append(d.Cases, c)
		}
	}
	return false
}

// Dead returns the namings of a syscall that have no part in the decision about it on an architecture, in order of
// the file, with the reason.
func (f *Filter) Dead(a *seccomp.Architecture, syscall string) []Dead {
	var dead []Dead
	add := func(name seccomp.String, rule *seccomp.Rule, why Why, by *seccomp.Rule, left Omission) {
		dead = append(dead, Dead{name, rule, why, by, left})
	}
	for _, left := range f.Left {
		for _, name := range left.Rule.Names {
			if name.Text == syscall {
				add(name, left.Rule, LeftOut, nil, left.Why)
			}
		}
	}
	s, known := seccomp.LookupSyscall(syscall)
	d := f.Decide(a, syscall)
	for _, u := range f.uses(syscall) {
		rule := f.live[u.Rule]
		switch {
		case !known || !f.Target.Libseccomp.Knows(s):
			add(u.Name, rule.Rule, UnknownName, nil, Omission{})
		case !s.On(a.ABI):
			add(u.Name, rule.Rule, NotOnABI, nil, Omission{})
		case rule.Outcome == f.Default:
			add(u.Name, rule.Rule, EqualsDefault, nil, Omission{})
		case d.Step == StepRule && u.Name.Span != d.Name.Span:
			add(u.Name, rule.Rule, Shadowed, d.Rule, Omission{})
		}
	}
	slices.SortStableFunc(dead, func(a, b Dead) int { return cmp.Compare(a.Name.Span.Start, b.Name.Span.Start) })
	return dead
}

package decide

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Permissiveness orders outcomes for a union of profiles: 3 for ALLOW, 2 for LOG, 1 for NOTIFY, and 0 for all under
// which the call is neither made nor handed to a listener.
func (o Outcome) Permissiveness() int {
	switch o.Action {
	case "SCMP_ACT_ALLOW":
		return 3
	case "SCMP_ACT_LOG":
		return 2
	case "SCMP_ACT_NOTIFY":
		return 1
	}
	return 0
}

// UnionGap is a call about which a profile does not decide as the union of others does.
type UnionGap struct {
	// Target is one for which that is so, and Arch the architecture of the call.
	Target Target
	Arch   *seccomp.Architecture
	// Syscall is the call's name; "" for a call that no profile names.
	Syscall string
	// Call are its registers, where HasCall.
	Call    [6]uint64
	HasCall bool
	// Inputs are the decisions of the profiles that are united, and Result that of the other one.
	Inputs []*Decision
	Result *Decision
	// Decider is the index of the profile whose answer is that of the union for Call, which is Want; or, where Unsure,
	// of one of which several rules with different actions hold for Call; -1 where these are of the result.
	Decider int
	Want    Outcome
	// Got are the outcomes that the other profile has for Call: one, or several where libseccomp's choice is unknown.
	Got []Outcome
	// Unsure says that nobody can say what libseccomp makes of the rules of the result, or that there are too many
	// conditions to compare.
	Unsure bool
	// Refused is why the runtime or the loader refuses the profile, where it takes the first of those that are united.
	Refused *Refusal
}

// CheckUnion checks that a profile decides as the union of others: each call ends as in the first of them, unless a
// later one is more permissive (Outcome.Permissiveness). The targets are those that the first is for: its loaders and
// hosts, every release of the runtimes and of libseccomp that makes a difference, and every set of capabilities and
// release of the kernel that a rule asks about. It returns the first call for which that is not so, or nil. Calls above
// the highest number that a profile names, which runc answers with ENOSYS, are taken as any call without a rule.
func CheckUnion(result *seccomp.Profile, inputs []*seccomp.Profile, targets Targets) *UnionGap {
	c := newUnionCheck(result, inputs, targets)
	for _, l := range c.loaders {
		for _, h := range c.hosts {
			if gap := c.host(l, h); gap != nil {
				return gap
			}
		}
	}
	return nil
}

// unionCheck is a check of a union under way. The last of its sides is the result.
type unionCheck struct {
	targets  Targets
	sides    []*side
	loaders  []Loader
	hosts    []*seccomp.Architecture
	libs     []Libseccomp
	variants []runtimeVariant
	// fragile says that rules may have to do with syscalls that they do not name.
	fragile bool
	names   []string
	classes map[string]string // equal for names that the same rules of all profiles name
	needed  map[string]neededEnvironments
	ids     map[*remainder]int
	done    map[unionKey]bool
	refused map[*Filter]bool
}

// unionKey is what the decisions about a call follow from.
type unionKey struct {
	of      string // the remainders of all sides, of which there is one for each loader and host
	class   string
	arch    *seccomp.Architecture
	variant runtimeVariant
	lib     int // where knowing the name is not all that matters
	knows   bool
	on      bool
}

func newUnionCheck(result *seccomp.Profile, inputs []*seccomp.Profile, targets Targets) *unionCheck {
	c := &unionCheck{
		targets: targets, loaders: targets.Loaders(inputs[0]), hosts: inputs[0].Hosts(), libs: targets.Libseccomps(),
		classes: map[string]string{}, done: map[unionKey]bool{},
		needed: map[string]neededEnvironments{}, ids: map[*remainder]int{}, refused: map[*Filter]bool{},
	}
	named := map[string]bool{"": true}
	for _, p := range append(slices.Clone(inputs), result) {
		s := newSide(p, c.loaders, c.libs)
		c.sides = append(c.sides, s)
		for name := range s.index.names {
			named[name] = true
			if call, ok := seccomp.LookupSyscall(name); ok && call.SocketCall != 0 {
				named["socketcall"] = true
			} else if ok && call.IPC != 0 {
				named["ipc"] = true
			}
		}
	}
	c.names = slices.Sorted(maps.Keys(named))
	for _, s := range c.sides {
		c.fragile = c.fragile || s.fragile(seccomp.ABIs())
	}
	for _, name := range c.names {
		var key strings.Builder
		if call, ok := seccomp.LookupSyscall(name); ok && (call.SocketCall != 0 || call.IPC != 0 ||
			name == "socketcall" || name == "ipc") {
			key.WriteString(name)
		}
		for i, s := range c.sides {
			if n := s.index.names[name]; n != nil {
				for _, u := range n.Uses {
					key.WriteString(" " + strconv.Itoa(i) + "." + strconv.Itoa(u.Rule))
				}
			}
		}
		c.classes[name] = key.String()
	}
	for _, runtime := range targets.Runtimes() {
		since := []seccomp.Version{crunReadsAllConds}
		if runtime == "runc" {
			since = append(waysOf(runtime), treeFromNames)
		}
		for _, v := range targets.variants(runtime, since) {
			if !c.fragile && !v.readsFirst() && !v.ownDefault() {
				v = plainVariant
			}
			if !slices.Contains(c.variants, v) {
				c.variants = append(c.variants, v)
			}
		}
	}
	return c
}

// id returns a number for a remainder.
func (c *unionCheck) id(r *remainder) int {
	n, ok := c.ids[r]
	if !ok {
		n = len(c.ids)
		c.ids[r] = n
	}
	return n
}

// neededEnvironments are the containers and kernels that make a difference to a call.
type neededEnvironments struct {
	list     []environment
	complete bool
}

// environments returns the containers and kernels that make a difference to a call; false where they are too many.
func (c *unionCheck) environments(name string) ([]environment, bool) {
	n, ok := c.needed[name]
	if !ok {
		n.list, n.complete = c.findEnvironments(name)
		c.needed[name] = n
	}
	return n.list, n.complete
}

func (c *unionCheck) findEnvironments(name string) ([]environment, bool) {
	var rules []*seccomp.Rule
	for _, s := range c.sides {
		if c.fragile {
			rules = append(rules, s.asking(s.Rules)...)
		} else {
			rules = append(rules, s.asking(s.about(name))...)
		}
	}
	return c.targets.environments(rules)
}

// host checks the calls on a host.
func (c *unionCheck) host(l Loader, h *seccomp.Architecture) *UnionGap {
	var archs []*seccomp.Architecture
	for _, s := range c.sides {
		covered, _ := s.covered(l, h)
		for _, a := range covered {
			if !slices.Contains(archs, a) {
				archs = append(archs, a)
			}
		}
	}
	for _, name := range c.names {
		environments, complete := c.environments(name)
		if !complete {
			return &UnionGap{Syscall: name, Arch: h, Unsure: true, Target: Target{Loader: l, Host: Host{Arch: h}}}
		}
		for _, e := range environments {
			var of []byte
			remains := make([]*remainder, len(c.sides))
			key := e.key()
			for i, s := range c.sides {
				remains[i] = s.remains(l, h, e, key)
				of = append(strconv.AppendInt(of, int64(c.id(remains[i])), 10), ' ')
			}
			k := unionKey{of: string(of), class: c.classes[name]}
			for _, a := range archs {
				k.arch = a
				if gap := c.calls(k, name, remains); gap != nil {
					gap.Target.Host = e.Host(l, h) // the remainders can be those of another one
					return gap
				}
			}
		}
	}
	return nil
}

// calls checks a syscall on one architecture in one environment.
func (c *unionCheck) calls(k unionKey, name string, remains []*remainder) *UnionGap {
	call, known := seccomp.LookupSyscall(name)
	k.on = known && call.On(k.arch.ABI)
	for i, lib := range c.libs {
		k.knows = known && lib.Knows(call)
		if k.lib = 0; c.fragile || name == "socketcall" || name == "ipc" {
			k.lib = i
		}
		for _, k.variant = range c.variants {
			if c.done[k] {
				continue
			}
			c.done[k] = true
			filters := make([]*Filter, len(c.sides))
			decisions := make([]*Decision, len(c.sides))
			for n, s := range c.sides {
				filters[n] = s.filter(remains[n], i, k.variant)
				d := filters[n].decideUnder(k.arch, name, call)
				decisions[n] = &d
			}
			gap := compareUnion(decisions)
			if gap == nil {
				gap = c.refusal(filters)
			}
			if gap != nil {
				gap.Target, gap.Arch, gap.Syscall = filters[0].Target, k.arch, name
				return gap
			}
		}
	}
	return nil
}

// refusal reports a filter of the result that is refused where that of the first profile is not.
func (c *unionCheck) refusal(filters []*Filter) *UnionGap {
	first, last := filters[0], filters[len(filters)-1]
	if c.refused[last] {
		return nil
	}
	c.refused[last] = true
	if after := last.Refusals(); len(after) > 0 && len(first.Refusals()) == 0 {
		return &UnionGap{Refused: &after[0]}
	}
	return nil
}

// compareUnion compares decisions, of which the last is that of the result, for every call. It returns nil where the
// result is the union of the others.
func compareUnion(all []*Decision) *UnionGap {
	inputs, result := all[:len(all)-1], all[len(all)-1]
	// Where the result is what one of them is, whatever libseccomp makes of that, and the others add nothing.
	for i, d := range inputs {
		if d.Outcome != result.Outcome || !d.sameCases(result) {
			continue
		}
		least := leastPermissive(d)
		if !slices.ContainsFunc(all[:i], func(o *Decision) bool {
			return mostPermissive(o) >= least && !(o.Outcome == d.Outcome && o.sameCases(d))
		}) && !slices.ContainsFunc(inputs[i+1:], func(o *Decision) bool { return mostPermissive(o) > least }) {
			return nil
		}
	}
	gap := UnionGap{Inputs: inputs, Result: result}
	calls, complete := representativeCalls(all...)
	for _, r := range calls {
		outcomes := make([][]Outcome, len(all))
		offset, at := 0, 0
		for i, d := range all {
			from := at
			for at < len(r.holding) && r.holding[at] < offset+len(d.Cases) {
				at++
			}
			outcomes[i] = d.outcomes(r.holding[from:at], offset)
			offset += len(d.Cases)
		}
		decider, want := 0, outcomes[0]
		for i, o := range outcomes[:len(inputs)] {
			if len(o) > 1 {
				decider, gap.Unsure = i, true
				break
			}
			if o[0].Permissiveness() > want[0].Permissiveness() {
				decider, want = i, o
			}
		}
		got := outcomes[len(inputs)]
		if !gap.Unsure && len(got) == 1 && got[0] == want[0] {
			continue
		}
		gap.Call, gap.HasCall, gap.Decider, gap.Want, gap.Got = r.registers, true, decider, want[0], got
		if !gap.Unsure && len(got) > 1 {
			gap.Decider, gap.Unsure = -1, true
		}
		return &gap
	}
	if !complete || len(result.Miscompiled()) > 0 {
		gap.Unsure = true
		return &gap
	}
	return nil
}

func mostPermissive(d *Decision) int {
	n := d.Outcome.Permissiveness()
	for _, c := range d.Cases {
		n = max(n, c.Outcome.Permissiveness())
	}
	return n
}

func leastPermissive(d *Decision) int {
	n := d.Outcome.Permissiveness()
	for _, c := range d.Cases {
		n = min(n, c.Outcome.Permissiveness())
	}
	return n
}

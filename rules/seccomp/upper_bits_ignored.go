package seccomp

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/mentions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var upperBitsIgnored = &rules.Rule{
	ID: "seccomp/upper-bits-ignored",
	Summary: "a condition compares 64 bits of an argument of which the kernel reads fewer, so setting an upper bit " +
		"bypasses it",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"seccomp/libseccomp#383: SCMP_CMP_EQ and others compare 64 bits on 64-bit architectures",
		"moby/profiles, seccomp/default.json, v0.2.2 to v0.2.4; Docker 29.0 to 29.7.2: socket(0x100000028) opened " +
			"AF_VSOCK",
		"Linux 6.18, x86_64, the syscall tracepoints of tracefs: the types of arguments",
		"Linux 6.18, include/linux/socket.h: address families up to AF_MCTP, 45",
	},
	Check: rules.OnProfile(checkUpperBitsIgnored),
}

func checkUpperBitsIgnored(p *rules.Pass, profile *workspace.Profile) {
	var candidates []string
	conditions.Each(p, profile, func(rule *seccomp.Rule, arg *seccomp.Arg, s *seccomp.Syscall) {
		if widthOf(s, int(arg.Index.Value)) < 64 && !slices.Contains(candidates, s.Name) {
			switch runs := decide.OutcomeFor(rule, decide.LoaderOCI).Runs(); arg.Op.Text {
			case "SCMP_CMP_NE", "SCMP_CMP_GT", "SCMP_CMP_GE":
				if !runs {
					return
				}
			case "SCMP_CMP_EQ", "SCMP_CMP_LT", "SCMP_CMP_LE":
				if runs {
					return
				}
			}
			candidates = append(candidates, s.Name)
		}
	})
	if len(candidates) == 0 {
		return
	}
	var found []bypass
	seen := map[*seccomp.Arg]bool{}
	for _, name := range candidates {
		s, _ := seccomp.LookupSyscall(name)
		for _, b := range bypasses(p, profile, s) {
			if !seen[b.arg] {
				seen[b.arg] = true
				found = append(found, b)
			}
		}
	}
	for _, b := range found {
		width := widthOf(b.syscall, int(b.arg.Index.Value))
		finding := report.At(profile, b.arg.Span,
			fmt.Sprintf("the kernel reads the lower %d bits of argument %d of %q, and the condition compares 64: "+
				"%#x is %d for the kernel, and is ", width, b.arg.Index.Value, b.syscall.Name, b.high, b.low))
		if b.allows {
			finding.Message += "let through"
			finding.Fixes = listFamilies(profile, b)
		} else {
			finding.Message += "not refused"
			finding.Fixes = compareLower(p, profile, b)
		}
		p.Report(finding)
	}
}

// widthOf returns how many bits of an argument the kernel reads: 16, 32 or 64.
func widthOf(s *seccomp.Syscall, arg int) int {
	if arg < len(s.Args) {
		switch s.Args[arg].Class {
		case seccomp.Int32:
			return 32
		case seccomp.Int16:
			return 16
		}
	}
	return 64
}

// bypass is a condition that a call avoids by setting upper bits of an argument.
type bypass struct {
	syscall *seccomp.Syscall
	rule    *seccomp.Rule
	arg     *seccomp.Arg
	// allows says that the condition lets the call through, and not that it fails to refuse it.
	allows bool
	// low is a value of the argument that is refused, and high one with upper bits set that is let through.
	low, high uint64
}

// distance is how far the example is from the value in the condition.
func (b bypass) distance() uint64 {
	v := b.arg.Value.Value
	return max(b.low, v) - min(b.low, v)
}

// bypasses returns the conditions on a syscall that upper bits avoid in some container on x86_64.
func bypasses(p *rules.Pass, profile *workspace.Profile, s *seccomp.Syscall) []bypass {
	x86, _ := conditions.ForX8664(profile)
	var about []*seccomp.Rule
	scoped := false
	for _, rule := range profile.Rules {
		if slices.ContainsFunc(rule.Names, func(n seccomp.String) bool { return n.Text == s.Name }) {
			about = append(about, rule)
			scoped = scoped || !rule.Includes.Span.IsEmpty() || !rule.Excludes.Span.IsEmpty()
		}
	}
	var out []bypass
	targets := p.Targets().Seccomp
	for _, l := range targets.Loaders(profile.Profile) {
		hosts, ok := mentions.Environments(profile.Profile, l, about)
		// Which takes the scopes for nothing, and so is reported for another reason.
		if !ok || scoped && l == decide.LoaderOCI {
			continue
		}
		for _, host := range hosts {
			if host.Arch != x86 {
				continue
			}
			// crun, since it has no border: a call above it gets ENOSYS from runc, whatever the rules say.
			f := decide.Resolve(profile.Profile, l, host).Compile("crun", targets.Range("crun").To,
				newest(targets.Libseccomps()))
			d := f.Decide(x86, s.Name)
			if d.Step != decide.StepConditions {
				continue
			}
			out = append(out, bypassesOf(&d, s)...)
		}
	}
	return out
}

func newest(libs []decide.Libseccomp) decide.Libseccomp {
	return slices.MaxFunc(libs, func(a, b decide.Libseccomp) int {
		switch {
		case a.Version.Less(b.Version):
			return -1
		case b.Version.Less(a.Version):
			return 1
		}
		return 0
	})
}

// maxCalls is the number of calls that are tried for each argument of a syscall.
const maxCalls = 20_000

// bypassesOf tries calls whose arguments lie at and beside the values of the conditions, with an upper bit of one
// argument clear and set.
func bypassesOf(d *decide.Decision, s *seccomp.Syscall) []bypass {
	var values [6][]uint64
	var known [6]map[uint64]bool
	for i := range values {
		values[i], known[i] = []uint64{}, map[uint64]bool{}
	}
	find := d.Finder()
	for _, c := range d.Cases {
		for _, cond := range c.Conds {
			mask := uint64(1)<<widthOf(s, cond.Arg) - 1 // all bits for a width of 64
			for _, v := range []uint64{cond.Value, cond.Value - 1, cond.Value + 1, cond.Value ^ cond.Mask, 0} {
				if v &= mask; !known[cond.Arg][v] {
					known[cond.Arg][v] = true
					values[cond.Arg] = append(values[cond.Arg], v)
				}
			}
		}
	}
	refused := func(call [6]uint64) bool {
		return slices.ContainsFunc(find.Outcomes(call), func(o decide.Outcome) bool { return !o.Runs() })
	}
	var out []bypass
	for arg := range values {
		if len(values[arg]) == 0 || widthOf(s, arg) == 64 {
			continue
		}
		allow, refuse := newSuspects(d, arg, true), newSuspects(d, arg, false)
		if len(allow.items)+len(refuse.items) == 0 {
			continue
		}
		others := limited(values, arg)
		lows := slices.Clone(others[arg])
		slices.SortFunc(lows, func(a, b uint64) int { return cmp.Compare(b, a) })
		for _, low := range lows {
			others[arg] = []uint64{low}
			allow.turnTo(low)
			refuse.turnTo(low)
			eachCall(others, func(call [6]uint64) {
				above := call
				above[arg] |= upperBit
				if !refused(call) || refused(above) {
					return
				}
				// The condition that makes the difference is one that lets the second call through, or else one that
				// refuses the first.
				if allow.any(above) {
					allow.settle(above, low)
				} else {
					refuse.settle(call, low)
				}
			})
		}
		for _, found := range []*suspects{allow, refuse} {
			for _, item := range found.settled {
				c := d.Cases[item.of]
				out = append(out, bypass{s, c.Rule, item.arg, c.Outcome.Runs(), item.low, item.low | upperBit})
			}
		}
	}
	return nearest(out)
}

// upperBit is the bit of an argument that is set to avoid a condition.
const upperBit = 1 << 32

// nearest returns the bypass of each condition whose example is nearest to its value.
func nearest(all []bypass) (out []bypass) {
	at := map[*seccomp.Arg]int{}
	for _, b := range all {
		if i, ok := at[b.arg]; !ok {
			at[b.arg] = len(out)
			out = append(out, b)
		} else if b.distance() < out[i].distance() {
			out[i] = b
		}
	}
	return out
}

// limited returns values of which there are no more than maxCalls combinations, but all of one argument where possible.
func limited(values [6][]uint64, arg int) [6][]uint64 {
	for {
		size, longest := 1, -1
		for i := range values {
			size = min(size*max(len(values[i]), 1), maxCalls+1) // it must not overflow
			if i != arg && len(values[i]) > 1 && (longest < 0 || len(values[i]) > len(values[longest])) {
				longest = i
			}
		}
		switch {
		case size <= maxCalls:
			return values
		case longest < 0:
			values[arg] = values[arg][:maxCalls]
			return values
		}
		values[longest] = values[longest][:len(values[longest])/2]
	}
}

// suspects are conditions on an argument that may hold for a value and not for the same one with an upper bit, or the
// other way round, in the cases that let calls through, or in those that do not. The values are tried from the largest
// one down, so the first that shows the bypass of a condition is the nearest to the condition's own: all such values
// lie below it. What is settled is not looked at again, so each condition is found once.
type suspects struct {
	allows  bool
	items   []suspect
	open    *decide.Finder // those that are not settled
	holding *decide.Finder // all
	settled []suspect
	// waiting are those that come in when the value is below a limit, by falling limit; only are those for one value.
	waiting []int
	only    map[uint64][]int
	in      []int // of only
}

// suspect is a condition of a case.
type suspect struct {
	of    int // in Decision.Cases
	cond  decide.Cond
	arg   *seccomp.Arg
	below uint64 // it counts for values below this one; 0 for all
	low   uint64 // the value that shows the bypass
	found bool
}

func newSuspects(d *decide.Decision, arg int, allows bool) *suspects {
	s := &suspects{allows: allows, only: map[uint64][]int{}}
	var cases []decide.Case
	var always []int
	for i, c := range d.Cases {
		if c.Outcome.Runs() != allows {
			continue
		}
		for _, cond := range c.Conds {
			one := suspect{of: i, cond: cond, arg: argOf(c.Rule, cond)}
			if cond.Arg != arg || cond.Low || one.arg == nil {
				continue
			}
			n := len(s.items)
			switch cond.Op {
			case "SCMP_CMP_EQ":
				always = append(always, n)
			case "SCMP_CMP_MASKED_EQ":
				if cond.Mask&upperBit == 0 {
					continue
				}
				always = append(always, n)
			case "SCMP_CMP_LT", "SCMP_CMP_LE": // hold for the lower value
				if allows {
					continue
				}
				always = append(always, n)
			case "SCMP_CMP_GT", "SCMP_CMP_GE": // hold for the upper value
				if !allows {
					continue
				}
				one.below = cond.Value
				if cond.Op == "SCMP_CMP_GT" && cond.Value < math.MaxUint64 {
					one.below++
				}
				s.waiting = append(s.waiting, n)
			case "SCMP_CMP_NE":
				if value := cond.Value; allows && value < upperBit {
					s.only[value] = append(s.only[value], n)
				} else if low := value &^ upperBit; !allows && value != low && low < upperBit {
					s.only[low] = append(s.only[low], n)
				} else {
					continue
				}
			default:
				continue
			}
			s.items, cases = append(s.items, one), append(cases, c)
		}
	}
	of := decide.Decision{Cases: cases}
	s.open, s.holding = of.Finder(), of.Finder()
	for n := range s.items { // which come in later
		if _, now := slices.BinarySearch(always, n); !now {
			s.open.Remove(n)
			s.holding.Remove(n)
		}
	}
	slices.SortFunc(s.waiting, func(a, b int) int { return cmp.Compare(s.items[b].below, s.items[a].below) })
	return s
}

func (s *suspects) add(n int) {
	s.holding.Add(n)
	if !s.items[n].found {
		s.open.Add(n)
	}
}

// turnTo goes to the next value, which is smaller than the one before.
func (s *suspects) turnTo(low uint64) {
	for _, n := range s.in {
		s.holding.Remove(n)
		if !s.items[n].found {
			s.open.Remove(n)
		}
	}
	for len(s.waiting) > 0 && s.items[s.waiting[0]].below > low {
		s.add(s.waiting[0])
		s.waiting = s.waiting[1:]
	}
	s.in = s.only[low]
	for _, n := range s.in {
		s.add(n)
	}
}

// any reports whether some condition makes a difference for a call that lets it through.
func (s *suspects) any(call [6]uint64) (found bool) {
	s.holding.Holding(call, func(int) bool {
		found = true
		return false
	})
	return found
}

// settle notes the conditions that make a difference for a call, whose argument is low or that with the upper bit.
func (s *suspects) settle(call [6]uint64, low uint64) {
	var now []int
	s.open.Holding(call, func(n int) bool {
		now = append(now, n)
		return true
	})
	for _, n := range now {
		item := &s.items[n]
		s.open.Remove(n)
		item.found = true
		if item.cond.Holds(low) != item.cond.Holds(low|upperBit) { // else it never does: all other values are smaller
			item.low = low
			s.settled = append(s.settled, *item)
		}
	}
}

// eachCall calls look with every combination of values; an argument without any is 0.
func eachCall(values [6][]uint64, look func(call [6]uint64)) {
	var at [6]int
	for {
		var call [6]uint64
		for i := range at {
			if len(values[i]) > 0 {
				call[i] = values[i][at[i]]
			}
		}
		look(call)
		i := 0
		for i < len(at) {
			if at[i]++; at[i] < len(values[i]) {
				break
			}
			at[i] = 0
			i++
		}
		if i == len(at) {
			return
		}
	}
}

// argOf returns the condition as it is written.
func argOf(rule *seccomp.Rule, c decide.Cond) *seccomp.Arg {
	for i := range rule.Args {
		a := &rule.Args[i]
		if int(a.Index.Value) != c.Arg || a.Op.Text != c.Op {
			continue
		}
		if c.Op == "SCMP_CMP_MASKED_EQ" && a.Value.Value == c.Mask && a.ValueTwo.Value&c.Mask == c.Value ||
			c.Op != "SCMP_CMP_MASKED_EQ" && a.Value.Value == c.Value {
			return a
		}
	}
	return nil
}

// compareLower returns the fix that makes a condition which refuses one value compare the bits that the kernel reads.
// There is none where a rule allows some calls of the syscall: of two conditions that hold at once, it is
// unpredictable which one libseccomp uses.
func compareLower(p *rules.Pass, profile *workspace.Profile, b bypass) []fixers.Fix {
	if b.arg.Op.Text != "SCMP_CMP_EQ" {
		return nil
	}
	width := widthOf(b.syscall, int(b.arg.Index.Value))
	loaders := p.Targets().Seccomp.Loaders(profile.Profile)
	var names []string
	for _, name := range b.rule.Names {
		s, ok := seccomp.LookupSyscall(name.Text)
		if !ok || !s.ArgsKnown || widthOf(s, int(b.arg.Index.Value)) != width {
			return nil
		}
		names = append(names, name.Text)
	}
	for _, rule := range profile.Rules {
		if !slices.ContainsFunc(rule.Names, func(n seccomp.String) bool { return slices.Contains(names, n.Text) }) {
			continue
		}
		for _, l := range loaders {
			o := decide.OutcomeFor(rule, l)
			if o.Runs() && o != decide.DefaultFor(profile.Profile, l) ||
				o != decide.OutcomeFor(b.rule, l) && len(rule.Args) > 0 {
				return nil
			}
		}
	}
	mask := uint64(1)<<width - 1
	return fixes.Edited(profile, fmt.Sprintf("Compare the lower %d bits only", width), fixers.Unsafe,
		fixseccomp.SetCondition(profile.Profile, *b.arg, "SCMP_CMP_MASKED_EQ", mask, b.arg.Value.Value&mask),
		fixers.Changes{fixseccomp.Syscalls(names)})
}

// maxFamily is the highest address family of Linux 6.18, AF_MCTP.
const maxFamily = 45

// maxListed is the largest number of rules that a fix makes of one.
const maxListed = 16

// listFamilies returns the fix that writes out the address families that a condition on the first argument of
// socket(2) or socketpair(2) lets through: the only argument whose values are all known.
func listFamilies(profile *workspace.Profile, b bypass) []fixers.Fix {
	value := b.arg.Value.Value
	if len(b.rule.Args) != 1 || b.arg.Index.Value != 0 || value > maxFamily {
		return nil
	}
	var names []string
	for _, name := range b.rule.Names {
		if name.Text != "socket" && name.Text != "socketpair" {
			return nil
		}
		names = append(names, name.Text)
	}
	var texts []string
	add := func(op string, value uint64) {
		if edits := fixseccomp.SetCondition(profile.Profile, *b.arg, op, value, 0); edits != nil {
			texts = append(texts, fixseccomp.ConditionText(profile.Profile, *b.arg, edits))
		}
	}
	from := value + 1
	switch b.arg.Op.Text {
	case "SCMP_CMP_NE":
		if value > 0 {
			add("SCMP_CMP_LT", value)
		}
	case "SCMP_CMP_GE":
		from = value
	case "SCMP_CMP_GT":
	default:
		return nil
	}
	for family := from; family <= maxFamily; family++ {
		add("SCMP_CMP_EQ", family)
	}
	n := slices.IndexFunc(profile.Rules, func(r *seccomp.Rule) bool { return r == b.rule })
	if len(texts) == 0 || len(texts) > maxListed || n < 0 {
		return nil
	}
	return fixes.Edited(profile, fmt.Sprintf("List the address families, up to %d (AF_MCTP)", maxFamily), fixers.Unsafe,
		fixseccomp.SplitRule(profile.Profile, n, texts...), fixers.Changes{fixseccomp.Syscalls(names)})
}

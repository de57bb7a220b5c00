package decisions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// Args are the arguments of a call, as far as they are known.
type Args struct {
	Values [6]uint64
	Known  [6]bool
}

// ParseArgs reads "1,0x10,_": numbers, with 0x, 0o or 0b for other bases, a negative one as 64 bits of two's
// complement; "_" is one that is not known, as are those that are left out at the end.
func ParseArgs(s string) (Args, error) {
	var a Args
	words := strings.Split(s, ",")
	if len(words) > len(a.Values) {
		return a, fmt.Errorf("%q has %d arguments; a syscall has up to 6", s, len(words))
	}
	for i, w := range words {
		w = strings.TrimSpace(w)
		if w == "_" {
			continue
		}
		n, err := strconv.ParseUint(w, 0, 64)
		if err != nil {
			var negative int64
			negative, err = strconv.ParseInt(w, 0, 64)
			n = uint64(negative)
		}
		if err != nil {
			return a,
				fmt.Errorf("%q is not an argument: it is a number such as 16, 0x10 or -1, or _ for one that is not "+
					"known", w)
		}
		a.Values[i], a.Known[i] = n, true
	}
	return a, nil
}

// any reports whether an argument is known.
func (a Args) any() bool { return slices.Contains(a.Known[:], true) }

// Explanation says what happens to one syscall.
type Explanation struct {
	// Asked is what was asked for: a name or a number.
	Asked string
	// Name is the name of the syscall; Asked where that is not a syscall.
	Name    string
	Syscall *seccomp.Syscall // nil where there is none of the name
	Near    []string         // what was probably meant, where Syscall is nil
	Args    Args
	Answers []Answer

	// Refusals say who refuses the profile. There are no answers for them.
	Refusals []Refused

	numbersOf string // the architecture that numbers are of
	number    int    // what was asked for, where no syscall has the number; -1 otherwise
}

// Answer is what happens to a call for some targets. The fields about the decision are those of the first of them;
// they are equal for all except in numbers.
type Answer struct {
	view   *view
	group  group
	filter *decide.Filter
	arch   *seccomp.Architecture
	// Decision is what the filter decides, without the cases that Args rule out.
	Decision decide.Decision
	// Possible are the outcomes for the arguments that are known, where they settle it: one, or several where it is
	// unpredictable which one is used.
	Possible []decide.Outcome
	// by is the case that decides for the known arguments, where Possible is one outcome of a case.
	by *decide.Case
	// Absent says that the ABI has no such syscall.
	Absent bool
	Dead   []decide.Dead
	// Miscompiled says that libseccomp is known to make a filter of the conditions that does something else for some
	// arguments.
	Miscompiled bool
	// Overlaps are pairs of Decision.Cases with different outcomes that can hold for one call.
	Overlaps [][2]int
}

// Explain returns what happens to calls. Asked are names, or numbers on the one architecture of the scope, or on
// x86_64.
func Explain(p *seccomp.Profile, s Scope, asked []string, args Args) []*Explanation {
	v := newView(p, s, false)
	refusals := v.accept()
	var out []*Explanation
	for _, word := range asked {
		e := &Explanation{
			Asked: word, Name: word, Args: args, Refusals: refusals, numbersOf: numberABI(s.Archs), number: -1,
		}
		if n, err := strconv.ParseUint(word, 0, 31); err == nil {
			if named, ok := Named(e.numbersOf, int(n)); ok {
				e.Name = named.Name
			} else {
				e.number = int(n)
			}
		}
		if known, ok := seccomp.LookupSyscall(e.Name); ok {
			e.Syscall = known
		} else {
			e.Near = seccomp.NearSyscalls(e.Name)
		}
		v.explain(e)
		out = append(out, e)
	}
	return out
}

// numberABI is the ABI that numbers are of.
func numberABI(archs []*seccomp.Architecture) string {
	if len(archs) > 0 {
		return archs[0].ABI
	}
	return "x86_64"
}

func (v *view) explain(e *Explanation) {
	answers := make(map[[dimensions]int]*Answer, len(v.points))
	if e.number >= 0 { // a number is one of one ABI
		of := func(p point) bool { return p.arch.ABI == e.numbersOf }
		if one := *v; slices.ContainsFunc(v.points, of) {
			one.points = slices.DeleteFunc(slices.Clone(v.points), func(p point) bool { return !of(p) })
			v = &one
		}
	}
	groups := v.group(func(p point) string {
		a := newAnswer(v, p, e)
		answers[p.at] = a
		return a.key()
	})
	for _, g := range groups {
		a := answers[g.points[0].at]
		a.group = g
		e.Answers = append(e.Answers, *a)
	}
}

func newAnswer(v *view, p point, e *Explanation) *Answer {
	a := &Answer{view: v, filter: p.filter, arch: p.arch}
	if e.number >= 0 {
		a.Decision = p.filter.DecideNumber(p.arch, e.number-numberOffsets[p.arch.ABI])
	} else {
		a.Decision, a.Dead = p.filter.Decide(p.arch, e.Name), p.filter.Dead(p.arch, e.Name)
	}
	a.Absent = e.Syscall != nil && !e.Syscall.On(p.arch.ABI)
	a.Miscompiled = a.Decision.Miscompiled() != nil
	if e.Args.any() && a.Decision.Step == decide.StepConditions {
		a.with(e.Args)
	}
	for i, one := range a.Decision.Cases {
		for j, other := range a.Decision.Cases[:i] {
			if one.Outcome != other.Outcome && meet(one, other) {
				a.Overlaps = append(a.Overlaps, [2]int{j, i})
			}
		}
	}
	return a
}

// with takes out the cases and conditions that the known arguments settle.
func (a *Answer) with(args Args) {
	whole := a.Decision
	var left []decide.Case
	open := false // something depends on arguments that are not known
	for _, c := range a.Decision.Cases {
		if slices.ContainsFunc(c.Conds,
			func(cond decide.Cond) bool { return args.Known[cond.Arg] && !cond.Holds(args.Values[cond.Arg]) }) {
			continue
		}
		c.Conds = slices.DeleteFunc(slices.Clone(c.Conds), func(cond decide.Cond) bool { return args.Known[cond.Arg] })
		open = open || len(c.Conds) > 0
		left = append(left, c)
	}
	a.Decision.Cases = left
	if open {
		return
	}
	if a.Possible = whole.Possible(args.Values); len(a.Possible) > 1 {
		return
	}
	for i := range left {
		if left[i].Outcome == a.Possible[0] {
			a.by = &left[i]
			return
		}
	}
}

// key is equal for answers that are shown together.
func (a *Answer) key() string {
	var b strings.Builder
	d := &a.Decision
	fmt.Fprint(&b, a.filter.Off, a.Absent, a.Miscompiled, d.Step, d.Outcome, d.Name.Span, a.Possible)
	for _, c := range d.Cases {
		fmt.Fprint(&b, c.Name.Span, c.Outcome, c.Conds, c.Multiplexed)
	}
	for _, dead := range a.Dead {
		fmt.Fprint(&b, dead.Name.Span, dead.Why, reasonWords(dead))
	}
	return b.String()
}

// reasonWords returns in words why a rule has no effect.
func reasonWords(d decide.Dead) string {
	switch d.Why {
	case decide.UnknownName:
		return "libseccomp does not know " + strconv.Quote(d.Name.Text)
	case decide.NotOnABI:
		return "the syscall does not exist there"
	case decide.EqualsDefault:
		return "its action is the default action, and it is dropped before the others are looked at"
	case decide.Shadowed:
		return "a rule without conditions decides"
	}
	switch d.Left.Field {
	case "name":
		return `the field "name" is not read, and without "names" the rule names no syscall`
	case "names":
		return "it names no syscall"
	case "excludes.arches":
		return "excludes.arches names the host"
	case "excludes.caps":
		return "the container has " + d.Left.Value + ", which excludes.caps names"
	case "excludes.minKernel":
		return "the kernel is " + d.Left.Value + " or newer, which excludes.minKernel names"
	case "includes.arches":
		return "includes.arches does not name the host"
	case "includes.caps":
		return "the container lacks " + d.Left.Value + ", which includes.caps names"
	}
	return "the kernel is older than " + d.Left.Value + ", which includes.minKernel names"
}

// meet reports whether two cases can hold for one call.
func meet(a, b decide.Case) bool {
	for _, x := range a.Conds {
		for _, y := range b.Conds {
			if x.Arg == y.Arg && !meetOn(x, y) {
				return false
			}
		}
	}
	return true
}

// meetOn reports whether one argument can meet two conditions.
func meetOn(x, y decide.Cond) bool {
	lx, hx, mx, vx := bounds(x)
	ly, hy, my, vy := bounds(y)
	lo, hi := max(lx, ly), min(hx, hy) // conditions of one ABI compare the same bits
	if lo > hi || (vx^vy)&mx&my != 0 {
		return false
	}
	// The least argument from lo on that has the masked bits, then those after it that the conditions != forbid, two
	// at most.
	mask, value := mx|my, vx|vy
	for n := lo; ; n++ {
		var ok bool
		if n, ok = atLeast(n, mask, value); !ok || n > hi {
			return false
		}
		if x.Holds(n) && y.Holds(n) {
			return true
		}
		if n == hi {
			return false
		}
	}
}

// bounds returns the least and the greatest argument that meet a condition, and the bits that it fixes. For a
// condition != they are those of all arguments.
func bounds(c decide.Cond) (lo, hi, mask, value uint64) {
	most := ^uint64(0)
	if c.Low {
		most = 1<<32 - 1
	}
	switch c.Op {
	case "SCMP_CMP_EQ":
		return c.Value, c.Value, 0, 0
	case "SCMP_CMP_LT":
		if c.Value == 0 {
			return 1, 0, 0, 0
		}
		return 0, c.Value - 1, 0, 0
	case "SCMP_CMP_LE":
		return 0, c.Value, 0, 0
	case "SCMP_CMP_GE":
		return c.Value, most, 0, 0
	case "SCMP_CMP_GT":
		if c.Value == most {
			return 1, 0, 0, 0
		}
		return c.Value + 1, most, 0, 0
	case "SCMP_CMP_MASKED_EQ":
		return 0, most, c.Mask, c.Value
	}
	return 0, most, 0, 0
}

// atLeast returns the least number from n on whose bits in mask are those of value.
func atLeast(n, mask, value uint64) (uint64, bool) {
	if n&mask == value {
		return n, true
	}
	// It equals n above some bit that is 0 in n and 1 in it, and below that bit is the least possible.
	for bit := 0; bit < 64; bit++ {
		one := uint64(1) << bit
		if n&one != 0 || mask&one != 0 && value&one == 0 {
			continue
		}
		above := ^uint64(0) << bit << 1
		if n&above&mask == value&above {
			return n&above | one | value&(one-1), true
		}
	}
	return 0, false
}

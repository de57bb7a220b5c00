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
	whole    decide.Decision // with the cases that Args rule out
	// by is the case that decides for the known arguments, where Possible is one outcome of a case.
	by *decide.Case
	// Absent says that the ABI has no such syscall.
	Absent bool
	Dead   []decide.Dead
	// Miscompiled says that libseccomp is known to make a filter of the conditions that does something else for some
	// arguments.
	Miscompiled bool
	// Overlaps are pairs of Decision.Cases with different outcomes that can hold for one call: of each case, the first
	// earlier one.
	Overlaps [][2]int
	// Lacks are the runtimes that cannot start a container because of this answer.
	Lacks []RuntimeLack
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
		a.pairs()
		if e.Syscall != nil {
			a.Lacks = v.lacks(a, e.Name)
		}
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
	a.whole = a.Decision
	if e.Args.any() && a.Decision.Step == decide.StepConditions {
		a.with(e.Args)
	}
	return a
}

// pairs finds the cases that are more than each for itself.
func (a *Answer) pairs() {
	a.Miscompiled = a.whole.Miscompiled() != nil
	for _, o := range a.Decision.Overlaps() {
		a.Overlaps = append(a.Overlaps, [2]int{o.First, o.Second})
	}
}

// with takes out the cases and conditions that the known arguments settle.
func (a *Answer) with(args Args) {
	whole := &a.whole
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
	fmt.Fprint(&b, a.filter.Off, a.Absent, d.Step, d.Outcome, d.Name.Span, a.Possible)
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

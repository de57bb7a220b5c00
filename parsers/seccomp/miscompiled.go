package seccomp

import (
	"math"
	"slices"
)

// Miscompilation is a pair of cases of which libseccomp makes a filter that does something else for some arguments.
type Miscompilation struct {
	// First and Second are indexes in Decision.Cases, First being the smaller.
	First, Second int
	// Call are the registers of a call for which the filter may do something else than the cases say.
	Call [6]uint64
}

// Miscompiled returns the pairs of cases that have a shape of which libseccomp 2.5.4 to 2.6.1 makes a filter that does something else for some arguments, as seen in the filters and in
// the kernel. There are two shapes:
//   - a case compares an argument with !=, <, <=, > or >= and a later one too, and another case compares the same one after the same earlier ones, or the later one
//     alone. After a test of a second argument has failed, the next test of the first looks at the second, which is still loaded. (With some of these pairs libseccomp 2.5.4
//     does not end at all.) An inequality that is the last condition of its case is never the cause: of 8,000 random pairs of such cases, none was wrong.
//   - an order comparison of a 64-bit argument, and another comparison of it with a constant whose upper half is another one.
//
// What such a filter does with a call is one of Possible. Decisions without these shapes were never seen to be wrong.
func (d *Decision) Miscompiled() []Miscompilation {
	var out []Miscompilation
	for i := range d.Cases {
		for j := i + 1; j < len(d.Cases); j++ {
			a, b := &d.Cases[i], &d.Cases[j]
			if call, ok := wrongTogether(a, b); ok {
				out = append(out, Miscompilation{i, j, call})
			}
		}
	}
	return out
}

// wrongTogether reports whether a pair of cases has one of the shapes, and returns a call for which the filter may be wrong.
func wrongTogether(a, b *Case) (call [6]uint64, wrong bool) {
	if slices.Equal(a.Conds, b.Conds) {
		return call, false
	}
	for _, pair := range [2][2]*Case{{a, b}, {b, a}} {
		for _, x := range pair[0].Conds {
			for _, y := range pair[1].Conds {
				switch {
				case x.Arg != y.Arg:
				case !x.Low && x.ordered() && x.Value>>32 != y.Value>>32:
					// The lower half is compared with a constant whose upper half is another one.
					call[x.Arg] = min(x.Value, y.Value) | math.MaxUint32
					return call, true
				case len(pair[0].Conds) > 1 && (x.ordered() || x.Op == "SCMP_CMP_NE"):
					return stale(pair[0], x, y), true
				}
			}
		}
	}
	return call, false
}

// stale returns a call for which a case holds as far as the argument of x, and fails then for another argument, whose value meets y, which the call does not. Where
// there is none, it returns one that comes near.
func stale(several *Case, x, y Cond) (call [6]uint64) {
	b := &budget{searchBudget}
	for _, v := range representatives([]Cond{x, y}, b) {
		if x.Holds(v) && (!y.Holds(v) || call[x.Arg] == 0) {
			call[x.Arg] = v
		}
	}
	failed := false
	for _, c := range several.Conds {
		if c.Arg == x.Arg {
			continue
		}
		other := y
		other.Arg = c.Arg
		for _, v := range representatives([]Cond{c, other}, b) {
			if c.Holds(v) == failed && (failed || other.Holds(v)) {
				call[c.Arg], failed = v, true
				break
			}
		}
	}
	return call
}

func (c Cond) ordered() bool {
	return c.Op == "SCMP_CMP_LT" || c.Op == "SCMP_CMP_LE" || c.Op == "SCMP_CMP_GT" || c.Op == "SCMP_CMP_GE"
}

// Possible returns the outcomes that are possible for a call with the given registers: those of Eval, and where cases are Miscompiled those of all
// cases and of none.
func (d *Decision) Possible(args [6]uint64) []Outcome {
	out := d.Eval(args)
	if len(d.Miscompiled()) > 0 {
		for _, c := range d.Cases {
			if !slices.Contains(out, c.Outcome) {
				out = append(out, c.Outcome)
			}
		}
		if !slices.Contains(out, d.Outcome) {
			out = append(out, d.Outcome)
		}
	}
	return out
}

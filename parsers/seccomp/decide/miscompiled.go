package decide

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
	// Likely says that the pair is of the kind of which every third to fifth was wrong, in 8,000 random pairs run
	// through libseccomp 2.5.4; of the others one in some hundred was.
	Likely bool
}

// Miscompiled returns the pairs of cases that have a shape of which libseccomp 2.5.4 to 2.6.1 makes a filter that
// does something else for some arguments, as seen in the filters and in the kernel. There are two shapes:
//   - a case with several conditions compares an argument with !=, <, <=, > or >=, and another case compares the same
//     one. After a test of a second argument has failed, the next test of the first looks at the second, which is
//     still loaded. (With some of these pairs libseccomp 2.5.4 hangs.) It is Likely where that argument
//     is followed by another condition of its case, and compared by the other case after the same arguments.
//   - an order comparison of a 64-bit argument, and another comparison of it with a constant whose upper half is
//     another one.
//
// What such a filter does with a call is one of Possible. Decisions without these shapes were never seen to be wrong.
func (d *Decision) Miscompiled() []Miscompilation {
	var out []Miscompilation
	for i := range d.Cases {
		for j := i + 1; j < len(d.Cases); j++ {
			a, b := &d.Cases[i], &d.Cases[j]
			if call, ok := wrongTogether(a, b); ok {
				out = append(out, Miscompilation{i, j, call, followed(a, b) || followed(b, a) || widths(a, b)})
			}
		}
	}
	return out
}

// wrongTogether reports whether a pair of cases has one of the shapes, and returns a call for which the filter may be
// wrong.
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

// followed reports whether an inequality of c is followed by another of its conditions, and the other case compares
// the same argument after the same ones, or the later ones alone.
func followed(c, other *Case) bool {
	args, others := c.arguments(), other.arguments()
	for _, x := range c.Conds {
		below, above := 1<<x.Arg-1, args>>(x.Arg+1)<<(x.Arg+1)
		if above == 0 || !x.ordered() && x.Op != "SCMP_CMP_NE" {
			continue
		}
		if others&(1<<x.Arg) != 0 && args&below == others&below || others == above {
			return true
		}
	}
	return false
}

// arguments returns the set of arguments that the case compares, as bits.
func (c *Case) arguments() (set int) {
	for _, cond := range c.Conds {
		set |= 1 << cond.Arg
	}
	return set
}

// widths reports whether cases compare one 64-bit argument with constants of different upper halves, one of them by
// order.
func widths(a, b *Case) bool {
	for _, x := range a.Conds {
		for _, y := range b.Conds {
			if x.Arg == y.Arg && !x.Low && (x.ordered() || y.ordered()) && x.Value>>32 != y.Value>>32 {
				return true
			}
		}
	}
	return false
}

// stale returns a call for which a case holds as far as the argument of x, and fails then for another argument, whose
// value meets y, which the call does not. Where there is none, it returns one that comes near.
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

// Possible returns the outcomes that are possible for a call with the given registers: those of Eval, and where cases
// are Miscompiled those of all cases and of none.
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

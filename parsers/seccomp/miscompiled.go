package seccomp

import "slices"

// Miscompilation is a pair of cases of which libseccomp makes a filter that does something else for some arguments.
type Miscompilation struct {
	// First and Second are indexes in Decision.Cases, First being the smaller.
	First, Second int
	// Call are the registers of a call for which the filter may do something else than the cases say.
	Call [6]uint64
}

// Miscompiled returns the pairs of cases that have a shape of which libseccomp 2.5.4 to 2.6.1 makes a filter that does something else for some arguments, as seen in the filters and in
// the kernel. There are two shapes:
//   - a case with several conditions compares an argument with !=, <, <=, > or >=, and another case with other arguments compares the same one. After a
//     test of a second argument has failed, the next test of the first looks at the second, which is still loaded. (With some of these pairs libseccomp 2.5.4 does not end at all.)
//   - order comparisons on one 64-bit argument, with constants below and above 2^32.
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
	for _, pair := range [2][2]*Case{{a, b}, {b, a}} {
		for _, x := range pair[0].Conds {
			for _, y := range pair[1].Conds {
				if x.Arg != y.Arg {
					continue
				}
				if !x.Low && x.ordered() && y.ordered() && x.Value>>32 != y.Value>>32 {
					return call, true
				}
				if len(pair[0].Conds) > 1 && (x.ordered() || x.Op == "SCMP_CMP_NE") && (x != y || a.arguments() != b.arguments()) {
					return call, true
				}
			}
		}
	}
	return call, false
}

func (c Cond) ordered() bool {
	return c.Op == "SCMP_CMP_LT" || c.Op == "SCMP_CMP_LE" || c.Op == "SCMP_CMP_GT" || c.Op == "SCMP_CMP_GE"
}

func (c Case) compares(arg int) bool { return c.arguments()&(1<<arg) != 0 }

// arguments returns the set of arguments that the case compares, as bits.
func (c Case) arguments() (set int) {
	for _, cond := range c.Conds {
		set |= 1 << cond.Arg
	}
	return set
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

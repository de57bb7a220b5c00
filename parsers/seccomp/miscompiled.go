package seccomp

import "slices"

// Miscompiled reports whether the cases of a decision have one of the shapes of which libseccomp 2.5.4 and 2.6.1 make a filter that does something else for some
// arguments, as seen in the filters and in the kernel. There are two:
//   - a case with several conditions compares an argument with !=, <, <=, > or >=, and another case with other arguments compares the same one. After a
//     test of a second argument has failed, the next test of the first looks at the second, which is still loaded;
//   - order comparisons on one 64-bit argument, with constants below and above 2^32.
//
// What such a filter does with a call is one of Possible.
func (d *Decision) Miscompiled() bool {
	var low, high [6]bool
	for _, c := range d.Cases {
		for _, cond := range c.Conds {
			if !cond.Low && cond.ordered() {
				if cond.Value < 1<<32 {
					low[cond.Arg] = true
				} else {
					high[cond.Arg] = true
				}
				if low[cond.Arg] && high[cond.Arg] {
					return true
				}
			}
			if len(c.Conds) > 1 && (cond.ordered() || cond.Op == "SCMP_CMP_NE") && slices.ContainsFunc(d.Cases, func(other Case) bool {
				return other.compares(cond.Arg) && other.arguments() != c.arguments()
			}) {
				return true
			}
		}
	}
	return false
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

// Possible returns the outcomes that are possible for a call with the given registers: those of Eval, and where the decision is Miscompiled those of all
// its cases and of none.
func (d *Decision) Possible(args [6]uint64) []Outcome {
	out := d.Eval(args)
	if d.Miscompiled() {
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

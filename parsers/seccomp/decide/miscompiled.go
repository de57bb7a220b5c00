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
	// Others is how many more cases before Second make such a pair with it.
	Others int
	// Likely says that the pair is of the kind of which every third to fifth was wrong, in 8,000 random pairs run
	// through libseccomp 2.5.4; of the others one in some hundred was.
	Likely bool
}

// Miscompiled returns the cases that with an earlier one have a shape of which libseccomp 2.5.4 to 2.6.1 makes a filter
// that does something else for some arguments, as seen in the filters and in the kernel: each once, with the first such
// case of those that are Likely and not Multiplexed, where there are any. There are two shapes:
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
	var earlier frailCases
	for j := range d.Cases {
		c := &d.Cases[j]
		if m, ok := earlier.worst(d, j); ok {
			m.Call, _ = wrongTogether(&d.Cases[m.First], c)
			out = append(out, m)
		}
		earlier.add(d, j)
	}
	return out
}

// frailCases are cases in groups that are alike in all that makes a pair wrong.
type frailCases struct {
	ordered  [6]bool // the arguments of which some case compares the whole by order
	prepared bool
	groups   []*frailGroup
	index    map[string]int
	pairs    map[[2]int]frailty
}

type frailGroup struct {
	first []int          // the first of each conditions, two at most
	conds map[string]int // how many have which conditions
	size  int
}

// frailty is how likely a pair is wrong; the zero value is not at all.
type frailty int

const (
	sound frailty = iota
	unlikely
	likelyHidden // one of them is Multiplexed
	likely
)

// key is equal for cases that make wrong pairs with the same cases, but for those with the same conditions.
func (f *frailCases) key(c *Case) string {
	k := []byte{byte(len(c.Conds)), 0}
	if c.Multiplexed {
		k[1] = 1
	}
	for _, cond := range c.Conds {
		kind := byte(0)
		if cond.ordered() {
			kind = 2
		} else if cond.Op == "SCMP_CMP_NE" {
			kind = 1
		}
		if cond.Low {
			kind |= 4
		}
		k = append(k, byte(cond.Arg), kind)
		if f.ordered[cond.Arg] {
			k = append(k, byte(cond.Value>>32), byte(cond.Value>>40), byte(cond.Value>>48), byte(cond.Value>>56))
		}
	}
	return string(k)
}

// group returns the group of a case of a decision, which it makes where there is none.
func (f *frailCases) group(d *Decision, j int) int {
	if !f.prepared {
		for _, c := range d.Cases {
			for _, cond := range c.Conds {
				f.ordered[cond.Arg] = f.ordered[cond.Arg] || cond.ordered() && !cond.Low
			}
		}
		f.prepared, f.index, f.pairs = true, map[string]int{}, map[[2]int]frailty{}
	}
	key := f.key(&d.Cases[j])
	n, ok := f.index[key]
	if !ok {
		n = len(f.groups)
		f.index[key] = n
		f.groups = append(f.groups, &frailGroup{conds: map[string]int{}})
	}
	return n
}

func (f *frailCases) add(d *Decision, j int) {
	g := f.groups[f.group(d, j)]
	key := orderedKey(d.Cases[j].Conds)
	if g.size++; g.conds[key] == 0 && len(g.first) < 2 {
		g.first = append(g.first, j)
	}
	g.conds[key]++
}

// orderedKey is equal for the same conditions in the same order.
func orderedKey(conds []Cond) string {
	k := make([]byte, 0, 20*len(conds))
	for _, c := range conds {
		k = append(append(k, byte(c.Arg)), c.Op...)
		for i := range 8 {
			k = append(k, byte(c.Value>>(8*i)), byte(c.Mask>>(8*i)))
		}
	}
	return string(k)
}

// worst returns the pair of a case with an earlier one that is most likely wrong.
func (f *frailCases) worst(d *Decision, j int) (Miscompilation, bool) {
	own, key := f.group(d, j), orderedKey(d.Cases[j].Conds)
	best, found, count := Miscompilation{Second: j}, sound, 0
	for n, g := range f.groups {
		if g.size == 0 || g.size == g.conds[key] {
			continue
		}
		first := g.first[0]
		if g.conds[key] > 0 && orderedKey(d.Cases[first].Conds) == key {
			first = g.first[1]
		}
		how, ok := f.pairs[[2]int{own, n}]
		if !ok {
			how = frailtyOf(&d.Cases[first], &d.Cases[j])
			f.pairs[[2]int{own, n}] = how
		}
		if how == sound {
			continue
		}
		others := g.size - g.conds[key]
		switch {
		case how > found:
			found, count, best.First = how, others, first
		case how == found:
			count += others
			best.First = min(best.First, first)
		}
	}
	best.Likely, best.Others = found >= likelyHidden, count-1
	return best, found > sound
}

// frailtyOf says how likely a pair of cases with different conditions is wrong.
func frailtyOf(a, b *Case) frailty {
	switch _, wrong := wrongTogether(a, b); {
	case !wrong:
		return sound
	case !followed(a, b) && !followed(b, a) && !widths(a, b):
		return unlikely
	case a.Multiplexed || b.Multiplexed:
		return likelyHidden
	}
	return likely
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

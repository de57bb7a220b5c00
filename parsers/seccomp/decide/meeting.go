package decide

import (
	"math"
	"slices"
)

// Which cases meet, without comparing all with all.
//
// Cases are put in groups of one shape: the arguments that they compare, in which way, and under which mask. Within a
// group, those with an equality are found by its value: two that want different values of the same bits never hold for
// one call. So of rules that list values, as nearly all long lists do, each is compared with the few that it may meet.

// equality is a condition that fixes bits of an argument: SCMP_CMP_EQ, or SCMP_CMP_MASKED_EQ.
type equality struct {
	arg         int
	mask, value uint64
}

// equality returns what bits the condition fixes; false for another condition.
func (c Cond) equality() (equality, bool) {
	switch {
	case c.Op == "SCMP_CMP_MASKED_EQ":
		return equality{c.Arg, c.Mask, c.Value}, true
	case c.Op == "SCMP_CMP_EQ" && c.Low:
		return equality{c.Arg, math.MaxUint32, c.Value}, true
	case c.Op == "SCMP_CMP_EQ":
		return equality{c.Arg, math.MaxUint64, c.Value}, true
	}
	return equality{}, false
}

// alike is cases of one shape.
type alike struct {
	shape   []equality // the masks that all of them have; the values are not set
	outcome Outcome
	all     []int // indexes of cases, in order
	by      map[equality][]int
}

// candidates returns those that may meet conditions.
func (g *alike) candidates(conds []Cond) []int {
	for _, c := range conds {
		if e, ok := c.equality(); ok && slices.Contains(g.shape, equality{e.arg, e.mask, 0}) {
			return g.by[e]
		}
	}
	return g.all
}

// meetings are cases in groups of one shape and outcome.
type meetings struct {
	groups []*alike
	index  map[string]*alike
}

// add adds a case with its index.
func (m *meetings) add(i int, c *Case) {
	shape := make([]equality, 0, len(c.Conds))
	key := append([]byte(c.Outcome.Action), byte(c.Outcome.Errno), byte(c.Outcome.Errno>>8))
	for _, cond := range c.Conds {
		if e, ok := cond.equality(); ok {
			shape = append(shape, equality{e.arg, e.mask, 0})
			for k := range 8 {
				key = append(key, byte(e.mask>>(8*k)))
			}
		}
		key = append(append(key, byte(cond.Arg)), cond.Op...)
	}
	g := m.index[string(key)]
	if g == nil {
		if m.index == nil {
			m.index = map[string]*alike{}
		}
		g = &alike{shape: shape, outcome: c.Outcome, by: map[equality][]int{}}
		m.index[string(key)] = g
		m.groups = append(m.groups, g)
	}
	g.all = append(g.all, i)
	for _, cond := range c.Conds {
		if e, ok := cond.equality(); ok {
			g.by[e] = append(g.by[e], i)
		}
	}
}

// Finder returns a function that returns the indexes of the cases that hold for a call, in order. It is made for many
// calls.
func (d *Decision) Finder() func(args [6]uint64) []int {
	var cases meetings
	for i := range d.Cases {
		cases.add(i, &d.Cases[i])
	}
	return func(args [6]uint64) (holding []int) {
		for _, g := range cases.groups {
			candidates := g.all
			if len(g.shape) > 0 {
				e := g.shape[0]
				e.value = args[e.arg] & e.mask
				candidates = g.by[e]
			}
			for _, i := range candidates {
				if d.Cases[i].Holds(args) {
					holding = append(holding, i)
				}
			}
		}
		slices.Sort(holding)
		return holding
	}
}

// OutcomesOf is Eval where it is known which cases hold.
func (d *Decision) OutcomesOf(holding []int) []Outcome { return d.outcomes(holding, 0) }

// MaxOthers is how far other cases are counted that meet one.
const MaxOthers = 8

// Overlap is a pair of cases with different outcomes that hold for one call. Which of them libseccomp takes follows
// neither from their order nor from its release.
type Overlap struct {
	// First and Second are indexes in Decision.Cases, First being the smaller.
	First, Second int
	// Call are registers for which both hold.
	Call [6]uint64
	// Identical says that both have the same conditions, which libseccomp refuses (EEXIST).
	Identical bool
	// Others is how many more cases before Second it overlaps; MaxOthers stands for so many or more.
	Others int
}

// Overlaps returns the cases that can hold at once with an earlier one of another outcome, each once: with the first
// such case that has other conditions and is not Multiplexed, where there is one. It is exact for the usual conditions,
// and leaves out a pair that it cannot decide about.
func (d *Decision) Overlaps() []Overlap {
	if !slices.ContainsFunc(d.Cases, func(c Case) bool { return c.Outcome != d.Cases[0].Outcome }) {
		return nil
	}
	var out []Overlap
	var earlier meetings
	for j := range d.Cases {
		if o, ok := d.overlap(j, &earlier); ok {
			out = append(out, o)
		}
		earlier.add(j, &d.Cases[j])
	}
	return out
}

// overlap returns an overlap of a case with earlier ones.
func (d *Decision) overlap(j int, earlier *meetings) (best Overlap, found bool) {
	c := &d.Cases[j]
	plain := func(o Overlap) bool { return !o.Identical && !c.Multiplexed && !d.Cases[o.First].Multiplexed }
	count := 0
	for _, g := range earlier.groups {
		if g.outcome == c.Outcome {
			continue
		}
		tried := 0
		for _, i := range g.candidates(c.Conds) {
			call, ok := both(d.Cases[i].Conds, c.Conds)
			if tried++; !ok {
				continue
			}
			count++
			o := Overlap{First: i, Second: j, Call: call, Identical: sameConds(d.Cases[i].Conds, c.Conds)}
			if !found || plain(o) && !plain(best) || plain(o) == plain(best) && o.First < best.First {
				best, found = o, true
			}
			if count > MaxOthers && plain(best) {
				best.Others = MaxOthers
				return best, true
			}
		}
	}
	best.Others = min(count-1, MaxOthers)
	return best, found
}

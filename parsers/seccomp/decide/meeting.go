package decide

import (
	"cmp"
	"math"
	"slices"
)

// Which cases meet, without comparing all with all.
//
// Cases are put in groups of one shape: the arguments that they compare, in which way, and under which mask. Within a
// group, those with an equality are found by its value: two that want different values of the same bits never hold for
// one call. So of rules that list values, as nearly all long lists do, each is compared with the few that it may meet.
// Those with comparisons of order are intervals of an argument, and each is compared with those that meet its own.

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
	shape       []equality // the masks that all of them have; the values are not set
	outcome     Outcome
	multiplexed bool
	ordered     int     // the first argument that they compare by order, -1 for none
	all         *ranges // all of them
	by          map[equality]*ranges
}

// candidates returns those that may meet conditions.
func (g *alike) candidates(conds []Cond) *ranges {
	for _, c := range conds {
		if e, ok := c.equality(); ok && slices.Contains(g.shape, equality{e.arg, e.mask, 0}) {
			if found := g.by[e]; found != nil {
				return found
			}
			return &ranges{}
		}
	}
	return g.all
}

// ranges are cases with the values that one argument can have where they hold: closed intervals. They are searched in
// steps of the logarithm of their number for each that is found.
type ranges struct {
	cases  []int // indexes of the cases, sorted by where their intervals begin
	firsts []uint64
	lasts  []uint64
	// highest is a tree of the largest of lasts: node n has the nodes 2n and 2n+1 below it. What was not added yet
	// counts as 0, and is not in.
	highest []uint64
	in      []bool
	added   int
	size    int // the leaves of the tree
	place   map[int]int
}

// prepare is called once, when all cases are known. With in, they are all added.
func (r *ranges) prepare(cases []Case, arg int, in bool) {
	limits := make([][2]uint64, len(r.cases))
	at := make([]int, len(r.cases))
	for k, i := range r.cases {
		first, last := uint64(0), uint64(math.MaxUint64)
		if arg >= 0 {
			first, last = rangeOf(cases[i].Conds, arg)
		}
		limits[k], at[k] = [2]uint64{first, last}, k
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(limits[a][0], limits[b][0]) })
	unsorted := r.cases
	r.cases, r.place = make([]int, len(at)), make(map[int]int, len(at))
	for r.size = 1; r.size < len(at); r.size *= 2 {
	}
	r.highest, r.in = make([]uint64, 2*r.size), make([]bool, 2*r.size)
	for k, old := range at {
		r.cases[k] = unsorted[old]
		r.firsts, r.lasts = append(r.firsts, limits[old][0]), append(r.lasts, limits[old][1])
		r.place[r.cases[k]] = k
	}
	if in {
		for _, i := range r.cases {
			r.add(i)
		}
	}
}

// add adds a case, one of those that it was prepared for.
func (r *ranges) add(i int) {
	r.added++
	k := r.place[i]
	for n := r.size + k; n > 0; n /= 2 {
		r.highest[n] = max(r.highest[n], r.lasts[k])
		r.in[n] = true
	}
}

// remove takes out a case that was added.
func (r *ranges) remove(i int) {
	r.added--
	k := r.place[i]
	n := r.size + k
	r.highest[n], r.in[n] = 0, false
	for n /= 2; n > 0; n /= 2 {
		r.highest[n] = max(r.highest[2*n], r.highest[2*n+1])
		r.in[n] = r.in[2*n] || r.in[2*n+1]
	}
}

// each calls look with the cases that were added whose intervals meet one, until it returns false.
func (r *ranges) each(first, last uint64, look func(i int) bool) {
	if r.added == 0 || first > last {
		return
	}
	var walk func(n, from, size int) bool
	walk = func(n, from, size int) bool {
		switch {
		case !r.in[n] || r.highest[n] < first || from >= len(r.cases) || r.firsts[from] > last:
			return true
		case size == 1:
			return look(r.cases[from])
		}
		return walk(2*n, from, size/2) && walk(2*n+1, from+size/2, size/2)
	}
	walk(1, 0, r.size)
}

// rangeOf returns the smallest and the largest value of an argument for which conditions may hold; the first is above
// the second where there is none.
func rangeOf(conds []Cond, arg int) (first, last uint64) {
	last = math.MaxUint64
	for _, c := range conds {
		if c.Arg != arg {
			continue
		}
		if c.Low && last == math.MaxUint64 {
			last = math.MaxUint32
		}
		switch c.Op {
		case "SCMP_CMP_EQ":
			first, last = max(first, c.Value), min(last, c.Value)
		case "SCMP_CMP_GE":
			first = max(first, c.Value)
		case "SCMP_CMP_GT":
			if c.Value == math.MaxUint64 {
				return 1, 0
			}
			first = max(first, c.Value+1)
		case "SCMP_CMP_LE":
			last = min(last, c.Value)
		case "SCMP_CMP_LT":
			if c.Value == 0 {
				return 1, 0
			}
			last = min(last, c.Value-1)
		}
	}
	return first, last
}

// meetings are cases in groups of one shape and outcome.
type meetings struct {
	groups []*alike
	of     []*alike // the group of each case
}

// newMeetings puts cases in groups. They are added one by one; with in, all are added.
func newMeetings(cases []Case, in bool) *meetings {
	m := &meetings{of: make([]*alike, len(cases))}
	index := map[string]*alike{}
	for i := range cases {
		m.of[i] = m.group(index, i, &cases[i])
	}
	for _, g := range m.groups {
		g.all.prepare(cases, g.ordered, in)
		for _, r := range g.by {
			r.prepare(cases, g.ordered, in)
		}
	}
	return m
}

// group puts a case in its group, which it makes where there is none.
func (m *meetings) group(index map[string]*alike, i int, c *Case) *alike {
	shape := make([]equality, 0, len(c.Conds))
	key := append([]byte(c.Outcome.Action), byte(c.Outcome.Errno), byte(c.Outcome.Errno>>8), 0)
	if c.Multiplexed {
		key[len(key)-1] = 1
	}
	ordered := -1
	for _, cond := range c.Conds {
		if e, ok := cond.equality(); ok {
			shape = append(shape, equality{e.arg, e.mask, 0})
			for k := range 8 {
				key = append(key, byte(e.mask>>(8*k)))
			}
		}
		if cond.ordered() && ordered < 0 {
			ordered = cond.Arg
		}
		key = append(append(key, byte(cond.Arg)), cond.Op...)
	}
	g := index[string(key)]
	if g == nil {
		g = &alike{
			shape: shape, outcome: c.Outcome, multiplexed: c.Multiplexed, ordered: ordered, all: &ranges{},
			by: map[equality]*ranges{},
		}
		index[string(key)] = g
		m.groups = append(m.groups, g)
	}
	g.all.cases = append(g.all.cases, i)
	for _, cond := range c.Conds {
		if e, ok := cond.equality(); ok {
			if g.by[e] == nil {
				g.by[e] = &ranges{}
			}
			if list := g.by[e]; len(list.cases) == 0 || list.cases[len(list.cases)-1] != i {
				list.cases = append(list.cases, i)
			}
		}
	}
	return g
}

// add adds a case.
func (m *meetings) add(i int, c *Case) { m.each(i, c, (*ranges).add) }

// remove takes out a case that was added.
func (m *meetings) remove(i int, c *Case) { m.each(i, c, (*ranges).remove) }

// each calls do with the ranges that hold a case.
func (m *meetings) each(i int, c *Case, do func(r *ranges, i int)) {
	g := m.of[i]
	do(g.all, i)
	var done []equality
	for _, cond := range c.Conds {
		if e, ok := cond.equality(); ok && !slices.Contains(done, e) {
			done = append(done, e)
			do(g.by[e], i)
		}
	}
}

// Finder finds the cases of a decision that hold for a call. It is made for many calls.
type Finder struct {
	cases   []Case
	groups  *meetings
	without Outcome // what Outcomes returns where no case holds
}

// Finder returns the finder of the decision's cases, all of which are in it.
func (d *Decision) Finder() *Finder { return &Finder{d.Cases, newMeetings(d.Cases, true), d.Outcome} }

// Add puts a case in that was removed, by its index.
func (f *Finder) Add(i int) { f.groups.add(i, &f.cases[i]) }

// Remove takes a case out.
func (f *Finder) Remove(i int) { f.groups.remove(i, &f.cases[i]) }

// each calls look with the cases of a group that hold for a call, until it returns false, and reports whether it did
// not.
func (f *Finder) each(g *alike, args [6]uint64, look func(i int) bool) (all bool) {
	candidates := g.all
	for _, e := range g.shape { // the equality that the fewest have
		e.value = args[e.arg] & e.mask
		found := g.by[e]
		if found == nil {
			return true
		}
		if len(found.cases) < len(candidates.cases) {
			candidates = found
		}
	}
	value := uint64(0)
	if g.ordered >= 0 {
		value = args[g.ordered]
		if f.cases[candidates.cases[0]].narrowOn(g.ordered) {
			value &= math.MaxUint32
		}
	}
	all = true
	candidates.each(value, value, func(i int) bool {
		all = !f.cases[i].Holds(args) || look(i)
		return all
	})
	return all
}

// narrowOn reports whether the conditions on an argument compare its lower half.
func (c *Case) narrowOn(arg int) bool {
	return slices.ContainsFunc(c.Conds, func(cond Cond) bool { return cond.Arg == arg && cond.Low })
}

// Holding calls look with the index of each case that holds for a call, in no order, until it returns false. A case
// must not be added or removed meanwhile.
func (f *Finder) Holding(args [6]uint64, look func(i int) bool) {
	for _, g := range f.groups.groups {
		if !f.each(g, args, look) {
			return
		}
	}
}

// Outcomes returns the outcomes of the cases that hold for a call, or that of the decision where there is none.
func (f *Finder) Outcomes(args [6]uint64) (out []Outcome) {
	for _, g := range f.groups.groups {
		if slices.Contains(out, g.outcome) {
			continue
		}
		f.each(g, args, func(int) bool {
			out = append(out, g.outcome)
			return false
		})
	}
	if len(out) == 0 {
		return []Outcome{f.without}
	}
	return out
}

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
	earlier := newMeetings(d.Cases, false)
	for j := range d.Cases {
		if o, ok := d.overlap(j, earlier); ok {
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
		if g.outcome == c.Outcome || count > MaxOthers && (g.multiplexed || plain(best)) {
			continue
		}
		first, last := uint64(0), uint64(math.MaxUint64)
		if g.ordered >= 0 {
			first, last = rangeOf(c.Conds, g.ordered)
		}
		g.candidates(c.Conds).each(first, last, func(i int) bool {
			call, ok := both(d.Cases[i].Conds, c.Conds)
			if !ok {
				return true
			}
			count++
			o := Overlap{First: i, Second: j, Call: call, Identical: sameConds(d.Cases[i].Conds, c.Conds)}
			if !found || plain(o) && !plain(best) || plain(o) == plain(best) && o.First < best.First {
				best, found = o, true
			}
			return count <= MaxOthers || !plain(best) && !g.multiplexed && !c.Multiplexed
		})
	}
	best.Others = min(count-1, MaxOthers)
	return best, found
}

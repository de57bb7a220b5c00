package decide

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Questions about argument conditions: which sets of conditions some call meets.
//
// Computed are representatives: a few values of a register, or calls, such that every set of conditions that can be
// met at once, and no more than that set, is met by one of them. To compare two decisions it is then enough to
// evaluate both for each representative. The invariant is completeness: if any call distinguishes two decisions, a
// representative does, unless the budget is used up, which is reported. TestRepresentatives and
// TestDecisionsAgainstBruteForce check it for random conditions; that the conditions themselves mean what is modelled
// here was measured in the kernel (TestLive).
//
// A register is cut into the intervals between the constants of order comparisons. Within an interval only equalities
// and masked comparisons vary; which of the masked ones hold is tried one by one, each time with the bits that are
// fixed so far.

// budget bounds the search for calls.
type budget struct{ left int }

// searchBudget is enough for some thousand conditions on one syscall, and is used up in some ten milliseconds.
const searchBudget = 1 << 19

func (b *budget) spend(n int) bool {
	b.left -= n
	return b.left >= 0
}

// knownBits are bits of a register whose value is given.
type knownBits struct{ mask, value uint64 }

// within returns a value from first to last that has the known bits and meets none of the masked comparisons in not.
func within(first, last uint64, known knownBits, not []Cond, b *budget) (uint64, bool) {
	for {
		// The largest aligned block that begins with first and does not reach beyond last.
		var low uint64
		for low != math.MaxUint64 && first&(low<<1|1) == 0 && first|(low<<1|1) <= last {
			low = low<<1 | 1
		}
		if (first^known.value)&known.mask&^low == 0 {
			if v, ok := avoid(knownBits{known.mask | ^low, known.value | first}, not, b); ok {
				return v, true
			}
		}
		if first|low >= last || !b.spend(1) {
			return 0, false
		}
		first = (first | low) + 1
	}
}

// avoid returns a value with the known bits that meets none of the masked comparisons.
func avoid(known knownBits, not []Cond, b *budget) (uint64, bool) {
	for i, c := range not {
		if (known.value^c.Value)&c.Mask&known.mask != 0 {
			continue // it differs in a bit that is known
		}
		free := c.Mask &^ known.mask
		for free != 0 && b.spend(1) {
			bit := free & -free
			free &^= bit
			// This bit is the first that differs.
			if v, ok := avoid(knownBits{known.mask | bit, known.value | bit&^c.Value}, not[i+1:], b); ok {
				return v, true
			}
			known.mask, known.value = known.mask|bit, known.value|bit&c.Value
		}
		return 0, false
	}
	return known.value, true
}

// representatives returns values of one register such that every set of the conditions that some value meets, and no
// more, is met by one of them.
func representatives(conds []Cond, b *budget) []uint64 {
	limit := uint64(math.MaxUint64)
	if slices.ContainsFunc(conds, func(c Cond) bool { return c.Low }) {
		limit = math.MaxUint32
	}
	starts := []uint64{0} // of the intervals within which no comparison of order changes
	var points []uint64
	var masked []Cond
	for _, c := range conds {
		switch c.Op {
		case "SCMP_CMP_EQ", "SCMP_CMP_NE":
			if c.Value <= limit {
				points = append(points, c.Value)
			}
		case "SCMP_CMP_LT", "SCMP_CMP_GE":
			if c.Value <= limit {
				starts = append(starts, c.Value)
			}
		case "SCMP_CMP_LE", "SCMP_CMP_GT":
			if c.Value < limit {
				starts = append(starts, c.Value+1)
			}
		case "SCMP_CMP_MASKED_EQ":
			masked = append(masked, c)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	slices.Sort(points)
	points = slices.Compact(points)
	masks := byMask(masked)
	out := slices.Clone(points)
	for i, first := range starts {
		last := limit
		if i+1 < len(starts) {
			last = starts[i+1] - 1
		}
		from, _ := slices.BinarySearch(points, first)
		var not []Cond
		for _, p := range points[from:] {
			if p > last {
				break
			}
			not = append(not, Cond{Op: "SCMP_CMP_MASKED_EQ", Value: p, Mask: math.MaxUint64})
		}
		if len(masked) == 0 {
			v, full := first, false
			for _, p := range not {
				if p.Value == v {
					full = v == last
					v++
				}
			}
			if !full {
				out = append(out, v)
			}
			continue
		}
		var assign func(n int, known knownBits, not []Cond)
		assign = func(n int, known knownBits, not []Cond) {
			v, ok := within(first, last, known, not, b)
			if !ok || !b.spend(8) {
				return
			}
			if n == len(masks) {
				out = append(out, v)
				return
			}
			// At most one of the comparisons under one mask holds.
			for _, c := range masks[n] {
				if (known.value^c.Value)&known.mask&c.Mask == 0 {
					assign(n+1, knownBits{known.mask | c.Mask, known.value | c.Value}, not)
				}
			}
			assign(n+1, known, append(slices.Clip(not), masks[n]...))
		}
		assign(0, knownBits{}, not)
	}
	return out
}

// byMask returns masked comparisons in groups of one mask, each once.
func byMask(masked []Cond) (groups [][]Cond) {
	at := map[uint64]int{}
	seen := map[Cond]bool{}
	for _, c := range masked {
		if seen[c] {
			continue
		}
		seen[c] = true
		n, ok := at[c.Mask]
		if !ok {
			n = len(groups)
			at[c.Mask] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], c)
	}
	return groups
}

// meet returns a value of a register that meets all conditions.
func meet(conds []Cond, b *budget) (uint64, bool) {
	switch len(conds) {
	case 0:
		return 0, true
	case 2:
		if conds[0].Op == "SCMP_CMP_EQ" && conds[1].Op == "SCMP_CMP_EQ" && conds[0].Value != conds[1].Value {
			return 0, false
		}
	}
	for _, v := range representatives(conds, b) {
		if !slices.ContainsFunc(conds, func(c Cond) bool { return !c.Holds(v) }) {
			return v, true
		}
	}
	return 0, false
}

// representativeCall is a call, and the cases that hold for it, by their indexes among those of all decisions.
type representativeCall struct {
	registers [6]uint64
	holding   []int
}

// representativeCalls returns calls such that every set of cases of the decisions that can hold at once holds for one
// of them: whatever the decisions do, they do with one of these calls. It reports false when there are too many, and
// the calls are then some of them. All decisions must be about one ABI.
func representativeCalls(decisions ...*Decision) (calls []representativeCall, complete bool) {
	w := callSearch{budget: budget{searchBudget}}
	for _, d := range decisions {
		w.cases = append(w.cases, d.Cases...)
	}
	all := make([]int, len(w.cases))
	for i := range all {
		all[i] = i
	}
	w.walk(0, all)
	return w.calls, w.left >= 0
}

// callSearch looks for representative calls, one register after the other.
type callSearch struct {
	budget
	cases     []Case
	registers [6]uint64
	calls     []representativeCall
}

// on returns the conditions of a case on an argument.
func (c *Case) on(arg int) (conds []Cond) {
	for _, cond := range c.Conds {
		if cond.Arg == arg {
			conds = append(conds, cond)
		}
	}
	return conds
}

// walk tries the registers from one on, where cases are left whose conditions on those before are met.
func (w *callSearch) walk(arg int, left []int) {
	var conds []Cond
	for ; arg < 6; arg++ {
		for _, i := range left {
			conds = append(conds, w.cases[i].on(arg)...)
		}
		if len(conds) > 0 {
			break
		}
	}
	if len(conds) == 0 {
		w.calls = append(w.calls, representativeCall{w.registers, left})
		return
	}
	// Cases with nothing but one equality are found by its value.
	var masks []uint64
	equal := map[equality][]int{}
	var others []int
	for _, i := range left {
		on := w.cases[i].on(arg)
		if len(on) == 1 {
			if e, ok := on[0].equality(); ok {
				if equal[e] = append(equal[e], i); !slices.Contains(masks, e.mask) {
					masks = append(masks, e.mask)
				}
				continue
			}
		}
		others = append(others, i)
	}
	seen := map[string]bool{}
	var key []byte
	for _, v := range representatives(conds, &w.budget) {
		var next []int
		for _, mask := range masks {
			next = append(next, equal[equality{arg, mask, v & mask}]...)
		}
		if !w.spend(1 + (len(others)+len(next))/16) {
			return
		}
		for _, i := range others {
			if !slices.ContainsFunc(w.cases[i].Conds, func(c Cond) bool { return c.Arg == arg && !c.Holds(v) }) {
				next = append(next, i)
			}
		}
		slices.Sort(next)
		key = key[:0]
		for _, i := range next {
			key = append(key, byte(i), byte(i>>8), byte(i>>16))
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		w.registers[arg] = v
		w.walk(arg+1, next)
		w.registers[arg] = 0
	}
}

// both returns a call that meets all conditions of two cases.
func both(a, b []Cond) (call [6]uint64, ok bool) {
	limit := &budget{searchBudget}
	var conds [16]Cond
	for arg := range call {
		on := conds[:0]
		for _, c := range a {
			if c.Arg == arg {
				on = append(on, c)
			}
		}
		for _, c := range b {
			if c.Arg == arg {
				on = append(on, c)
			}
		}
		if call[arg], ok = meet(on, limit); !ok {
			return call, false
		}
	}
	return call, true
}

// sameConds reports whether two lists have the same conditions, in any order.
func sameConds(a, b []Cond) bool {
	if len(a) != len(b) {
		return false
	}
	for _, c := range a {
		if !slices.Contains(b, c) {
			return false
		}
	}
	return true
}

// Always reports whether the case holds for every call.
func (c Case) Always() bool {
	return !slices.ContainsFunc(c.Conds, func(c Cond) bool {
		return slices.ContainsFunc(representatives([]Cond{c}, &budget{searchBudget}),
			func(v uint64) bool { return !c.Holds(v) })
	})
}

// Never reports whether the case holds for no call.
func (c Case) Never() bool {
	_, ok := both(c.Conds, nil)
	return !ok
}

// Verdict is the result of the comparison of two decisions.
type Verdict int

const (
	// SameDecision: every call ends alike.
	SameDecision Verdict = iota
	// OtherDecision: there is a call that ends otherwise.
	OtherDecision
	// UnsureDecision: no call is known to end otherwise, but the result of some is unknown, because rules with
	// different actions hold at once, or have a shape that libseccomp miscompiles; or the conditions are too many.
	UnsureDecision
)

// Comparison is how two decisions differ.
type Comparison struct {
	Verdict Verdict
	// Call are the registers of a call that ends otherwise, or about which one cannot be sure; the zero registers for
	// SameDecision.
	Call [6]uint64
	// HasCall says that there is such a call.
	HasCall bool
	// Effect says which way the change from the first decision to the second goes, as far as it is sure.
	Effect Effect
}

// Compare compares two decisions about calls of one ABI. It is exact. Decisions that are made of the same cases in
// the same order are the same, whatever libseccomp makes of them.
func (d *Decision) Compare(o *Decision) Comparison {
	if d.sameCases(o) {
		if d.Outcome == o.Outcome {
			return Comparison{}
		}
		if len(d.Cases) == 0 {
			return Comparison{OtherDecision, [6]uint64{}, true, effectOf(d.Outcome, o.Outcome)}
		}
	}
	var out Comparison
	unsure := func(call [6]uint64, has bool) {
		if out.Verdict == SameDecision {
			out.Verdict, out.Call, out.HasCall = UnsureDecision, call, has
		}
	}
	calls, complete := representativeCalls(d, o)
	for _, representative := range calls {
		call := representative.registers
		n := 0
		for n < len(representative.holding) && representative.holding[n] < len(d.Cases) {
			n++
		}
		before := d.outcomes(representative.holding[:n], 0)
		after := o.outcomes(representative.holding[n:], len(d.Cases))
		switch {
		case len(before) > 1 || len(after) > 1:
			unsure(call, true)
		case before[0] != after[0]:
			if out.Verdict != OtherDecision {
				out.Verdict, out.Call, out.HasCall = OtherDecision, call, true
			}
			out.Effect |= effectOf(before[0], after[0])
		}
	}
	if !complete {
		unsure([6]uint64{}, false)
	}
	if out.Verdict == SameDecision {
		for _, side := range []*Decision{d, o} {
			if wrong := side.Miscompiled(); len(wrong) > 0 {
				unsure(wrong[0].Call, true)
			}
		}
	}
	return out
}

// outcomes returns the outcomes where some cases hold, which are given by their indexes and an offset.
func (d *Decision) outcomes(holding []int, offset int) (out []Outcome) {
	for _, i := range holding {
		if o := d.Cases[i-offset].Outcome; !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return []Outcome{d.Outcome}
	}
	return out
}

// Same reports whether two decisions about calls of one ABI are proved to be the same for every call. Where they are
// not, it returns the registers of a call for which they differ or may differ.
func (d *Decision) Same(o *Decision) (call [6]uint64, same bool) {
	c := d.Compare(o)
	return c.Call, c.Verdict == SameDecision
}

func effectOf(before, after Outcome) Effect {
	switch {
	case !before.Runs() && after.Runs():
		return Widens
	case before.Runs() && !after.Runs():
		return Narrows
	}
	return 0
}

// sameCases reports whether two decisions are made of the same cases in the same order. A case that an earlier one
// repeats does not count: libseccomp takes it as done.
func (d *Decision) sameCases(o *Decision) bool {
	a, b := d.Cases, o.Cases
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	equal := func(x, y *Case) bool { return x.Outcome == y.Outcome && sameConds(x.Conds, y.Conds) }
	if len(a) == len(b) {
		for i := 0; equal(&a[i], &b[i]); i++ {
			if i+1 == len(a) {
				return true
			}
		}
	}
	return slices.EqualFunc(once(a), once(b), func(x, y Case) bool { return equal(&x, &y) })
}

// once returns the cases without those that repeat an earlier one.
func once(cases []Case) []Case {
	seen := make(map[string]bool, len(cases))
	var out []Case
	for _, c := range cases {
		if key := c.key(); !seen[key] {
			seen[key] = true
			out = append(out, c)
		}
	}
	return out
}

// key is equal for cases with equal conditions and outcomes.
func (c Case) key() string { return c.Outcome.String() + " if " + condsKey(c.Conds) }

// condsKey is equal for equal conditions in whatever order.
func condsKey(conds []Cond) string {
	if !slices.IsSortedFunc(conds, byArg) {
		conds = slices.SortedStableFunc(slices.Values(conds), byArg)
	}
	var s strings.Builder
	for i, c := range conds {
		if i > 0 {
			s.WriteString(" and ")
		}
		s.WriteString(c.String())
	}
	return s.String()
}

// String returns the decision in words: "ALLOW", "ALLOW if arg0 < 40 or arg0 == 42, else ERRNO EPERM".
func (d *Decision) String() string {
	if len(d.Cases) == 0 {
		return d.Outcome.String()
	}
	var s strings.Builder
	var outcomes []Outcome
	for _, c := range d.Cases {
		if !slices.Contains(outcomes, c.Outcome) {
			outcomes = append(outcomes, c.Outcome)
		}
	}
	for _, o := range outcomes {
		var alternatives []string
		seen := map[string]bool{}
		for _, c := range d.Cases {
			if text := condsKey(c.Conds); c.Outcome == o && !seen[text] {
				seen[text] = true
				alternatives = append(alternatives, text)
			}
		}
		s.WriteString(o.String())
		s.WriteString(" if ")
		s.WriteString(strings.Join(alternatives, " or "))
		s.WriteString(", ")
	}
	s.WriteString("else ")
	s.WriteString(d.Outcome.String())
	return s.String()
}

func byArg(a, b Cond) int { return cmp.Compare(a.Arg, b.Arg) }

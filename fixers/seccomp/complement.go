package seccomp

import (
	"math"
	"slices"
)

// maxComplement is how many rules complement makes at most.
const maxComplement = 32

// complement returns lists of conditions, each for a rule of its own, of which one or more hold for exactly those calls
// for which none of the given lists does. It reports false where libseccomp's operators cannot say that, since a rule
// compares each argument once, or only with very many rules.
func complement(lists [][]NewArg) ([][]NewArg, bool) {
	left := []argSets{{}}
	for _, list := range lists {
		var others []argSet // the list does not hold where the argument is in one of these
		var seen [6]bool
		for _, c := range list {
			if c.Index < 0 || c.Index > 5 || seen[c.Index] { // runtimes take a repeated argument for an alternative
				return nil, false
			}
			seen[c.Index] = true
			sets, ok := unequal(c)
			if !ok {
				return nil, false
			}
			others = append(others, sets...)
		}
		var next []argSets
		for _, l := range left {
			for _, other := range others {
				if both, ok := l.within(other); ok && !slices.ContainsFunc(next, both.equal) {
					next = append(next, both)
				}
			}
		}
		if len(next) > maxComplement {
			return nil, false
		}
		left = next
	}
	var out [][]NewArg
	for _, l := range left {
		rules, ok := l.conditions()
		if !ok || len(out)+len(rules) > maxComplement {
			return nil, false
		}
		out = append(out, rules...)
	}
	return out, true
}

// argSet is a set of values of an argument: those in one of the intervals of which the bits of mask are those of value.
type argSet struct {
	arg         int
	intervals   [][2]uint64 // closed, in order, with values between them
	mask, value uint64
}

// argSets are the sets that the arguments of a call must be in; an argument without intervals may have any value.
type argSets [6]argSet

func full() [][2]uint64 { return [][2]uint64{{0, math.MaxUint64}} }

// unequal returns sets that together are the values for which a condition does not hold.
func unequal(c NewArg) ([]argSet, bool) {
	var out [][2]uint64
	below := func(v uint64) {
		if v > 0 {
			out = append(out, [2]uint64{0, v - 1})
		}
	}
	above := func(v uint64) {
		if v < math.MaxUint64 {
			out = append(out, [2]uint64{v + 1, math.MaxUint64})
		}
	}
	switch c.Op {
	case "SCMP_CMP_EQ":
		below(c.Value)
		above(c.Value)
	case "SCMP_CMP_NE":
		out = [][2]uint64{{c.Value, c.Value}}
	case "SCMP_CMP_LT":
		out = [][2]uint64{{c.Value, math.MaxUint64}}
	case "SCMP_CMP_LE":
		above(c.Value)
	case "SCMP_CMP_GE":
		below(c.Value)
	case "SCMP_CMP_GT":
		out = [][2]uint64{{0, c.Value}}
	case "SCMP_CMP_MASKED_EQ":
		var sets []argSet
		for bit := uint64(1); bit != 0; bit <<= 1 {
			if c.Value&bit != 0 {
				sets = append(sets, argSet{c.Index, full(), bit, ^c.ValueTwo & bit})
			}
		}
		return sets, true
	default:
		return nil, false
	}
	if len(out) == 0 {
		return nil, true
	}
	return []argSet{{arg: c.Index, intervals: out}}, true
}

// within returns the sets with one made smaller. It reports false where nothing is left.
func (s argSets) within(other argSet) (argSets, bool) {
	mine := s[other.arg]
	if mine.intervals == nil {
		mine.intervals = full()
	}
	if common := mine.mask & other.mask; mine.value&common != other.value&common {
		return s, false
	}
	both := argSet{arg: other.arg, mask: mine.mask | other.mask, value: mine.value | other.value}
	for _, a := range mine.intervals {
		for _, b := range other.intervals {
			if from, to := max(a[0], b[0]), min(a[1], b[1]); from <= to {
				both.intervals = append(both.intervals, [2]uint64{from, to})
			}
		}
	}
	s[other.arg] = both
	return s, len(both.intervals) > 0
}

func (s argSets) equal(other argSets) bool {
	return slices.EqualFunc(s[:], other[:], func(a, b argSet) bool {
		return slices.Equal(a.intervals, b.intervals) && a.mask == b.mask && a.value == b.value
	})
}

// conditions returns lists of conditions of which one or more hold where all arguments are in their sets.
func (s argSets) conditions() ([][]NewArg, bool) {
	out := [][]NewArg{nil}
	for arg, set := range s {
		if set.intervals == nil {
			continue
		}
		ways, ok := set.conditions()
		if !ok || len(out)*len(ways) > maxComplement {
			return nil, false
		}
		var longer [][]NewArg
		for _, list := range out {
			for _, c := range ways {
				c.Index = arg
				longer = append(longer, append(slices.Clone(list), c))
			}
		}
		out = longer
	}
	return out, true
}

// conditions returns conditions of which one or more hold for the values of a set that is not full.
func (s argSet) conditions() ([]NewArg, bool) {
	all := slices.Equal(s.intervals, full())
	switch {
	case s.mask != 0 && all:
		return []NewArg{{Op: "SCMP_CMP_MASKED_EQ", Value: s.mask, ValueTwo: s.value}}, true
	case s.mask != 0:
		return nil, false
	case len(s.intervals) == 2 && s.intervals[0][0] == 0 && s.intervals[1][1] == math.MaxUint64 &&
		s.intervals[0][1]+2 == s.intervals[1][0]:
		return []NewArg{{Op: "SCMP_CMP_NE", Value: s.intervals[0][1] + 1}}, true
	}
	var out []NewArg
	for _, in := range s.intervals {
		from, to := in[0], in[1]
		switch {
		case from == to:
			out = append(out, NewArg{Op: "SCMP_CMP_EQ", Value: from})
		case from == 0:
			out = append(out, NewArg{Op: "SCMP_CMP_LE", Value: to})
		case to == math.MaxUint64:
			out = append(out, NewArg{Op: "SCMP_CMP_GE", Value: from})
		case to-from >= maxComplement:
			return nil, false
		default:
			for v := from; v <= to; v++ {
				out = append(out, NewArg{Op: "SCMP_CMP_EQ", Value: v})
			}
		}
	}
	return out, true
}

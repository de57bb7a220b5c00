package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// The same questions, answered by comparing all with all.

// slowOverlaps returns all pairs of cases with different outcomes that can hold at once.
func slowOverlaps(d *Decision) (out []Overlap) {
	for i := range d.Cases {
		for j := i + 1; j < len(d.Cases); j++ {
			a, b := &d.Cases[i], &d.Cases[j]
			if a.Outcome == b.Outcome {
				continue
			}
			if call, ok := both(a.Conds, b.Conds); ok {
				out = append(out, Overlap{i, j, call, sameConds(a.Conds, b.Conds), 0})
			}
		}
	}
	return out
}

// slowMiscompiled returns all pairs of cases with a shape that libseccomp miscompiles.
func slowMiscompiled(d *Decision) (out []Miscompilation) {
	for i := range d.Cases {
		for j := i + 1; j < len(d.Cases); j++ {
			a, b := &d.Cases[i], &d.Cases[j]
			if call, ok := wrongTogether(a, b); ok {
				out = append(out, Miscompilation{
					First: i, Second: j, Call: call, Likely: followed(a, b) || followed(b, a) || widths(a, b),
				})
			}
		}
	}
	return out
}

// slowTree is tree with a list of ways.
type slowTree struct {
	all  bool
	ways []way
}

func (t *slowTree) add(conds []Cond, bits int, rule way) (way, bool) {
	switch {
	case t.all:
		return way{}, true
	case len(conds) == 0:
		t.all, t.ways = true, nil
		return way{}, true
	}
	ways := [][]comparison{nil}
	for _, c := range conds {
		var longer [][]comparison
		for _, w := range ways {
			for _, nodes := range c.comparisons(bits) {
				longer = append(longer, slices.Concat(w, nodes))
			}
		}
		ways = longer
	}
	later := func(whole, part []comparison) bool {
		for i := 1; i+len(part) <= len(whole); i++ {
			if slices.Equal(whole[i:i+len(part)], part) {
				return true
			}
		}
		return false
	}
	t.ways = slices.DeleteFunc(t.ways, func(earlier way) bool {
		return earlier.outcome == rule.outcome &&
			slices.ContainsFunc(ways, func(w []comparison) bool { return later(earlier.nodes, w) })
	})
	ways = slices.DeleteFunc(ways, func(w []comparison) bool {
		return slices.ContainsFunc(t.ways,
			func(earlier way) bool { return earlier.outcome == rule.outcome && later(w, earlier.nodes) })
	})
	var added []way
	for _, w := range ways {
		shadowed := false
		for _, earlier := range t.ways {
			n := 0
			for n < len(earlier.nodes) && n < len(w) && earlier.nodes[n] == w[n] {
				n++
			}
			switch {
			case n == len(w) && earlier.outcome != rule.outcome && (n < len(earlier.nodes) || !w[n-1].high):
				return earlier, false
			case n == len(earlier.nodes):
				shadowed = true
			}
		}
		if !shadowed {
			added = append(added, way{nodes: w, outcome: rule.outcome})
		}
	}
	t.ways = append(t.ways, added...)
	return way{}, true
}

func TestTreeAgainstSlowTree(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	refused, taken := 0, 0
	for range heavytest.Times(3000) {
		bits := 32 + 32*r.IntN(2)
		fast, slow := &tree{}, &slowTree{}
		text := ""
		for range 2 + r.IntN(8) {
			var conds []Cond
			for arg := range 3 {
				if r.IntN(3) > 0 {
					c := randomCond(r, arg, bits == 32)
					c.Value, c.Mask = c.Value&1, c.Mask&3
					if c.Value &= c.Mask | 1; c.Op == "SCMP_CMP_MASKED_EQ" {
						c.Mask, c.Value = 3, c.Value&3
					}
					conds = append(conds, c)
				}
			}
			if len(conds) == 0 && r.IntN(4) > 0 {
				continue
			}
			w := way{outcome: Outcome{"SCMP_ACT_ERRNO", uint16(1 + r.IntN(2))}}
			text += fmt.Sprintf("%s: %d\n", condsKey(conds), w.outcome.Errno)
			a, okFast := fast.add(conds, bits, w)
			b, okSlow := slow.add(conds, bits, w)
			if okFast != okSlow || !slices.Equal(a.nodes, b.nodes) || a.outcome != b.outcome {
				t.Fatalf("%d bits:\n%staken %v, and by the slow tree %v", bits, text, okFast, okSlow)
			}
			if taken++; !okFast {
				refused++
			}
		}
	}
	if refused < heavytest.Times(100) || taken-refused < heavytest.Times(2000) {
		t.Errorf("%d of %d refused", refused, taken)
	}
}

func TestPairsAgainstSlowPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	overlapping, wrong := 0, 0
	for range heavytest.Times(3000) {
		d := randomDecision(r, r.IntN(3) == 0, 1+r.IntN(14))
		for i := range d.Cases {
			d.Cases[i].Multiplexed = r.IntN(8) == 0
		}
		plain := func(i, j int) bool { return !d.Cases[i].Multiplexed && !d.Cases[j].Multiplexed }
		type second struct {
			first, rank, count int
		}
		want := map[int]*second{}
		see := func(i, j, rank int) {
			s := want[j]
			if s == nil {
				s = &second{i, rank, 0}
				want[j] = s
			}
			if rank > s.rank {
				s.first, s.rank = i, rank
			}
			s.count++
		}
		for _, o := range slowOverlaps(d) {
			rank := 0
			if plain(o.First, o.Second) && !o.Identical {
				rank = 1
			}
			see(o.First, o.Second, rank)
		}
		got := d.Overlaps()
		if len(got) != len(want) {
			t.Fatalf("%s: %d overlaps, want %d", d, len(got), len(want))
		}
		for _, o := range got {
			w := want[o.Second]
			many := w != nil && w.count > MaxOthers
			if w == nil || !many && (o.First != w.first || o.Others != w.count-1) || many && o.Others != MaxOthers ||
				!d.Cases[o.First].Holds(o.Call) || !d.Cases[o.Second].Holds(o.Call) {
				t.Fatalf("%s: %+v, want %+v", d, o, w)
			}
			overlapping++
		}
		clear(want)
		for _, m := range slowMiscompiled(d) {
			rank := 0
			if m.Likely && plain(m.First, m.Second) {
				rank = 2
			} else if m.Likely {
				rank = 1
			}
			see(m.First, m.Second, rank)
		}
		found := d.Miscompiled()
		if len(found) != len(want) {
			t.Fatalf("%s: %d pairs, want %d", d, len(found), len(want))
		}
		for _, m := range found {
			if w := want[m.Second]; w == nil || m.First != w.first || m.Likely != (w.rank > 0) {
				t.Fatalf("%s: %+v, want %+v", d, m, w)
			}
			wrong++
		}
	}
	if overlapping < heavytest.Times(500) || wrong < heavytest.Times(500) {
		t.Errorf("%d overlaps, %d pairs that libseccomp miscompiles", overlapping, wrong)
	}
}

// A Finder finds the cases that hold, whatever they compare.
func TestFinder(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	several := 0
	for range heavytest.Times(2000) {
		d := randomDecision(r, r.IntN(3) == 0, 1+r.IntN(14))
		find, pool := d.Finder(), values(r)
		if r.IntN(2) == 0 {
			for i := range d.Cases {
				find.Remove(i)
			}
			for _, i := range r.Perm(len(d.Cases)) {
				find.Add(i)
			}
			for n := r.IntN(4); n > 0 && len(d.Cases) > 0; n-- { // a case goes, and comes back
				i := r.IntN(len(d.Cases))
				find.Remove(i)
				find.Holding([6]uint64{}, func(held int) bool {
					if held == i {
						t.Fatalf("%s: case %d was removed", d, i)
					}
					return true
				})
				find.Add(i)
			}
		}
		for range 20 {
			call := [6]uint64{pool[r.IntN(len(pool))], pool[r.IntN(len(pool))], pool[r.IntN(len(pool))]}
			var want []int
			for i, c := range d.Cases {
				if c.Holds(call) {
					want = append(want, i)
				}
			}
			var got []int
			find.Holding(call, func(i int) bool {
				got = append(got, i)
				return true
			})
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("%s: %v for %x, want %v", d, got, call, want)
			}
			outcomes := func(list []Outcome) string {
				list = slices.Clone(list)
				slices.SortFunc(list, func(a, b Outcome) int { return strings.Compare(a.String(), b.String()) })
				return fmt.Sprint(list)
			}
			if got, want := outcomes(find.Outcomes(call)), outcomes(d.Eval(call)); got != want {
				t.Fatalf("%s: %s for %x, want %s", d, got, call, want)
			}
			if len(want) > 1 {
				several++
			}
		}
	}
	if several < heavytest.Times(2000) {
		t.Errorf("more than one case held for %d calls", several)
	}
}

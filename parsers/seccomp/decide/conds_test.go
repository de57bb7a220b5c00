package decide

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func readProfile(t testing.TB, name string) *seccomp.Profile {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + name + "-default.json")
	if err != nil {
		t.Fatal(err)
	}
	return seccomp.Parse(source.NewFile(name+".json", text))
}

// randomCond returns a condition whose constants are near 0, near 2^32 or near 2^64.
func randomCond(r *rand.Rand, arg int, low bool) Cond {
	constant := func() uint64 {
		v := r.Uint64N(9)
		switch r.IntN(6) {
		case 0:
			v += math.MaxUint32 - 4
		case 1:
			v = -v
		case 2:
			v = v<<32 | r.Uint64N(3)
		}
		return v
	}
	c := Cond{Arg: arg, Op: seccomp.Operators()[r.IntN(7)], Value: constant()}
	if c.Op == "SCMP_CMP_MASKED_EQ" {
		c.Mask = constant() | 1<<r.IntN(4)
		c.Value &= c.Mask
	}
	if low {
		c.Value, c.Mask, c.Low = uint64(uint32(c.Value)), uint64(uint32(c.Mask)), true
	}
	return c
}

// values are those near the constants of randomCond.
func values(r *rand.Rand) (v []uint64) {
	for i := range uint64(20) {
		v = append(v, i, math.MaxUint32-10+i, -i, i<<32, i<<32|1, i<<32|7, r.Uint64(), r.Uint64N(1<<33))
	}
	return v
}

// Each set of conditions that any value meets is met by one of the representatives, by which nothing is met that no
// value meets.
func TestRepresentatives(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range heavytest.Times(1500) {
		low := r.IntN(3) == 0
		var conds []Cond
		for range 1 + r.IntN(6) {
			conds = append(conds, randomCond(r, 0, low))
		}
		truth := func(v uint64) string {
			s := ""
			for _, c := range conds {
				s += fmt.Sprint(c.Holds(v))[:1]
			}
			return s
		}
		met := map[string]bool{}
		for _, v := range representatives(conds, &budget{searchBudget}) {
			if met[truth(v)] = true; low && v > math.MaxUint32 {
				t.Fatalf("%v: %#x is no value of 32 bits", conds, v)
			}
		}
		for _, v := range values(r) {
			if !met[truth(v)] {
				t.Fatalf("%v: none of %x is like %#x", conds, representatives(conds, &budget{searchBudget}), v)
			}
		}
	}
}

func randomDecision(r *rand.Rand, low bool, cases int) *Decision {
	d := &Decision{Step: StepConditions, Outcome: Outcome{Action: "SCMP_ACT_ALLOW"}}
	for range cases {
		c := Case{Outcome: Outcome{"SCMP_ACT_ERRNO", uint16(1 + r.IntN(2))}}
		for arg := range 3 {
			if r.IntN(3) > 0 {
				c.Conds = append(c.Conds, randomCond(r, arg, low))
			}
		}
		if len(c.Conds) > 0 {
			d.Cases = append(d.Cases, c)
		}
	}
	return d
}

// Whatever brute force finds about decisions, Overlaps, Compare, Always and Never report, and what they report is so.
func TestDecisionsAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	found := map[string]int{}
	for range heavytest.Times(600) {
		low := r.IntN(3) == 0
		a, b := randomDecision(r, low, 1+r.IntN(3)), randomDecision(r, low, 1+r.IntN(3))
		if r.IntN(2) == 0 { // often nearly the same
			b.Cases = slices.Clone(a.Cases)
			r.Shuffle(len(b.Cases), func(i, j int) { b.Cases[i], b.Cases[j] = b.Cases[j], b.Cases[i] })
		}
		var calls [][6]uint64
		pool := values(r)
		for range 300 {
			calls = append(calls, [6]uint64{pool[r.IntN(len(pool))], pool[r.IntN(len(pool))], pool[r.IntN(len(pool))]})
		}
		complete, ok := representativeCalls(a, b)
		if !ok {
			t.Fatalf("%s and %s: too many representatives", a, b)
		}
		comparison := a.Compare(b)
		overlaps := map[[2]int]bool{}
		for _, o := range slowOverlaps(a) {
			overlaps[[2]int{o.First, o.Second}] = true
			if !a.Cases[o.First].Holds(o.Call) || !a.Cases[o.Second].Holds(o.Call) {
				t.Fatalf("%s: not both of %v hold", a, o)
			}
		}
		if comparison.Verdict == OtherDecision && a.Eval(comparison.Call)[0] == b.Eval(comparison.Call)[0] {
			t.Fatalf("%s and %s: %x makes no difference", a, b, comparison.Call)
		}
		found[fmt.Sprint(comparison.Verdict)]++
		for _, c := range complete {
			calls = append(calls, c.registers)
		}
		for _, call := range calls {
			x, y := a.Eval(call), b.Eval(call)
			if comparison.Verdict == SameDecision && !a.sameCases(b) && (len(x) > 1 || len(y) > 1 || x[0] != y[0]) {
				t.Fatalf("%s and %s: said to be the same, but not for %x", a, b, call)
			}
			if comparison.Verdict == UnsureDecision && len(x) == 1 && len(y) == 1 && x[0] != y[0] {
				t.Fatalf("%s and %s: not seen to differ for %x", a, b, call)
			}
			for i, c := range a.Cases {
				if c.Holds(call) && c.Never() || !c.Holds(call) && c.Always() {
					t.Fatalf("%s never or always holds, but not for %x", condsKey(c.Conds), call)
				}
				for j := range i {
					if c.Holds(call) && a.Cases[j].Holds(call) && c.Outcome != a.Cases[j].Outcome &&
						!overlaps[[2]int{j, i}] {
						t.Fatalf("%s: cases %d and %d overlap for %x", a, j, i, call)
					}
				}
			}
		}
	}
	if len(found) != 3 {
		t.Errorf("verdicts %v, want all three", found)
	}
}

func TestAlwaysAndNever(t *testing.T) {
	cond := func(op string, value, mask uint64, low bool) Case {
		return Case{Conds: []Cond{{0, "SCMP_CMP_" + op, value, mask, low}}}
	}
	for _, tt := range []struct {
		c             Case
		always, never bool
	}{
		{cond("GE", 0, 0, false), true, false},
		{cond("LT", 0, 0, false), false, true},
		{cond("LE", math.MaxUint64, 0, false), true, false},
		{cond("GT", math.MaxUint64, 0, false), false, true},
		{cond("GT", math.MaxUint32, 0, false), false, false},
		{cond("GT", math.MaxUint32, 0, true), false, true},
		{cond("LE", math.MaxUint32, 0, true), true, false},
		{cond("NE", 5, 0, false), false, false},
		{cond("MASKED_EQ", 0, 8, false), false, false},
	} {
		if always, never := tt.c.Always(), tt.c.Never(); always != tt.always || never != tt.never {
			t.Errorf("%s: always %v, never %v", condsKey(tt.c.Conds), always, never)
		}
	}
}

// Many conditions on one argument are few calls, and many on several are found to be too many rather than half
// compared.
func TestRepresentativesOfMany(t *testing.T) {
	d := &Decision{}
	for i := range uint64(2000) {
		d.Cases = append(d.Cases, Case{Conds: []Cond{{0, "SCMP_CMP_EQ", i * 3, 0, false}}})
	}
	if calls, ok := representativeCalls(d); !ok || len(calls) != 2001 {
		t.Errorf("%d calls, complete %v; want 2001", len(calls), ok)
	}
	d.Cases = nil
	for i := range uint64(40) {
		for arg := range 6 {
			d.Cases = append(d.Cases,
				Case{Conds: []Cond{{arg, "SCMP_CMP_GE", i * 3, 0, false}}, Outcome: Outcome{Action: "SCMP_ACT_LOG"}})
		}
	}
	if _, ok := representativeCalls(d); ok {
		t.Error("41^6 sets of cases are said to be complete")
	}
	bits := &Decision{}
	for i := range 40 {
		bits.Cases = append(bits.Cases,
			Case{Conds: []Cond{{0, "SCMP_CMP_MASKED_EQ", 0, 1 << i, false}}, Outcome: Outcome{Action: "SCMP_ACT_LOG"}})
	}
	if _, ok := representativeCalls(bits); ok {
		t.Error("2^40 sets of bits are said to be complete")
	}
	other := *d
	other.Cases = slices.Clone(d.Cases[1:])
	if c := d.Compare(&other); c.Verdict == SameDecision {
		t.Error("decisions that are too large to compare are said to be the same")
	}
}

// TestBoth compares the search for a common argument with trying them all, on narrow numbers.
func TestBoth(t *testing.T) {
	meets := func(x, y Cond) bool {
		_, ok := both([]Cond{x}, []Cond{y})
		return ok
	}
	r := rand.New(rand.NewPCG(1, 2))
	ops := seccomp.Operators()
	random := func() Cond {
		c := Cond{Op: ops[r.IntN(len(ops))], Value: r.Uint64N(16)}
		if c.Op == "SCMP_CMP_MASKED_EQ" {
			c.Mask = r.Uint64N(16)
			c.Value &= c.Mask
		}
		return c
	}
	met := 0
	times := heavytest.Times(20_000)
	for range times {
		x, y := random(), random()
		want := false
		for n := uint64(0); n < 34; n++ {
			want = want || x.Holds(n) && y.Holds(n)
		}
		if want {
			met++
		}
		if got := meets(x, y); got != want {
			t.Fatalf("%s and %s: %v, want %v", x, y, got, want)
		}
	}
	if met == 0 || met == times {
		t.Errorf("%d of %d pairs meet", met, times)
	}
	most := ^uint64(0)
	for _, tt := range []struct {
		x, y Cond
		want bool
	}{
		{Cond{Op: "SCMP_CMP_GT", Value: most}, Cond{Op: "SCMP_CMP_NE"}, false},
		{Cond{Op: "SCMP_CMP_GE", Value: most}, Cond{Op: "SCMP_CMP_NE", Value: most}, false},
		{
			Cond{Op: "SCMP_CMP_GT", Value: 1 << 62},
			Cond{Op: "SCMP_CMP_MASKED_EQ", Mask: 3 << 62, Value: 0}, false,
		},
		{
			Cond{Op: "SCMP_CMP_GT", Value: 1 << 62},
			Cond{Op: "SCMP_CMP_MASKED_EQ", Mask: 1 << 63, Value: 1 << 63}, true,
		},
	} {
		if got := meets(tt.x, tt.y); got != tt.want {
			t.Errorf("%s and %s: %v", tt.x, tt.y, got)
		}
	}
}

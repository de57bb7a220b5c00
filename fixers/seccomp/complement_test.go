package seccomp

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

// TestComplement compares the conditions with the given ones, for all calls with small arguments.
func TestComplement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	holds := func(lists [][]NewArg, call [6]uint64) bool {
		for _, list := range lists {
			all := true
			for _, c := range list {
				x := call[c.Index]
				all = all && map[string]bool{
					"SCMP_CMP_NE": x != c.Value, "SCMP_CMP_LT": x < c.Value, "SCMP_CMP_LE": x <= c.Value,
					"SCMP_CMP_EQ": x == c.Value, "SCMP_CMP_GE": x >= c.Value, "SCMP_CMP_GT": x > c.Value,
					"SCMP_CMP_MASKED_EQ": x&c.Value == c.ValueTwo&c.Value,
				}[c.Op]
			}
			if all {
				return true
			}
		}
		return false
	}
	written, empty := 0, 0
	for range heavytest.Times(20_000) {
		var lists [][]NewArg
		for range 1 + r.IntN(3) {
			var list []NewArg
			for arg := range 2 {
				if r.IntN(3) > 0 {
					list = append(list, NewArg{arg, r.Uint64N(8), r.Uint64N(8), seccomp.Operators()[r.IntN(7)]})
				}
			}
			lists = append(lists, list)
		}
		others, ok := complement(lists)
		if !ok {
			continue
		}
		written++
		if len(others) == 0 {
			empty++
		}
		for _, list := range others {
			if len(list) == 2 && list[0].Index == list[1].Index {
				t.Fatalf("%v: an argument is compared twice: %v", lists, list)
			}
		}
		for n := range uint64(100) {
			call := [6]uint64{n % 10, n / 10}
			if holds(lists, call) == holds(others, call) {
				t.Fatalf("%v and %v for %x", lists, others, call)
			}
		}
	}
	if n := heavytest.Times(10_000); written < n || empty < n/20 || empty > written/2 {
		t.Errorf("%d written, %d of these empty", written, empty)
	}
}

func TestComplementText(t *testing.T) {
	eq := func(arg int, v uint64) []NewArg { return []NewArg{{Index: arg, Value: v, Op: "SCMP_CMP_EQ"}} }
	for _, tt := range []struct {
		lists [][]NewArg
		want  string
	}{
		{[][]NewArg{eq(0, 1)}, "[[{0 1 0 SCMP_CMP_NE}]] true"},
		{[][]NewArg{eq(0, 1), eq(0, 2)}, "[[{0 0 0 SCMP_CMP_EQ}] [{0 3 0 SCMP_CMP_GE}]] true"},
		{[][]NewArg{eq(0, 1), eq(1, 2)}, "[[{0 1 0 SCMP_CMP_NE} {1 2 0 SCMP_CMP_NE}]] true"},
		{[][]NewArg{append(eq(0, 1), eq(1, 2)...)}, "[[{0 1 0 SCMP_CMP_NE}] [{1 2 0 SCMP_CMP_NE}]] true"},
		{
			[][]NewArg{{{2, 6, 0, "SCMP_CMP_MASKED_EQ"}}},
			"[[{2 2 2 SCMP_CMP_MASKED_EQ}] [{2 4 4 SCMP_CMP_MASKED_EQ}]] true",
		},
		{[][]NewArg{eq(0, 1), eq(0, 1000)}, "[] false"},
		{[][]NewArg{append(eq(0, 1), eq(0, 2)...)}, "[] false"},
		{[][]NewArg{{{0, 6, 0, "SCMP_CMP_MASKED_EQ"}}, eq(0, 2)}, "[] false"},
	} {
		got, ok := complement(tt.lists)
		if text := fmt.Sprint(got, ok); text != tt.want {
			t.Errorf("%v: %s, want %s", tt.lists, text, tt.want)
		}
	}
}

package dockerfile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestNearVariables compares which variable of random files is near a name, and what sets one, with a look at all that
// are set before each instruction, and at all instructions.
func TestNearVariables(t *testing.T) {
	near, set := 0, 0
	names := []string{"VERSION", "VERSIO", "VERSIONS", "VERSOIN", "version", "NAME", "NMAE", "NAMES", "A", "PATH_X",
		"PATHX"}
	for seed := range uint64(heavytest.Times(1500)) {
		r := rand.New(rand.NewPCG(seed, 17))
		name := func() string { return names[r.IntN(len(names))] }
		var text strings.Builder
		stages := 0
		for range 2 + r.IntN(20) {
			switch r.IntN(7) {
			case 0, 1:
				base := "debian"
				if stages > 0 && r.IntN(2) == 0 {
					base = fmt.Sprintf("s%d", r.IntN(stages))
				}
				fmt.Fprintf(&text, "FROM %s AS s%d\n", base, stages)
				stages++
			case 2:
				fmt.Fprintf(&text, "ARG %s\n", name())
			case 3:
				fmt.Fprintf(&text, "ARG %s=x %s\n", name(), name())
			case 4:
				fmt.Fprintf(&text, "ENV %s=x %s=$%s\n", name(), name(), name())
			case 5:
				fmt.Fprintf(&text, "ONBUILD ENV %s=x\n", name())
			case 6:
				fmt.Fprintf(&text, "RUN $%s\n", name())
			}
		}
		f, other := parse(text.String()), parse(text.String())
		for _, n := range r.Perm(len(f.Instructions)) { // what is made on first use depends on no order
			at := name()
			all := other.Variables(other.Instructions[n])
			got, want := f.NearestVariable(f.Instructions[n], at), source.Nearest(at, all)
			if got != want {
				t.Fatalf("seed %d, instruction %d of\n%s%q is near %q, want %q of %q", seed, n, text.String(), got, at,
					want, all)
			}
			if got != "" {
				near++
			}
		}
		for _, name := range names {
			var want []*Instruction
			for _, i := range f.Instructions {
				if (i.Name == "ENV" || i.Name == "ARG") &&
					slices.ContainsFunc(i.Pairs, func(p Pair) bool { return p.Key.Text == name }) {
					want = append(want, i)
				}
			}
			if got := f.Setters(name); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d instructions of\n%sset %s, want %d", seed, len(got), text.String(), name,
					len(want))
			}
			set += len(want)
		}
	}
	if near < 50 || set < 50 {
		t.Errorf("only %d names were near one, and %d instructions set one", near, set)
	}
}

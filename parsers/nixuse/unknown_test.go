package nixuse

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestHoldsUnknown compares whether random texts have unknown settings with a look at every value for every piece.
func TestHoldsUnknown(t *testing.T) {
	held, not := 0, 0
	for seed := range uint64(heavytest.Times(6000)) {
		r := rand.New(rand.NewPCG(seed, 17))
		var pieces []source.Piece
		var text strings.Builder
		for range 1 + r.IntN(8) {
			p := source.Piece{Verbatim: true,
				Text: []string{"cores = ", "a b\n", "a", "\n", "# c\n", "x = y\n", "include z\n", " = \n"}[r.IntN(8)]}
			if r.IntN(4) == 0 {
				p = source.Piece{Opaque: true, Text: []string{"$A", "$A", "$A b", "$A ", "\\", "$A\n"}[r.IntN(6)]}
			}
			p.Span = source.Span{Start: text.Len(), End: text.Len() + len(p.Text)}
			text.WriteString(p.Text)
			pieces = append(pieces, p)
		}
		f := nixconf.Parse(source.NewFragment(source.NewFile("nix.conf", []byte(text.String())), pieces))
		want, at := false, 0
		for _, p := range f.Fragment.Pieces {
			from, to := at, at+len(p.Text)
			at = to
			inValue := func(e *nixconf.Entry) bool { return e.ValueSpan.Start <= from && to <= e.ValueSpan.End }
			want = want || p.Opaque && (strings.Contains(p.Text, `\`) || !slices.ContainsFunc(f.Entries, inValue))
		}
		if got := holdsUnknown(f); got != want {
			t.Fatalf("seed %d: %+v holds unknown settings: %v", seed, f.Fragment.Pieces, got)
		}
		if want {
			held++
		} else if strings.Contains(text.String(), "$A") {
			not++
		}
	}
	if held < 10 || not < 10 {
		t.Errorf("only %d texts have unknown settings, and %d have none beside unknown parts", held, not)
	}
}

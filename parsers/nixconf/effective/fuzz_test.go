package effective

import (
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// FuzzMerge checks what holds for every text: a line that Nix refuses is fatal in every release, and every setting that
// was set can be asked for.
func FuzzMerge(f *testing.F) {
	f.Add("cores = 4 # x\nextra-substituters=https://a\r\ninclude a b\n\ufeff", uint8(0), uint8(0))
	f.Add("access-tokens = github.com=$T x\nexport A=b\nsubstituters += c", uint8(27), uint8(2))
	f.Add("\xff\xfea\x00", uint8(0), uint8(0))
	f.Add("cores $X\n#${#a}\n= = =\n==\n", uint8(6), uint8(5))
	f.Fuzz(func(t *testing.T, text string, from, length uint8) {
		file := source.NewFile("nix.conf", []byte(text))
		start := min(int(from), len(text))
		end := min(start+int(length), len(text))
		var pieces []source.Piece
		for _, p := range []struct {
			start, end int
			opaque     bool
		}{{0, start, false}, {start, end, true}, {end, len(text), false}} {
			span := source.Span{Start: p.start, End: p.end}
			pieces = append(pieces,
				source.Piece{Text: text[p.start:p.end], Span: span, Verbatim: true, Opaque: p.opaque})
		}
		for _, fr := range []*source.Fragment{source.WholeFile(file), source.NewFragment(file, pieces)} {
			checkMerge(t, nixconf.Parse(fr))
		}
	})
}

func checkMerge(t *testing.T, f *nixconf.File) {
	t.Helper()
	for _, d := range nixconf.Distributions() {
		for _, v := range []nixconf.Version{d.Releases()[0], {Major: 2, Minor: 8}, {Major: 2, Minor: 18},
			{Major: 2, Minor: 21}, nixconf.Head()} {
			s := Merge([]Source{{File: f}, {File: f, Kind: Environment}, {File: f, Kind: CommandLine}}, d, v)
			if len(f.Problems) > 0 && s.Fatal == nil {
				t.Fatalf("%s %s takes a file with problems", d, v)
			}
			for _, name := range s.Names() {
				if set := s.Get(name); !set.Set || set.Name != name {
					t.Fatalf("%s: %+v", name, set)
				}
			}
		}
	}
}

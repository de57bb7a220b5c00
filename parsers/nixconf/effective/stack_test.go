package effective

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// described returns all that can be asked of settings, as text.
func described(s *Settings) []string {
	origin := func(o Origin) string {
		if o.Entry == nil {
			return fmt.Sprint(o.Source)
		}
		return fmt.Sprintf("%d:%s:%d", o.Source, o.File.Fragment.Text, o.Entry.Span.Start)
	}
	var out []string
	for _, name := range s.Names() {
		set := s.Get(name)
		line := fmt.Sprintf("%s = %q, known %t;", name, set.Value, set.Known)
		for _, w := range set.Words {
			line += fmt.Sprintf(" word %s from %s;", w.Text, origin(w.Origin))
		}
		for _, o := range set.Origins {
			line += " origin " + origin(o) + ";"
		}
		for _, o := range set.Overridden {
			line += " overridden " + origin(o) + ";"
		}
		out = append(out, line)
	}
	for _, w := range s.Warnings {
		out = append(out, fmt.Sprint("warning ", w.Kind, w.Name, w.Detail, origin(w.Origin), w.Span))
	}
	for _, o := range s.Unknown {
		out = append(out, "unknown "+origin(o))
	}
	if s.Fatal != nil {
		out = append(out, fmt.Sprint("fatal ", s.Fatal.Kind, s.Fatal.Message, s.Fatal.Source, s.Fatal.Span))
	}
	return out
}

// stackTexts are texts that touch each other's settings in all the ways there are.
var stackTexts = []string{
	"cores = 1\n", "cores = 2\ncores = 3\n", "cores = x\n", "bogus = 1\n", "bogus = 2\nother = 1\n", "",
	"extra-substituters = https://a https://b\n", "substituters = https://c\n", "extra-substituters = https://d\n",
	"extra-system-features = b a b\n", "system-features = a b\n", "substituters = https://c https://d\n",
	"substituters = https://cache.nixos.org\n", "experimental-features = flakes nix-command\n",
	"experimental-features = nix-command flakes bogus\n", "extra-experimental-features = ca-derivations bogus\n",
	"sandbox-paths = /a /b=/c\n", "extra-sandbox-paths = /a=/d /e?\n",
	"access-tokens = a=b\nextra-access-tokens = c=d\n", "extra-access-tokens = c=e a=b\n", "access-tokens = c=d a=b\n",
	"allow-import-from-derivation = false\neval-cores = 0\n", "no line\n", "include missing\n", "warn-dirty = no\n",
	"eval-system = x\nmax-jobs = auto\n", "lint-url-literals = warn\nextra-deprecated-features = url-literals bogus\n",
}

// TestStackAgreesWithMerge grows random trees of sources: at each point the settings are those that Merge makes of the
// same sources, also when other sources have been added since to the same Stack.
func TestStackAgreesWithMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	var files []*nixconf.File
	for n, text := range stackTexts {
		f := source.NewFile("nix.conf", []byte(text))
		fragment := source.WholeFile(f)
		if n%7 == 3 { // a part of it is not known
			fragment = source.NewFragment(f, []source.Piece{
				{Text: text[:len(text)-2], Span: source.Span{End: len(text) - 2}, Verbatim: true},
				{Text: text[len(text)-2:], Span: source.Span{Start: len(text) - 2, End: len(text)}, Opaque: true},
			})
		}
		files = append(files, nixconf.Parse(fragment))
	}
	type point struct {
		sources []Source
		stack   *Stack
	}
	kinds := []SourceKind{SystemFile, UserFile, Environment, CommandLine}
	for _, d := range nixconf.Distributions() {
		for _, v := range []nixconf.Version{{Major: 2, Minor: 8}, {Major: 2, Minor: 18}, {Major: 2, Minor: 21},
			nixconf.Head()} {
			points := []point{{stack: NewStack(d, v, "")}}
			for range 150 {
				from := points[len(points)-1]
				if r.IntN(4) == 0 {
					from = points[r.IntN(len(points))]
				}
				next := Source{Kind: kinds[r.IntN(len(kinds))]}
				if r.IntN(20) > 0 {
					next.File = files[r.IntN(len(files))]
				}
				sources := append(append([]Source(nil), from.sources...), next)
				points = append(points, point{sources, from.stack.With(next)})
			}
			values, digests := map[string]Digest{}, map[Digest]string{}
			for _, p := range points {
				for _, name := range []string{
					"substituters", "system-features", "experimental-features", "sandbox-paths", "access-tokens",
					"cores", "trusted-users",
				} {
					set := p.stack.Settings().Get(name)
					digest, known := p.stack.Settings().Digest(name)
					if known != set.Known {
						t.Fatalf("%s %s: %s is known %t, its digest %t", d, v, name, set.Known, known)
					}
					digest.text = name + digest.text
					if value, seen := digests[digest]; seen && value != set.Value {
						t.Fatalf("%s %s: %s has one digest for %q and %q", d, v, name, value, set.Value)
					}
					if other, seen := values[name+set.Value]; seen && other != digest {
						t.Fatalf("%s %s: %s has two digests for %q", d, v, name, set.Value)
					}
					digests[digest], values[name+set.Value] = set.Value, digest
				}
				want, got := described(Merge(p.sources, d, v)), described(p.stack.Settings())
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s %s, %d sources (-Merge +Stack):\n%s", d, v, len(p.sources), diff)
				}
			}
		}
	}
}

// BenchmarkStack asks for the settings after each of many sources.
func BenchmarkStack(b *testing.B) {
	for _, text := range []string{"cores = 1\n", "extra-system-features = a\n", "bogus%d = 1\n"} {
		for _, n := range []int{10, 100, 1000, 10000} {
			var files []*nixconf.File
			for i := range n {
				line := text
				if text == "bogus%d = 1\n" {
					line = fmt.Sprintf(text, i)
				}
				files = append(files, nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(line)))))
			}
			b.Run(fmt.Sprintf("%.5s/%d", text, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					k := NewStack(nixconf.Nix, nixconf.Head(), "")
					for _, f := range files {
						k = k.With(Source{File: f})
						k.Settings().Get("sandbox")
					}
				}
			})
		}
	}
}

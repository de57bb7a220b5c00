package effective

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestRelease compares what a Release that has merged other texts makes of random ones with what Merge makes of them.
func TestRelease(t *testing.T) {
	names := []string{"cores", "max-jobs", "sandbox", "substituters", "extra-substituters", "binary-caches",
		"sandbox-paths",
		"experimental-features", "extra-experimental-features", "auto-allocate-uids", "use-cgroups",
		"system-features",
		"warn-dirty", "unknown", "allow-dirty-locks", "access-tokens", "deprecated-features", "build-users-group"}
	values := []string{"", "1", "x", "-1", "1K", "true", "relaxed", "https://a/ b", "a=b a", "flakes nix-command",
		"cgroups",
		"auto-allocate-uids", "/a=/b?", "auto", "~/x", "a a b"}
	derived := 0
	for seed := range 300 {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		d := nixconf.Nix
		if seed%3 == 1 {
			d = nixconf.Lix
		}
		releases := d.Releases()
		v := releases[r.IntN(len(releases))]
		known := NewRelease(d, v)
		for range 4 {
			var sources []Source
			for range 1 + r.IntN(2) {
				var text strings.Builder
				for range r.IntN(6) {
					line := names[r.IntN(len(names))] + " = " + values[r.IntN(len(values))] + "\n"
					text.WriteString(strings.Repeat(line, 1+r.IntN(3)/2))
				}
				if r.IntN(4) == 0 {
					text.WriteString("!include other\n")
				}
				sources = append(sources, Source{
					File: nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text.String())))),
					Kind: []SourceKind{SystemFile, UserFile, Environment, CommandLine}[r.IntN(4)],
				})
			}
			got, want := known.Merge(sources), Merge(sources, d, v)
			for _, name := range append(want.Names(), names...) {
				if diff := cmp.Diff(shown(want.Get(name)), shown(got.Get(name))); diff != "" {
					t.Fatalf("%v of %v %v:\n%s", name, d, v, diff)
				}
			}
			if cmp.Diff(want.Names(), got.Names()) != "" || len(got.Warnings) > 0 ||
				len(want.Unknown) != len(got.Unknown) || (want.Fatal == nil) != (got.Fatal == nil) ||
				want.Fatal != nil && want.Fatal.Message != got.Fatal.Message {
				t.Fatalf("%v %v merges in another way", d, v)
			}
			behind, ok := got.AfterUnknown()
			if !ok {
				continue
			}
			derived++
			unknown := Source{File: nixconf.Parse(source.WholeFile(source.NewFile("", []byte("!include unknown\n"))))}
			want = Merge(append([]Source{unknown}, sources...), d, v)
			for _, name := range append(want.Names(), names...) {
				if diff := cmp.Diff(shown(want.Get(name)), shown(behind.Get(name))); diff != "" {
					t.Fatalf("%v of %v %v after something unknown:\n%s", name, d, v, diff)
				}
				is, known := behind.Digest(name)
				if was, before := want.Digest(name); is != was || known != before {
					t.Fatalf("%v of %v %v after something unknown has another digest", name, d, v)
				}
			}
			if cmp.Diff(want.Names(), behind.Names()) != "" {
				t.Fatalf("%v %v sets %q after something unknown, not %q", d, v, want.Names(), behind.Names())
			}
		}
	}
	if derived < 100 {
		t.Errorf("only %d of the texts have no gated settings", derived)
	}
}

func shown(s Setting) []any {
	return []any{s.Name, s.Value, s.Known, s.Set, len(s.Origins), s.Facts}
}

package workspace

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
)

// extendedByFile is what extended returns, made of all services of the other files: one of them at a time costs less.
func (w *Workspace) extendedByFile(root, dir string, f *compose.File, depth int) []*runs.Run {
	out := runs.OfCompose(f)
	for n, s := range f.Services {
		if !s.ExtendsFile.Known || !s.Extends.Known || depth == maxExtends {
			continue
		}
		abs := filepath.Join(dir, filepath.FromSlash(s.ExtendsFile.Text))
		other := w.composeFile(root, abs)
		if other == nil {
			continue
		}
		for _, base := range w.extendedByFile(root, filepath.Dir(abs), other, depth+1) {
			if base.Name == s.Extends.Text {
				r := base.Over(out[n])
				r.File, r.Span, r.Whole, r.Name, r.Open = out[n].File, out[n].Span, out[n].Whole, out[n].Name, base.Open
				out[n] = r
			}
		}
	}
	return out
}

// TestExtended compares the services of random files that extend those of other files, also in circles.
func TestExtended(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 15))
		texts := map[string][]byte{}
		for f := range 3 {
			var b strings.Builder
			b.WriteString("services:\n")
			for s := range 1 + r.IntN(2) {
				fmt.Fprintf(&b, "  s%d:\n    cap_add: [C%d%d]\n", s, f, s)
				if r.IntN(2) == 0 {
					fmt.Fprintf(&b, "    image: i%d\n    privileged: true\n", f)
				}
				switch r.IntN(4) {
				case 0:
					fmt.Fprintf(&b, "    extends: s%d\n", r.IntN(2))
				case 1, 2:
					fmt.Fprintf(&b, "    extends:\n      file: f%d.yaml\n      service: s%d\n", r.IntN(4), r.IntN(3))
				}
			}
			texts[fmt.Sprintf("/p/f%d.yaml", f)] = []byte(b.String())
		}
		w, err := Load(Options{Dir: "/p", Files: files.Memory(texts)})
		if err != nil {
			t.Fatal(err)
		}
		w = w.Snapshot()
		for f := range 3 {
			parsed := w.composeFile("/p", fmt.Sprintf("/p/f%d.yaml", f))
			got, want := w.extended("/p", "/p", parsed), w.extendedByFile("/p", "/p", parsed, 0)
			same := cmp.Options{cmp.Exporter(func(reflect.Type) bool { return true }),
				cmp.Comparer(func(a, b *source.File) bool { return a == b }), cmpopts.EquateEmpty()}
			if diff := cmp.Diff(want, got, same); diff != "" {
				t.Fatalf("seed %d, file %d: %s\n%s", seed, f, texts[fmt.Sprintf("/p/f%d.yaml", f)], diff)
			}
		}
	}
}

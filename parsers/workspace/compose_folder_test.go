package workspace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/runs"
)

// TestComposeFolderAfterEdits compares the services of the Compose files of a folder after random edits with those that
// are found in the files as they are then, and whether a service is open with a look at each file.
func TestComposeFolderAfterEdits(t *testing.T) {
	names := []string{"compose.yaml", "compose.override.yaml", "compose.a.yaml", "compose.b.yaml",
		"docker-compose.yml", "docker-compose.c.yml"}
	text := func(r *rand.Rand) []byte {
		out := "services:\n"
		for _, name := range []string{"a", "b", "c"} {
			switch r.IntN(4) {
			case 0:
				out += "  " + name + ":\n    image: debian\n"
			case 1:
				out += "  " + name + ":\n    build: .\n    privileged: true\n"
			case 2:
				out += "  " + name + ":\n    environment: [A=b]\n    cap_add: [SYS_ADMIN]\n"
			}
		}
		return []byte(out)
	}
	// plainOpen returns what composeRuns says of Open, file by file.
	plainOpen := func(w *Workspace, base string, f *compose.File) []bool {
		has := func(name string) bool { return w.composeFile("/p", "/p/"+name) != nil }
		first := func(of []string) string {
			if n := slices.IndexFunc(of, has); n >= 0 {
				return of[n]
			}
			return ""
		}
		main, over := first(composeFiles), first(overrideFiles)
		own := base == main || main != "" && base == over
		var out []*runs.Run
		switch {
		case !own:
			out = w.extended("/p", "/p", f)
		default:
			if out = w.extended("/p", "/p", w.composeFile("/p", "/p/"+main)); over != "" {
				out = merged(out, w.extended("/p", "/p", w.composeFile("/p", "/p/"+over)))
			}
		}
		var open []bool
		for _, r := range out {
			is := r.Open || !own && !r.Image.IsSet() && r.Build == nil
			for _, name := range names {
				if !has(name) || name == base || own && (name == main || name == over) {
					continue
				}
				s := w.composeFile("/p", "/p/"+name).Service(r.Name)
				is = is || s != nil && (!own || s.Privileged.IsSet() || len(s.SecurityOpt)+len(s.CapAdd) > 0)
			}
			open = append(open, is)
		}
		return open
	}
	seen := func(w *Workspace) string {
		var out strings.Builder
		for _, name := range names {
			f := w.composeFile("/p", "/p/"+name)
			if f == nil {
				continue
			}
			open := plainOpen(w, name, f)
			for n, r := range w.composeRuns("/p/"+name, f) {
				if r.Open != open[n] {
					t.Fatalf("%s of %s is open: %v, want %v", r.Name, name, r.Open, open[n])
				}
				fmt.Fprintln(&out, name, r.Name, r.Open, r.Image.Text, r.Privileged.Text, len(r.CapAdd), r.File.Path)
			}
		}
		return out.String()
	}
	open := 0
	for seed := range uint64(heavytest.Times(150)) {
		r := rand.New(rand.NewPCG(seed, 16))
		texts := map[string][]byte{"/p/.git/HEAD": nil}
		for _, name := range names {
			if r.IntN(4) > 0 {
				texts["/p/"+name] = text(r)
			}
		}
		w, err := Load(Options{Dir: "/p", Files: files.Memory(texts)})
		if err != nil {
			t.Fatal(err)
		}
		w = w.Snapshot()
		before := seen(w)
		over := map[string][]byte{}
		for range 3 {
			if name := "/p/" + names[r.IntN(len(names))]; texts[name] != nil || r.IntN(4) == 0 {
				over[name] = text(r)
			}
			fresh, err := Load(Options{Dir: "/p", Files: files.Overlay(files.Memory(texts), over)})
			if err != nil {
				t.Fatal(err)
			}
			got, want := seen(w.With(over)), seen(fresh.Snapshot())
			if got != want {
				t.Fatalf("seed %d, edits of %q:\n%s\nwant\n%s", seed, over, got, want)
			}
			open += strings.Count(got, " true ")
		}
		if after := seen(w); after != before {
			t.Fatalf("seed %d: the state without edits has changed:\n%s\nwant\n%s", seed, after, before)
		}
	}
	if open < heavytest.Times(150) {
		t.Errorf("only %d services were open", open)
	}
}

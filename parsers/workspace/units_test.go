package workspace

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// plainUnit returns which workflows are read together with one, and what decides how: the calls of all that lead to it.
func plainUnit(r *workflows, name string) (together, calls []string) {
	leading := map[string]bool{name: true}
	for list := []string{name}; len(list) > 0; list = list[1:] {
		for _, caller := range r.callers[list[0]] {
			calls = append(calls, caller+" calls "+list[0])
			if !leading[caller] {
				leading[caller] = true
				list = append(list, caller)
			}
		}
	}
	led := map[string]bool{name: true}
	for list := []string{name}; len(list) > 0; list = list[1:] {
		n := r.number(list[0])
		for _, called := range r.calls[n] {
			if !led[called] {
				led[called] = true
				list = append(list, called)
			}
		}
	}
	for _, other := range r.names {
		if leading[other] && led[other] {
			together = append(together, other)
		}
	}
	slices.Sort(calls)
	return together, calls
}

// plainFile reads a workflow and all that call it, which are not in a circle, anew.
func plainFile(r *workflows, name string) *workflow.File {
	return workflow.ParseIn(r.source(name), workflow.Project{
		Action: r.w.actionsOf(r.root),
		Calls: func(yield func(*workflow.Call) bool) {
			for _, caller := range r.callers[name] {
				for _, c := range plainFile(r, caller).Calls {
					if c.Workflow == name && !yield(c) {
						return
					}
				}
			}
		},
	})
}

func seenFile(f *workflow.File) string {
	var out strings.Builder
	for _, b := range f.Builds() {
		name, ok := b.DockerfilePath()
		fmt.Fprintln(&out, b.Span, b.Combination.Runner.Arch, knownTexts(b.Platforms), name, ok, b.Open)
	}
	for _, c := range f.Calls {
		fmt.Fprintln(&out, "calls", c.Workflow)
	}
	return out.String()
}

// TestUnits compares what is found of random workflows that call each other, after random edits, with what the calls
// say one by one.
func TestUnits(t *testing.T) {
	circles, chains, kept := 0, 0, 0
	for seed := range uint64(heavytest.Times(100)) {
		r := rand.New(rand.NewPCG(seed, 17))
		count := 3 + r.IntN(6)
		text := func(n int) []byte {
			out := "on:\n  workflow_call:\n    inputs:\n      dir:\n        type: string\njobs:\n  a:\n" +
				"    runs-on: ubuntu-latest\n    steps:\n    - run: docker build ${{ inputs.dir }}\n"
			for job := range r.IntN(3) {
				called := r.IntN(count)
				if seed%2 == 0 { // without circles
					if called = n + 1 + r.IntN(2); called >= count {
						continue
					}
				}
				out += fmt.Sprintf("  c%d:\n    uses: ./.github/workflows/w%d.yml\n    with:\n      dir: %s\n", job,
					called, []string{"a", "b", "${{ inputs.dir }}"}[r.IntN(3)])
			}
			return []byte(out)
		}
		texts := map[string][]byte{"/p/.git/HEAD": nil}
		name := func(n int) string { return fmt.Sprintf("/p/.github/workflows/w%d.yml", n) }
		for n := range count {
			texts[name(n)] = text(n)
		}
		w, err := Load(Options{Dir: "/p", Files: files.Memory(texts)})
		if err != nil {
			t.Fatal(err)
		}
		w = w.Snapshot()
		versions := map[string]string{} // of the calls that lead to a unit
		for state, over := w, map[string][]byte{}; len(over) < 3; state = w.With(over) {
			found := state.workflows("/p")
			for _, name := range found.names {
				u := found.units[name]
				if len(found.callers[name]) == 0 {
					if u != nil {
						t.Fatalf("seed %d: %s, which none calls, is of %v", seed, name, u)
					}
					continue
				}
				together, calls := plainUnit(found, name)
				if u == nil || !slices.Equal(u.names, together) || found.names[u.first] != together[0] {
					t.Fatalf("seed %d: %s is of %+v, want %q", seed, name, u, together)
				}
				known := fmt.Sprint(together, calls)
				if before, ok := versions[known]; ok && before != u.callers {
					t.Fatalf("seed %d: %s has another version for the same calls %q", seed, name, calls)
				} else if ok {
					kept++
				}
				versions[known] = u.callers
				if len(together) > 1 || slices.Contains(found.callers[name], name) {
					circles++
				}
				if seed%2 == 0 {
					chains++
					if got, want := seenFile(found.file(name)), seenFile(plainFile(found, name)); got != want {
						t.Fatalf("seed %d, edits of %q: %s is\n%s\nwant\n%s", seed, over, name, got, want)
					}
				}
			}
			n := r.IntN(count)
			over = maps.Clone(over)
			over[name(n)] = text(n)
			if len(over) == count {
				break
			}
		}
		seen := map[string]string{}
		for known, version := range versions {
			if other, ok := seen[version]; ok {
				t.Fatalf("seed %d: %s and %s have one version", seed, known, other)
			}
			seen[version] = known
		}
	}
	if circles < 10 || chains < 10 || kept < 10 {
		t.Errorf("only %d circles, %d chains and %d units that stayed", circles, chains, kept)
	}
}

// TestCallersOfSession edits files of a session so that a workflow has other callers each time, which come behind those
// that are looked at: what was read for the callers before is not kept.
func TestCallersOfSession(t *testing.T) {
	const callers, others, edits, path = 64, 8, 200, ".github/workflows/called.yml"
	calling := []byte("on: push\njobs:\n  b:\n    uses: ./" + path + "\n    with:\n      dir: d\n")
	texts := map[string][]byte{"/p/.git/HEAD": nil, "/p/" + path: []byte("on:\n  workflow_call:\n    inputs:\n" +
		"      dir:\n        type: string\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"    - run: docker build ${{ inputs.dir }}\n")}
	name := func(n int) string { return fmt.Sprintf("/p/.github/workflows/w%02d.yml", n) }
	for n := range callers + others {
		if texts[name(n)] = []byte("on: push\n"); n < callers {
			texts[name(n)] = calling
		}
	}
	w, err := Load(Options{Dir: "/p", Files: files.Memory(texts)})
	if err != nil {
		t.Fatal(err)
	}
	w = w.Snapshot()
	want := seenFile(w.workflows("/p").file(path))
	kept := func() int { return reflect.ValueOf(w.cache).Elem().FieldByName("values").Len() }
	before, versions := kept(), map[string]bool{}
	for n := range edits {
		over := map[string][]byte{}
		for bit := range others {
			if n>>bit&1 == 1 {
				over[name(callers+bit)] = calling
			}
		}
		r := w.With(over).workflows("/p")
		versions[r.units[path].callers] = true
		if got := seenFile(r.file(path)); got != want {
			t.Fatalf("after %d edits it is\n%s\nwant\n%s", n, got, want)
		}
	}
	if got := kept() - before; len(versions) != edits || got > 2 {
		t.Errorf("after %d edits %d values more are kept", len(versions), got)
	}
}

package workspace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
)

// describing returns a random text of a file that may describe builds; the names of other files do not depend on r.
func describing(r *rand.Rand, name string) string {
	dir := func() string { return []string{".", "a", "b", "c"}[r.IntN(4)] }
	platform := []string{"", "--platform linux/arm64 ", "--platform linux/amd64,linux/arm64 "}[r.IntN(3)]
	allow := []string{"", "--allow security.insecure ", "--allow network.host "}[r.IntN(3)]
	command := fmt.Sprintf("docker buildx build %s%s-t app%d %s", platform, allow, r.IntN(3), dir())
	pad := strings.Repeat("# pad\n", r.IntN(3))
	switch {
	case strings.HasPrefix(name, ".github/workflows/"):
		var jobs strings.Builder
		for n := range r.IntN(3) {
			runner := []string{"ubuntu-latest", "ubuntu-24.04-arm", "${{ inputs.runner }}"}[r.IntN(3)]
			step := "run: " + command
			switch r.IntN(6) {
			case 0:
				step = "uses: ./.github/actions/build\n      with:\n        dir: " + dir()
			case 1:
				step = "run: docker buildx bake --set *.platform=linux/arm64\n      working-directory: " + dir()
			}
			fmt.Fprintf(&jobs, "  j%d:\n    runs-on: %s\n    steps:\n    - %s\n", n, runner, step)
		}
		for n := range r.IntN(3) / 2 {
			fmt.Fprintf(&jobs, "  c%d:\n    uses: ./.github/workflows/w%d.yml\n    with:\n      runner: %s\n", n,
				r.IntN(6), []string{"ubuntu-latest", "ubuntu-24.04-arm"}[r.IntN(2)])
		}
		return pad + "on:\n  workflow_call:\n    inputs:\n      runner:\n        type: string\njobs:\n" + jobs.String()
	case strings.HasSuffix(name, "action.yml"):
		return pad + "inputs:\n  dir: {}\nruns:\n  using: composite\n  steps:\n  - shell: bash\n" +
			"    run: docker build " + platform + "${{ inputs.dir }}\n"
	case strings.HasSuffix(name, ".hcl"):
		return pad + fmt.Sprintf("target \"t\" {\n  context = %q\n  entitlements = [\"security.insecure\"]\n}\n"+
			"target \"u\" {\n  inherits = [\"t\"]\n  context = %q\n  platforms = [\"linux/arm64\"]\n}\n", dir(), dir())
	case strings.HasSuffix(name, "compose.yaml"):
		return pad + fmt.Sprintf("services:\n  s:\n    build: %s\n    platform: linux/arm64\n", dir())
	case strings.HasSuffix(name, ".gitlab-ci.yml"):
		return pad + "build:\n  script:\n  - " + command + "\n"
	}
	return "#!/bin/sh\n" + pad + command + "\n"
}

// seenBuilds is everything that is known of the builds of Dockerfiles.
func seenBuilds(w *Workspace) string {
	var out strings.Builder
	for _, dir := range []string{"", "/a", "/b", "/c"} {
		abs := "/p" + dir + "/Dockerfile"
		for _, b := range w.buildsOf(abs) {
			fmt.Fprintf(&out, "%s: %q %s %s %q %v %t %t %t %t %q %v %q\n", abs, b.name, b.dockerfile, b.context,
				b.stage, slices.Sorted(slices.Values(b.args)),
				b.anyArgs, b.podman, b.assumed, b.plain, b.machine, b.tags, b.dir)
			for _, p := range b.platforms {
				fmt.Fprintf(&out, "  %s %s %q %t %t %s\n", p.Name, p.Why, p.Machine, p.Emulated, p.Native,
					place(Build{File: p.File, Span: p.Span}))
			}
			c := buildContext{w: w, abs: abs}
			for n, g := range b.grants {
				fmt.Fprintf(&out, "  %d %s %q %q %t", g.state, place(g.place), g.refusal, g.stops, g.mendable)
				if g.place.File != nil {
					fmt.Fprintf(&out, " %t", c.grantedBeside(b, n))
				}
				out.WriteString("\n")
			}
			out.WriteString("  " + place(b.place) + "\n")
		}
	}
	for _, dir := range []string{"/p", "/p/a"} {
		for b := range w.buildsIn("/p", dir).all() {
			fmt.Fprintln(&out, dir, b.dockerfile, place(b.place))
		}
	}
	return out.String()
}

func place(b Build) string {
	if b.File == nil {
		return "-"
	}
	return fmt.Sprintf("%s:%d-%d %q %s", b.File.Path, b.Span.Start, b.Span.End, b.File.Text(b.Span), b.What)
}

// TestBuildsAfterEdits compares the builds that random edits of files make of those without the edits with those that
// are found in the files as they are then.
func TestBuildsAfterEdits(t *testing.T) {
	names := []string{".github/actions/build/action.yml", "docker-bake.hcl", "a/docker-bake.hcl", "compose.yaml",
		"b/compose.yaml", ".gitlab-ci.yml", "a/Makefile"}
	for n := range 6 {
		names = append(names, fmt.Sprintf(".github/workflows/w%d.yml", n))
	}
	for n := range 2 * maxScripts {
		names = append(names, fmt.Sprintf("scripts/s%d.sh", n), fmt.Sprintf("a/s%d.sh", n))
	}
	again, times := 0, uint64(12)
	if heavytest.On() {
		times = 1000
	}
	for seed := range times {
		r := rand.New(rand.NewPCG(seed, 15))
		texts := map[string][]byte{"/p/.git/HEAD": nil}
		for _, dir := range []string{"", "/a", "/b", "/c"} {
			texts["/p"+dir+"/Dockerfile"] = []byte("FROM debian:12\nRUN true\n")
		}
		for _, name := range names {
			if r.IntN(4) > 0 {
				texts["/p/"+name] = []byte(describing(r, name))
			}
		}
		w, err := Load(Options{Dir: "/p", Files: files.Memory(texts)})
		if err != nil {
			t.Fatal(err)
		}
		w = w.Snapshot()
		before := seenBuilds(w)
		state, over := w, map[string][]byte{}
		for range 4 {
			edits := map[string][]byte{}
			for range 1 + r.IntN(3) {
				if name := "/p/" + names[r.IntN(len(names))]; texts[name] != nil || r.IntN(20) == 0 {
					edits[name] = []byte(describing(r, strings.TrimPrefix(name, "/p/")))
				}
			}
			for name, text := range edits {
				over[name] = text
			}
			if state = state.With(edits); r.IntN(2) == 0 {
				state = w.With(over)
			}
			if len(edits) > 0 && state.workflowBuilds("/p").edits != nil {
				again++
			}
			fresh, err := Load(Options{Dir: "/p", Files: files.Overlay(files.Memory(texts), over)})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := seenBuilds(state), seenBuilds(fresh.Snapshot()); got != want {
				t.Fatalf("seed %d, edits of %q:\n%s\nwant\n%s", seed, over, got, want)
			}
		}
		if after := seenBuilds(w); after != before {
			t.Fatalf("seed %d: the state without edits has changed:\n%s\nwant\n%s", seed, after, before)
		}
	}
	if again < int(times) {
		t.Errorf("only %d times builds were made of those without the edits", again)
	}
}

// TestManyCallers edits workflows of which many call one: those whose calls are not looked at any more cost what they
// say themselves.
func TestManyCallers(t *testing.T) {
	const callers = 80
	texts := map[string][]byte{
		"/p/.git/HEAD": nil, "/p/a/Dockerfile": []byte("FROM debian:12\n"),
		"/p/b/Dockerfile": []byte("FROM debian:12\n"),
		"/p/.github/workflows/called.yml": []byte("on:\n  workflow_call:\n    inputs:\n      dir:\n" +
			"        type: string\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"    - run: docker buildx build --platform linux/arm64 ${{ inputs.dir }}\n"),
	}
	name := func(n int) string { return fmt.Sprintf("/p/.github/workflows/w%02d.yml", n) }
	calling := func(dir string) []byte {
		return []byte("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"    - run: docker build " + dir + "\n  b:\n    uses: ./.github/workflows/called.yml\n" +
			"    with:\n      dir: " + dir + "\n")
	}
	for n := range callers {
		texts[name(n)] = calling("a")
	}
	load := func(over map[string][]byte) *Workspace {
		w, err := Load(Options{Dir: "/p", Files: files.Overlay(files.Memory(texts), over)})
		if err != nil {
			t.Fatal(err)
		}
		return w.Snapshot()
	}
	w := load(nil)
	seenBuilds(w)
	for n := range callers {
		edit := map[string][]byte{name(n): calling("b")}
		state := w.With(edit)
		if got, want := seenBuilds(state), seenBuilds(load(edit)); got != want {
			t.Fatalf("edit of %s:\n%s\nwant\n%s", name(n), got, want)
		}
		changed := state.workflowBuilds("/p").changed
		if (len(changed) == 2) != (n < 64) || len(changed) == 0 {
			t.Errorf("the edit of the caller %d reads %d workflows again", n, len(changed))
		}
	}
}

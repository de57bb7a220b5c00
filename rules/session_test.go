package rules_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestSessionStops checks that a check that is stopped leaves nothing behind, at whatever rule that happens.
func TestSessionStops(t *testing.T) {
	root, err := filepath.Abs(string(filepath.Separator) + "w")
	if err != nil {
		t.Fatal(err)
	}
	ws, err := rules.Load(workspace.Options{Dir: root, Files: files.Memory(map[string][]byte{
		filepath.Join(root, "Dockerfile"): []byte("FROM debian\nRUN sudo apt-get install x\nADD a b c\n"),
	})})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	s := (&rules.CheckOptions{}).Session(ws, set)
	e := s.Workspace().Entries[0]
	for _, after := range []int{1, 10, 100} {
		left := after
		stop := func() bool {
			left--
			return left < 0
		}
		if c := s.CheckUnless(stop, e, false); c != nil {
			t.Errorf("stopped after %d rules, the check has %d findings", after, len(c.Findings))
		}
		if list := s.Unchecked(false); !slices.Contains(list, e) {
			t.Error("the file counts as checked")
		}
	}
	fresh := (&rules.CheckOptions{}).Session(ws, set)
	got, want := s.Check(e, false), fresh.Check(fresh.Workspace().Entries[0], false)
	if len(want.Findings) == 0 || len(got.Findings) != len(want.Findings) {
		t.Errorf("%d findings, want %d", len(got.Findings), len(want.Findings))
	}
}

// someCases returns a workspace with the cases of the pages of some rules, each in a folder of its own.
func someCases(t *testing.T) *workspace.Workspace {
	t.Helper()
	root, err := filepath.Abs(string(filepath.Separator) + "w")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join("*", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for n, page := range pages {
		if n%9 != 0 && !strings.Contains(page, "quoted_value") {
			continue
		}
		archive, err := txtar.ParseFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.Contains(f.Name, "/") && !strings.Contains(f.Name, "{{") {
				texts[filepath.Join(root, filepath.Base(page), filepath.FromSlash(f.Name))] = f.Data
			}
		}
	}
	ws, err := rules.Load(workspace.Options{Dir: root, Files: files.Memory(texts)})
	if err != nil || len(ws.Entries) < 100 {
		t.Fatal(len(ws.Entries), err)
	}
	return ws
}

// TestSessionWithoutFixes checks files whose fixes nobody asks for: all is found as with fixes, and the fixes that are
// done by hand are there.
func TestSessionWithoutFixes(t *testing.T) {
	ws := someCases(t)
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	manual := 0
	listing := func(c *rules.Checked) string {
		var b strings.Builder
		for _, f := range c.Findings {
			fmt.Fprintf(&b, "%s %d %d %s %s %s %v\n", f.File.Path, f.Span.Start, f.Span.End, f.Severity, f.Rule.ID,
				f.Message, len(f.Related))
			for _, fix := range f.Fixes {
				if fix.Safety == fixers.Manual {
					b.WriteString("\t" + fix.Title + "\n")
					manual++
				} else if c.Document == nil {
					b.WriteString("\tan automatic fix\n")
				}
			}
		}
		return b.String()
	}
	never := func() bool { return false }
	light := (&rules.CheckOptions{}).Session(ws, set)
	light.CheckAll(never, never, light.Workspace().Entries, true, func(*workspace.Entry) bool { return false })
	full := (&rules.CheckOptions{}).Session(ws, set)
	for _, e := range full.Workspace().Entries {
		want := listing(full.Check(e, true))
		got := light.Check(light.Entry(e.Abs), true)
		if diff := cmp.Diff(want, listing(got)); diff != "" || got.Document != nil {
			t.Errorf("%s without fixes (-want +got):\n%s", e.Path, diff)
		}
		full.Release(e)
		if diff := cmp.Diff(want, listing(full.Check(e, true))); diff != "" {
			t.Errorf("%s after its release (-want +got):\n%s", e.Path, diff)
		}
	}
	if manual == 0 {
		t.Error("no fix is done by hand")
	}

	// Nothing is checked once it is enough.
	none := (&rules.CheckOptions{}).Session(ws, set)
	nothing := func(*workspace.Entry) bool { return false }
	none.CheckAll(never, func() bool { return true }, none.Workspace().Entries, true, nothing)
	if left := len(none.Unchecked(true)); left != len(ws.Entries) {
		t.Errorf("%d of %d files are left", left, len(ws.Entries))
	}
}

// TestFixedWithin formats each run of lines of a text: these lines become what they are in the text that is formatted
// as a whole, and all others stay.
func TestFixedWithin(t *testing.T) {
	for name, text := range map[string]string{
		"nix.conf": "cores  =  4\n# a\n  \nmax-jobs=2 # b\nsandbox = true\n fallback  = true",
		"Dockerfile": "FROM debian:12\nrun echo a\nRUN echo b\n\nRUN echo c && \\\n    echo d\nrun echo e\n" +
			"workdir /x\nRUN echo f\n",
	} {
		root, err := filepath.Abs(string(filepath.Separator) + "w")
		if err != nil {
			t.Fatal(err)
		}
		ws, err := rules.Load(workspace.Options{Dir: root,
			Files: files.Memory(map[string][]byte{filepath.Join(root, name): []byte(text)})})
		if err != nil {
			t.Fatal(err)
		}
		set, err := rules.NewSet(packs.All(),
			rules.Selection{Only: []string{"nix/canonical-format", "ConsistentInstructionCasing"}})
		if err != nil {
			t.Fatal(err)
		}
		s := (&rules.CheckOptions{}).Session(ws, set)
		c := s.Check(s.Workspace().Entries[0], false)
		lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
		if strings.HasSuffix(text, "\n") {
			lines[len(lines)-1] += "\n"
		}
		whole := strings.SplitAfter(string(s.Fixed(c, nil)), "\n")
		changed := 0
		for from := range lines {
			for to := from + 1; to <= len(lines); to++ {
				before, behind := strings.Join(lines[:from], ""), strings.Join(lines[to:], "")
				want := before + strings.Join(whole[from:to], "") + behind
				got := text
				if after := s.FixedWithin(c, nil,
					source.Span{Start: len(before), End: len(text) - len(behind)}); after != nil {
					got, changed = string(after), changed+1
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, lines %d to %d (-want +got):\n%s", name, from, to, diff)
				}
			}
		}
		if changed < len(lines) {
			t.Error(name, "is formatted", changed, "times")
		}
	}
}

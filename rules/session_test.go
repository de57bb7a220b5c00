package rules_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
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

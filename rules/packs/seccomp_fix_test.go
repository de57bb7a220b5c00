package packs_test

import (
	"os"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestSafeFixesOfDefaultProfiles applies all safe fixes, the layout included, to the default profiles of Docker and
// Podman: they decide as before for every target, and a second fix finds nothing.
func TestSafeFixesOfDefaultProfiles(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{Only: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker", "podman"} {
		before, err := os.ReadFile("../../parsers/seccomp/testdata/" + name + "-default.json")
		if err != nil {
			t.Fatal(err)
		}
		fix := func(text []byte) *rules.FixResult {
			ws, err := rules.Load(workspace.Options{
				Dir: t.TempDir(), Paths: []string{"-"}, Stdin: text, StdinName: "seccomp.json",
			})
			if err != nil {
				t.Fatal(err)
			}
			return rules.Fix(ws, set, rules.FixOptions{})
		}
		result := fix(before)
		for _, w := range result.Rejected {
			t.Errorf("%s: %q is rejected: %s", name, w.Title, w.Reason)
		}
		if len(result.Files) != 1 {
			t.Fatalf("%s: nothing is fixed", name)
		}
		after := result.Files[0].After
		parse := func(text []byte) *seccomp.Profile { return seccomp.Parse(source.NewFile("seccomp.json", text)) }
		if d := decide.Diff(parse(before), parse(after), decide.Targets{}); !d.Empty() {
			t.Errorf("%s: the fixed profile decides otherwise: %+v", name, d)
		}
		if again := fix(after); len(again.Files) != 0 {
			t.Errorf("%s: a second fix changes the file again", name)
		}
	}
}

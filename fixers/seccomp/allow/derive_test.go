package allow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/seccomp/nested"
)

// TestDerivedIsUnion proves that the default profiles with the needs of each tool allow what both allow, and nothing
// else.
func TestDerivedIsUnion(t *testing.T) {
	for _, base := range []string{"docker@29", "podman@5"} {
		for _, tool := range nested.Tools() {
			if !heavytest.On() && tool.Name != "nix-sandbox" {
				continue
			}
			p, err := builtin.Lookup(base)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := New(p, decide.Targets{}, wanted(Named, tool.Syscalls(nil)...))
			if err != nil {
				t.Errorf("%s %s: %v", base, tool.Name, err)
				continue
			}
			var names []string
			for _, a := range plan.Added {
				names = append(names, a.Name)
			}
			if len(names) == 0 {
				if plan.Changes() {
					t.Errorf("%s %s: it changes, and nothing is added", base, tool.Name)
				}
				continue
			}
			slices.Sort(names)
			var file struct{ ArchMap json.RawMessage }
			if err := json.Unmarshal(p.Source.Bytes, &file); err != nil {
				t.Fatal(err)
			}
			addition := parse(fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "archMap": %s, `+
				`"syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}]}`, file.ArchMap,
				strings.Join(names, `", "`)))
			after := parse(string(plan.After))
			after.Engine, addition.Engine = p.Engine, p.Engine
			if gap := decide.CheckUnion(after, []*seccomp.Profile{p, addition}, decide.Targets{}); gap != nil {
				t.Errorf("%s %s: it is not the union: %s on %s", base, tool.Name, gap.Syscall, gap.Arch.Name)
			}
		}
	}
}

package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestIncomplete checks a Dockerfile that would cost the square of its length: what was not looked at is said, and
// nothing is claimed of it. A Dockerfile of the same length that does not is checked to its end.
func TestIncomplete(t *testing.T) {
	everything := set(t, packs.All(), rules.Selection{})
	check := func(each string) *rules.Result {
		text := "FROM nixos/nix:2.31.1\n" + strings.Repeat(each, 1000) +
			"RUN nix-build x.nix\nRUN echo filter-syscalls = false >> /etc/nix/nix.conf\nRUN nix-build y.nix\n"
		tree := files.Memory(map[string][]byte{"/project/Dockerfile": []byte(text)})
		ws, err := rules.Load(workspace.Options{Dir: "/project", Files: tree})
		if err != nil {
			t.Fatal(err)
		}
		return rules.Check(ws, everything, rules.CheckOptions{})
	}
	late := func(r *rules.Result) (n int) {
		for _, f := range r.Findings {
			if f.Rule.ID == "order/nix-config-after-nix-command" && strings.Contains(f.Message, "filter-syscalls") {
				n++
			}
		}
		return n
	}
	system, user := "RUN echo cores = 1 >> /etc/nix/nix.conf\n", "RUN echo cores = 2 >> /root/.config/nix/nix.conf\n"
	byTurns := check(user + system + "RUN nix-build z.nix\n")
	if len(byTurns.Incomplete) != 1 || byTurns.Incomplete[0].Path != "Dockerfile" || late(byTurns) != 0 {
		t.Errorf("by turns: %v, %d findings", byTurns.Incomplete, late(byTurns))
	}
	plain := check(system + "RUN nix-build z.nix\n")
	if len(plain.Incomplete) != 0 || late(plain) != 1 {
		t.Errorf("one file: %v, %d findings", plain.Incomplete, late(plain))
	}
}

// TestTooManyIncludes checks a chain of includes that is longer than what is read.
func TestTooManyIncludes(t *testing.T) {
	everything := set(t, packs.All(), rules.Selection{})
	for n, want := range map[int]int{200: 0, 201: 1} {
		tree := map[string][]byte{}
		for i := range n {
			tree[fmt.Sprintf("/project/c%d.conf", i)] = []byte(fmt.Sprintf("include c%d.conf\n", i+1))
		}
		tree["/project/nix.conf"] = []byte("include c0.conf\n")
		tree[fmt.Sprintf("/project/c%d.conf", n-1)] = []byte("cores = 1\n")
		ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(tree)})
		if err != nil {
			t.Fatal(err)
		}
		result := rules.Check(ws, everything, rules.CheckOptions{})
		if len(result.Incomplete) != want || want > 0 && result.Incomplete[0].Path != "nix.conf" {
			t.Errorf("%d files: %v", n, result.Incomplete)
		}
	}
}

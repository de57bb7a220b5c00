package packs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// TestMemory checks and fixes a Dockerfile, the nix.conf that it copies and a profile, none of which lies on a disk.
// TestNode runs it as a browser would.
func TestMemory(t *testing.T) {
	dir := string(filepath.Separator) + "project"
	texts := map[string][]byte{}
	for name, text := range map[string]string{
		"Dockerfile": "FROM nixos/nix:2.31.1\nCOPY conf /etc/nix/\nRUN nix-env -iA nixpkgs.hello\n" +
			"RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\n",
		"conf/nix.conf": "max-jobs=4\n",
		"seccomp.json": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` +
			`{"names": ["chmodd", "read"], "action": "SCMP_ACT_ALLOW"}]}`,
	} {
		texts[filepath.Join(dir, filepath.FromSlash(name))] = []byte(text)
	}
	ws, err := rules.Load(workspace.Options{Dir: dir, Files: files.Memory(texts)})
	if err != nil {
		t.Fatal(err)
	}
	only := []string{"order/nix-config-after-nix-command", "nix/assignment-spacing", "seccomp/unknown-syscall"}
	set, err := rules.NewSet(All(), rules.Selection{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
	for _, f := range result.Findings {
		fmt.Fprintf(&got, "%s:%d %s, %d fixes\n", f.File.Path, f.File.LineOf(f.Span.Start), f.Rule.ID, len(f.Fixes))
	}
	for _, f := range rules.Fix(ws, set, rules.FixOptions{Unsafe: true}).Files {
		fmt.Fprintf(&got, "-- %s --\n%s", f.File.Path, f.After)
	}
	want := `Dockerfile:4 order/nix-config-after-nix-command, 1 fixes
conf/nix.conf:1 nix/assignment-spacing, 1 fixes
seccomp.json:1 seccomp/unknown-syscall, 1 fixes
-- Dockerfile --
FROM nixos/nix:2.31.1
COPY conf /etc/nix/
RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf
RUN nix-env -iA nixpkgs.hello
-- conf/nix.conf --
max-jobs = 4
-- seccomp.json --
{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["chmod", "read"], "action": "SCMP_ACT_ALLOW"}]}`
	if diff := cmp.Diff(want, got.String()); diff != "" || len(result.Errors) > 0 {
		t.Errorf("errors %v (-want +got):\n%s", result.Errors, diff)
	}
}

// TestNode builds the program's packages for WebAssembly and runs TestMemory in Node.js.
func TestNode(t *testing.T) {
	heavytest.Need(t, "compiles all packages for another platform")
	heavytest.Program(t, "node")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	runner := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec")
	if _, err := os.Stat(runner); err != nil {
		heavytest.Skip(t, "this Go does not come with the runner for WebAssembly")
	}
	cmd := exec.Command("go", "test", "-count=1", "-exec="+runner, "-run=^TestMemory$", "-v", ".")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestMemory") {
		t.Errorf("%v\n%s", err, out)
	}
}

//go:build unix

package cli

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandlint/sandlint/rules/packs"
)

// TestNotWritten: a file that another run is writing stays as it is, and so do its findings.
func TestNotWritten(t *testing.T) {
	dir := write(t, map[string]string{"a/nix.conf": "sandbox=true\ncores=4\n", "b/nix.conf": "cores=4\n"})
	busy, err := os.OpenFile(filepath.Join(dir, "a/nix.conf"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := syscall.Flock(int(busy.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	a, stdout, stderr := testApp(dir, nil)
	a.packs = packs.All
	if status := a.run([]string{"fix", "-w", "--format", "json"}); status != StatusUnreadable {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{
		"1 of 3 fixes written\n",
		"remaining: 2 findings (2 errors) in 1 file; 1 file could not be written",
		"sandlint: a/nix.conf: not written: another run of sandlint is writing the file\n",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in %q", want, stderr)
		}
	}
	var out struct {
		Findings []struct{ Path string }
		Errors   []struct{ Path, Message string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Findings) != 2 || out.Findings[0].Path != "a/nix.conf" || len(out.Errors) != 1 ||
		out.Errors[0].Path != "a/nix.conf" || !strings.HasPrefix(out.Errors[0].Message, "not written: ") {
		t.Errorf("%+v", out)
	}
	for name, want := range map[string]string{"a/nix.conf": "sandbox=true\ncores=4\n", "b/nix.conf": "cores = 4\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// TestStopped: a signal ends the writing between two files.
func TestStopped(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		dir := write(t, map[string]string{"nix.conf": "cores=4\n"})
		a, _, stderr := testApp(dir, nil)
		a.packs = packs.All
		a.notify = func(c chan<- os.Signal, _ ...os.Signal) { c <- sig }
		if status := a.run([]string{"fix", "-w"}); status != 128+int(sig) {
			t.Errorf("%v: status %d", sig, status)
		}
		if !strings.Contains(stderr.String(), "0 of 1 fixes written\nremaining: 1 finding ") {
			t.Errorf("%v: %s", sig, stderr)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "nix.conf")); string(b) != "cores=4\n" {
			t.Errorf("%v: %q, %v", sig, b, err)
		}
	}
}

// TestLeftovers: the next run removes what a killed one left, wherever it finds files.
func TestLeftovers(t *testing.T) {
	const name = ".sandlint-0123456789abcdef"
	dir := write(t, map[string]string{"a/nix.conf": "cores = 4\n", "a/" + name: "cores",
		"a/.sandlint-notes": "mine"})
	for _, command := range []string{"check", "fix", "fix -w"} {
		_, err := os.Stat(filepath.Join(dir, "a", name))
		if err != nil {
			t.Errorf("before %s: %v", command, err)
		}
		a, _, _ := testApp(dir, nil)
		a.packs = packs.All
		a.run(strings.Fields(command))
	}
	if _, err := os.Stat(filepath.Join(dir, "a", name)); err == nil {
		t.Error("it is still there")
	}
	if _, err := os.Stat(filepath.Join(dir, "a", ".sandlint-notes")); err != nil {
		t.Error(err)
	}
}

// TestTerminal: no escape sequence of a file reaches a terminal, and every one a pipe.
func TestTerminal(t *testing.T) {
	dir := write(t, map[string]string{"nix.conf": "# \x1b]0;title\x07\ncores=4\n"})
	for _, args := range []string{"fix", "check --diff"} {
		for _, terminal := range []bool{true, false} {
			a, stdout, _ := testApp(dir, nil)
			a.packs = packs.All
			a.terminal = func(io.Writer) bool { return terminal }
			a.run(append(strings.Fields(args), "--color", "never"))
			got := stdout.String()
			if strings.Contains(got, "\x1b") == terminal || !strings.Contains(got, "+cores = 4\n") {
				t.Errorf("%s, terminal %v: %q", args, terminal, stdout)
			}
		}
	}
}

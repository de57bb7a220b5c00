package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

// TestWatchInPseudoTerminal runs the program on a terminal, saves a file as editors do, under another name that it then
// takes, and interrupts the program.
func TestWatchInPseudoTerminal(t *testing.T) {
	heavytest.Need(t, "runs the program in a pseudo terminal")
	dir := write(t, map[string]string{"nix.conf": "cores = 1\n"})
	program := filepath.Join(t.TempDir(), "sandlint")
	if out, err := exec.Command("go", "build", "-o", program, "../../sandlint").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	control, terminal := pseudoTerminal(t)
	cmd := exec.Command(program, "check", "--watch", "--no-shellcheck")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, terminal, terminal, terminal
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	var seen bytes.Buffer
	ended := false
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := control.Read(b)
			mu.Lock()
			seen.Write(b[:n])
			ended = err != nil
			changed.Broadcast()
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	// after waits until a text was shown n times.
	after := func(text string, n int) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		for strings.Count(seen.String(), text) < n {
			if ended {
				t.Fatalf("the program ended with %q", seen.String())
			}
			changed.Wait()
		}
	}
	after("Ctrl-C ends\x1b[?2026l", 1)
	if err := os.WriteFile(filepath.Join(dir, ".nix.conf.swp"), []byte("core = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, ".nix.conf.swp"), filepath.Join(dir, "nix.conf")); err != nil {
		t.Fatal(err)
	}
	after(`did you mean "cores"?`, 1)
	after("Ctrl-C ends\x1b[?2026l", 2)
	for n, columns := range []uint16{60, 90} { // the screen is drawn again, as wide as it is then
		size := unix.Winsize{Row: 24, Col: columns}
		if err := unix.IoctlSetWinsize(int(control.Fd()), unix.TIOCSWINSZ, &size); err != nil {
			t.Fatal(err)
		}
		after("Ctrl-C ends\x1b[?2026l", 3+n)
	}
	if _, err := control.Write([]byte{3}); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != StatusFindings {
		t.Errorf("the program ended with %v", err)
	}
	if strings.Contains(seen.String(), "\x1b[?1049h") || strings.Contains(seen.String(), "\x1b[3J") {
		t.Error("the program hides what was on the screen")
	}
}

// pseudoTerminal returns both ends of a new pseudo terminal.
func pseudoTerminal(t *testing.T) (control, terminal *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		heavytest.Skip(t, "there are no pseudo terminals")
	}
	t.Cleanup(func() { control.Close() })
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size := unix.Winsize{Row: 24, Col: 80}
	if err := unix.IoctlSetWinsize(int(control.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
	return control, terminal
}

// Package heavytest is the one switch between the light tests, which need nothing but Go, end within a minute and pass
// for every user, and the heavy ones, which start other programs or repeat a test thousands of times.
//
// SANDLINT_TESTS=all turns the heavy ones on. What they had to leave out, since a program is missing, is also appended
// to the file that SANDLINT_SKIPPED names, because go test shows the reason of a skip only with -v.
package heavytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Variable is the environment variable that turns the heavy tests on where it is "all".
const Variable = "SANDLINT_TESTS"

// On reports whether the heavy tests are turned on. A test that only repeats more often asks it instead of Need.
func On() bool { return os.Getenv(Variable) == "all" }

// Times returns how often a test with random input repeats: n times with the heavy tests on, a fifth of that without.
func Times(n int) int {
	if On() {
		return n
	}
	return max(1, n/5)
}

// Need skips the test unless the heavy tests are turned on. what completes "this test …", such as "compares 500 texts
// with nix".
func Need(tb testing.TB, what string) {
	tb.Helper()
	if !On() {
		tb.Skipf("this test %s; %s=all runs it", what, Variable)
	}
}

// Program returns the path of a program that a heavy test starts. It skips the test where the heavy tests are off or
// the program is not installed; several names are alternatives, the first that exists is taken.
func Program(tb testing.TB, names ...string) string {
	tb.Helper()
	Need(tb, fmt.Sprintf("starts %s", names[0]))
	for _, name := range names {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	Skip(tb, names[0]+" is not installed")
	return ""
}

// Skip skips a test for a reason that lies in the machine, and records that it did.
func Skip(tb testing.TB, reason string) {
	tb.Helper()
	if name := os.Getenv("SANDLINT_SKIPPED"); name != "" {
		dir, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			tb.Fatal(err)
		}
		_, err = fmt.Fprintf(f, "%s of %s: %s\n", tb.Name(), filepath.Base(dir), reason)
		if err := first(err, f.Close()); err != nil {
			tb.Fatal(err)
		}
	}
	tb.Skip(reason)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sandlint/sandlint/fixers"
)

// batch is how many diffs are applied by one process.
const batch = 200

// apply has git apply and patch apply the diffs of all changed texts.
func (t *torturer) apply(r *row, changes []change) error {
	for len(changes) > 0 {
		n := min(batch, len(changes))
		some := changes[:n]
		changes = changes[n:]
		for _, program := range []string{"git", "patch"} {
			bad, err := refused(program, some)
			if err != nil {
				return err
			}
			for _, n := range bad {
				if lone, err := refused(program, some[n:n+1]); err != nil {
					return err
				} else if len(lone) > 0 {
					t.count(&r.refused)
					t.fail(r, some[n], program+" makes something else of the diff")
				}
			}
		}
	}
	return nil
}

// refused returns the numbers of the changes of which a program makes something else.
func refused(program string, changes []change) (bad []int, err error) {
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var diff bytes.Buffer
	name := func(n int) string { return fmt.Sprintf("%d/Dockerfile", n) }
	for n, c := range changes {
		if err := os.Mkdir(filepath.Join(dir, filepath.Dir(name(n))), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name(n)), c.before, 0o644); err != nil {
			return nil, err
		}
		diff.Write(fixers.Unified(name(n), c.before, c.after))
	}
	args := []string{"apply", "--whitespace=nowarn"}
	if program == "patch" {
		args = []string{"-p1", "--silent", "--force", "--fuzz=0"}
	}
	command := exec.Command(program, args...)
	command.Dir, command.Stdin = dir, &diff
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	output, failure := command.CombinedOutput()
	if _, exited := failure.(*exec.ExitError); failure != nil && !exited {
		return nil, fmt.Errorf("%s: %w: %s", program, failure, output)
	}
	for n, c := range changes {
		if text, err := os.ReadFile(filepath.Join(dir, name(n))); err != nil || !bytes.Equal(text, c.after) {
			bad = append(bad, n)
		}
	}
	return bad, nil
}

// Package shellcheck runs the program ShellCheck for the rule of the same name.
package shellcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sandlint/sandlint/rules/shellcheck"
)

// Limit is how long one run of the program may take.
const Limit = time.Minute

// maxFailures is how many runs may fail before the program is not started any more.
const maxFailures = 3

// Runner is an installed ShellCheck. It remembers what it found, so the same script is checked once. It may be used by
// several goroutines.
type Runner struct {
	path  string
	limit time.Duration

	mu       sync.Mutex
	known    map[shellcheck.Script][]shellcheck.Comment
	failures int
	err      error // the first one
}

// New returns a runner for the program at a path.
func New(path string) *Runner {
	return &Runner{path: path, limit: Limit, known: map[shellcheck.Script][]shellcheck.Comment{}}
}

// Path returns the path of the program.
func (r *Runner) Path() string { return r.path }

// Version returns what the program prints about its version. The program may be a script that starts another one, so
// its own text does not say it.
func (r *Runner) Version() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.path, "--version")
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var status *exec.ExitError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &status)) {
		return "", fmt.Errorf("asking ShellCheck for its version: %w", err)
	}
	return string(out), nil
}

// environment is that of the program, without SHELLCHECK_OPTS.
func environment() []string { return []string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH")} }

// Err returns why scripts could not be checked, nil where all could.
func (r *Runner) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Check implements shellcheck.Program: one run of the program for all scripts that are not known yet.
func (r *Runner) Check(scripts []shellcheck.Script) ([][]shellcheck.Comment, error) {
	var missing []shellcheck.Script
	r.mu.Lock()
	seen := map[shellcheck.Script]bool{}
	for _, s := range scripts {
		if _, known := r.known[s]; !known && !seen[s] {
			seen[s] = true
			missing = append(missing, s)
		}
	}
	gone := r.failures >= maxFailures
	r.mu.Unlock()
	if len(missing) > 0 {
		if gone {
			return nil, r.Err()
		}
		comments, err := r.run(missing)
		r.mu.Lock()
		if err != nil {
			r.failures++
			if errors.Is(err, context.DeadlineExceeded) {
				r.failures = maxFailures // it would be waited for again and again
			}
			if r.err == nil {
				r.err = err
			}
			r.mu.Unlock()
			return nil, err
		}
		for n, s := range missing {
			r.known[s] = comments[n]
		}
		r.mu.Unlock()
	}
	out := make([][]shellcheck.Comment, len(scripts))
	r.mu.Lock()
	defer r.mu.Unlock()
	for n, s := range scripts {
		out[n] = r.known[s]
	}
	return out, nil
}

// run starts the program once for a list of scripts.
func (r *Runner) run(scripts []shellcheck.Script) ([][]shellcheck.Comment, error) {
	dir, err := os.MkdirTemp("", "sandlint-shellcheck-")
	if err != nil {
		return nil, fmt.Errorf("copying scripts: %w", err)
	}
	defer os.RemoveAll(dir)
	args := []string{"--norc", "--format=json1", "--"}
	for n, s := range scripts {
		name := strconv.Itoa(n)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s.Text), 0o600); err != nil {
			return nil, fmt.Errorf("copying scripts: %w", err)
		}
		args = append(args, name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.path, args...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("no answer within %v: %w", r.limit, ctx.Err())
	}
	var status *exec.ExitError
	if err != nil && !(errors.As(err, &status) && status.ExitCode() == 1) {
		if line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); line != "" {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		return nil, err
	}
	return Read(stdout.Bytes(), len(scripts))
}

// Read reads what the program prints in the format json1 for files with the names 0, 1 and so on.
func Read(output []byte, scripts int) ([][]shellcheck.Comment, error) {
	var answer struct {
		Comments []struct {
			Line, Column, EndLine, EndColumn, Code int
			File, Level, Message                   string
			Fix                                    struct {
				Replacements []struct {
					Line, Column, EndLine, EndColumn int
					Replacement                      string
				}
			}
		}
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return nil, fmt.Errorf("its answer is no JSON of the format json1: %w", err)
	}
	out := make([][]shellcheck.Comment, scripts)
	for _, c := range answer.Comments {
		n, err := strconv.Atoi(c.File)
		if err != nil || n < 0 || n >= scripts {
			return nil, fmt.Errorf("its answer is about a file %q", c.File)
		}
		comment := shellcheck.Comment{
			Line: c.Line, Column: c.Column, EndLine: c.EndLine, EndColumn: c.EndColumn, Level: c.Level, Code: c.Code,
			Message: c.Message,
		}
		for _, r := range c.Fix.Replacements {
			comment.Fix = append(comment.Fix, shellcheck.Replacement{
				Line: r.Line, Column: r.Column, EndLine: r.EndLine, EndColumn: r.EndColumn, Text: r.Replacement,
			})
		}
		out[n] = append(out[n], comment)
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b shellcheck.Comment) int {
			return slices.Compare([]int{a.Line, a.Column, a.Code}, []int{b.Line, b.Column, b.Code})
		})
	}
	return out, nil
}

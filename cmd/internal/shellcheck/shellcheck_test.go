package shellcheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
	"github.com/sandlint/sandlint/rules/shellcheck"
)

// recorded is a Program that answers what ShellCheck answered when the tests were written. With -update, a real one
// answers what is not known.
type recorded struct {
	t    *testing.T
	live *Runner

	mu      sync.Mutex
	answers map[string][]shellcheck.Comment
	used    map[string][]shellcheck.Comment
}

func (r *recorded) Check(scripts []shellcheck.Script) ([][]shellcheck.Comment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([][]shellcheck.Comment, len(scripts))
	for n, s := range scripts {
		key := s.Dialect + "\n" + s.Text
		comments, known := r.answers[key]
		if !known && r.live != nil {
			live, err := r.live.Check([]shellcheck.Script{s})
			if err != nil {
				return nil, err
			}
			comments, known = live[0], true
		}
		if !known {
			r.t.Errorf("no answer is recorded for %q; go test -update records it", key)
		}
		r.answers[key], r.used[key] = comments, comments
		out[n] = comments
	}
	return out, nil
}

// TestRules runs the cases of the rule, with recorded answers of ShellCheck 0.9.0.
func TestRules(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("testdata", "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorded{
		t: t, answers: map[string][]shellcheck.Comment{}, used: map[string][]shellcheck.Comment{},
	}
	if b, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(b, &r.answers); err != nil {
			t.Fatal(err)
		}
	}
	if rulestest.Updating() {
		r.live, r.answers = New(heavytest.Program(t, "shellcheck")), map[string][]shellcheck.Comment{}
	}
	t.Chdir(filepath.Join("..", "..", "..", "rules", "shellcheck"))
	rulestest.Run(t, shellcheck.Pack(r), packs.All())
	if rulestest.Updating() {
		b, err := json.MarshalIndent(r.used, "", "\t")
		if err == nil {
			err = os.WriteFile(file, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLive compares the recorded answers with those of the program that is installed.
func TestLive(t *testing.T) {
	r := New(heavytest.Program(t, "shellcheck"))
	b, err := os.ReadFile(filepath.Join("testdata", "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]shellcheck.Comment{}
	if err := json.Unmarshal(b, &answers); err != nil {
		t.Fatal(err)
	}
	for key, want := range answers {
		dialect, text, _ := strings.Cut(key, "\n")
		got, err := r.Check([]shellcheck.Script{{Dialect: dialect, Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		codes := func(list []shellcheck.Comment) string {
			var out []string
			for _, c := range list {
				out = append(out, fmt.Sprintf("%d:%d SC%d", c.Line, c.Column, c.Code))
			}
			return strings.Join(out, "\n")
		}
		if codes(got[0]) != codes(want) {
			t.Errorf("%q:\n%s\nwant\n%s", key, codes(got[0]), codes(want))
		}
	}
}

// fake writes a program that runs a script of the shell, and returns a runner for it.
func fake(t *testing.T, script string) *Runner {
	t.Helper()
	heavytest.Program(t, "sh")
	path := filepath.Join(t.TempDir(), "shellcheck")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return New(path)
}

var one = []shellcheck.Script{{Dialect: "sh", Text: "a"}}

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"crash":       {"echo broken >&2; exit 2", "exit status 2: broken"},
		"no JSON":     {"echo hello", "no JSON"},
		"killed":      {"kill -9 $$", "killed"},
		"other files": {`echo '{"comments":[{"file":"/etc/passwd"}]}'`, `a file "/etc/passwd"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := fake(t, test.script)
			if _, err := r.Check(one); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if r.Err() == nil {
				t.Error("Err is nil")
			}
		})
	}
}

func TestHanging(t *testing.T) {
	r := fake(t, "exec sleep 60")
	r.limit = 50 * time.Millisecond
	for range 3 { // the second and third time it is not started
		if _, err := r.Check(one); err == nil || !strings.Contains(err.Error(), "no answer within") {
			t.Errorf("the error is %v", err)
		}
	}
	if r.failures != maxFailures {
		t.Errorf("%d failures", r.failures)
	}
}

func TestRemembered(t *testing.T) {
	r := fake(t, `echo x >> "$0.count"
		echo '{"comments":[{"file":"1","line":1,"column":2,"code":2086,"level":"info"}]}'`)
	two := []shellcheck.Script{{Text: "a"}, {Text: "b"}, {Text: "a"}}
	for range 2 {
		got, err := r.Check(two)
		if err != nil || len(got) != 3 || len(got[0]) != 0 || len(got[1]) != 1 || got[1][0].Code != 2086 {
			t.Errorf("%v, %v", got, err)
		}
	}
	if b, err := os.ReadFile(r.path + ".count"); err != nil || string(b) != "x\n" {
		t.Errorf("it ran %q times (%v)", b, err)
	}
}

func TestRead(t *testing.T) {
	if _, err := Read([]byte("{"), 1); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
	got, err := Read([]byte(`{"comments":[
		{"file":"0","line":2,"endLine":2,"column":6,"endColumn":8,"level":"info","code":2086,"message":"M","fix":
			{"replacements":[{"column":6,"endColumn":6,"endLine":2,"line":2,"precedence":7,"replacement":"\""}]}},
		{"file":"0","line":1,"endLine":1,"column":1,"endColumn":1,"level":"error","code":1009,"message":"N","fix":null}
	]}`), 1)
	if err != nil || len(got[0]) != 2 || got[0][0].Code != 1009 || got[0][1].Fix[0].Text != `"` {
		t.Errorf("%+v, %v", got, err)
	}
}

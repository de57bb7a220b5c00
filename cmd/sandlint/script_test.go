package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sandlint/sandlint/cmd/internal/schematest"
	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/cmd/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sandlint": func() {
			code := cli.Program()
			if used := exceeded(); used != "" {
				fmt.Fprintln(os.Stderr, used)
				code = 99
			}
			os.Exit(code)
		},
	})
}

// TestScript runs the scripts of testdata/script. Each runs in a folder of its own, which sandlint takes for a
// repository's root. Beside the commands of testscript there are
//
//	status N COMMAND…    runs a command whose exit status must be N
//	bytes FILE TEXT      writes a file; TEXT has the escapes of a Go string
//	repeat FILE N TEXT   appends TEXT N times to a file; TEXT has the escapes of a Go string
//	chain FILE N TEXT    is like repeat, with the number of each copy for {{n}} and the next one for {{next}}
//	files FILE N TEXT    writes N files, with the number of each for {{n}} in its name and its text
//	fifo FILE            makes a named pipe, which nobody writes to
//	conforms FILE [NAME] checks that a file, or stdout, follows docs/schema/NAME.schema.json, "findings" without one;
//	                     NAME/DEFINITION is one of the definitions there; -lines does so for each line of FILE
//
// and $SRC is the repository. With BOUNDED=N in the environment, a run of sandlint that takes more than N times 2 s
// of the processor, or 200 MiB, ends with status 99.
func TestScript(t *testing.T) { scripts(t, "script") }

// TestGitScript runs the scripts of testdata/git, which start git. The folder of each is no repository.
func TestGitScript(t *testing.T) {
	heavytest.Program(t, "git")
	scripts(t, "git")
}

func scripts(t *testing.T, folder string) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", folder),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SRC", root)
			env.Setenv("SANDLINT_SHELLCHECK", "none") // so no script depends on the machine
			if folder == "git" {
				for _, who := range []string{"AUTHOR", "COMMITTER"} {
					env.Setenv("GIT_"+who+"_NAME", "somebody")
					env.Setenv("GIT_"+who+"_EMAIL", "somebody@example.org")
				}
				env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
				return nil
			}
			return os.Mkdir(filepath.Join(env.WorkDir, ".git"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":   status,
			"bytes":    writeBytes,
			"repeat":   repeat,
			"chain":    chain,
			"files":    numberedFiles,
			"fifo":     fifo,
			"conforms": conforms,
		},
	})
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE TEXT")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat FILE N TEXT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = f.WriteString(strings.Repeat(text, n))
	ts.Check(errors.Join(err, f.Close()))
}

// numbered returns the text of copy n.
func numbered(text string, n int) string {
	return strings.NewReplacer("{{n}}", strconv.Itoa(n), "{{next}}", strconv.Itoa(n+1)).Replace(text)
}

func chain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: chain FILE N TEXT")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	for n := range count {
		repeat(ts, false, []string{args[0], "1", numbered(args[2], n)})
	}
}

func numberedFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: files FILE N TEXT")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	for n := range count {
		repeat(ts, false, []string{numbered(args[0], n), "1", numbered(args[2], n)})
	}
}

func conforms(ts *testscript.TestScript, neg bool, args []string) {
	lines := len(args) > 0 && args[0] == "-lines"
	if lines {
		args = args[1:]
	}
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: conforms [-lines] FILE [NAME]")
	}
	name, definition, part := strings.Cut(append(args, "findings")[1], "/")
	schema, err := os.ReadFile(filepath.Join("..", "..", "docs", "schema", name+".schema.json"))
	ts.Check(err)
	if part {
		schema, err = schematest.Definition(schema, definition)
		ts.Check(err)
	}
	texts := []string{ts.ReadFile(args[0])}
	if lines {
		texts = slices.Collect(strings.Lines(texts[0]))
	}
	for _, text := range texts {
		if err := schematest.Check(schema, []byte(text)); err != nil {
			ts.Fatalf("%s breaks the schema: %v", args[0], err)
		}
	}
}

// Each command of seccomp that has a schema is run by seccomp-schemas.txtar, and each that prints JSON has one.
func TestSchemaOfEachCommand(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("..", "..", "testdata", "script", "seccomp-schemas.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "schema", "seccomp-*.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]bool{}
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "seccomp-"), ".schema.json")
		schemas[name] = true
		if !strings.Contains(string(script), "conforms stdout seccomp-"+name+"\n") {
			t.Errorf("nothing in the script prints what seccomp-%s.schema.json describes", name)
		}
	}
	help := func(args ...string) string {
		var out bytes.Buffer
		if code := cli.Main(append(args, "--help"), os.Stdin, &out, &out); code != 0 {
			t.Fatalf("%v: exit status %d: %s", args, code, out.String())
		}
		return out.String()
	}
	_, list, _ := strings.Cut(help("seccomp"), "Available Commands:\n")
	commands := 0
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) == 0 {
			break
		}
		commands++
		if strings.Contains(help("seccomp", words[0]), "--format FORMAT") && !schemas[words[0]] {
			t.Errorf("seccomp %s prints JSON and has no schema", words[0])
		}
	}
	if commands < len(schemas) || len(schemas) == 0 {
		t.Errorf("%d commands and %d schemas", commands, len(schemas))
	}
}

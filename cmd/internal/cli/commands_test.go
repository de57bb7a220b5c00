package cli

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/tools/txtar"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/rules/packs"
)

// commands returns a command and all below it.
func commands(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		out = append(out, commands(c)...)
	}
	return out
}

// freeValues are the values of flags that no shell can complete with words, only with files at most.
var freeValues = []string{"FILE", "PATH", "PROGRAM", "EXPRESSION", "VERSION", "LOG", "ARGUMENTS", "REVISION", "REV",
	"REASON", "REASONS", "PROGRAM=VERSION", "BYTES", "TIME", "N"}

// TestHelp: each command says what it does and shows how it is used, and each flag says what it does, and what its
// values are.
func TestHelp(t *testing.T) {
	a, _, _ := testApp("/", nil)
	for _, cmd := range commands(a.root()) {
		path := cmd.CommandPath()
		for name, text := range map[string]string{"Short": cmd.Short, "Long": cmd.Long, "Example": cmd.Example} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s", path, name)
			}
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.Contains(line, "sandlint ") {
				t.Errorf("%s: an example without sandlint: %s", path, line)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value, usage := pflag.UnquoteUsage(f)
			kind := f.Value.Type()
			switch _, completes := cmd.GetFlagCompletionFunc(f.Name); {
			case usage == "":
				t.Errorf("%s --%s has no description", path, f.Name)
			case f.Name == "format" && f.Shorthand != "f":
				t.Errorf("%s --format has no -f", path)
			case kind == "bool":
			case value == "" || value != strings.ToUpper(value):
				t.Errorf("%s --%s does not name its value, only %q", path, f.Name, value)
			case !completes && !slices.Contains(freeValues, value):
				t.Errorf("%s --%s completes no %s", path, f.Name, value)
			}
		})
	}
}

// TestExamples runs the examples of all commands, so the help cannot lie. They run in a shell of our own, in which
// sandlint is the function and every other program does nothing.
func TestExamples(t *testing.T) {
	a, _, _ := testApp("/", nil)
	archive, err := txtar.ParseFile(filepath.Join("testdata", "examples.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, cmd := range commands(a.root()) {
		dir := exampleFolder(t, cmd, archive)
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "   ") // what it does
			if line == "" || needsGit(line) {
				continue
			}
			ran++
			runExample(t, dir, line)
		}
	}
	if ran < 60 {
		t.Errorf("only %d examples were found", ran)
	}
}

// needsGit reports whether an example starts git, which light tests do not.
func needsGit(line string) bool {
	return strings.Contains(line, "--since") || strings.Contains(line, "--staged")
}

// exampleFolder returns a new folder with the files of an archive. Those below "@COMMAND/" are for that command alone.
func exampleFolder(t *testing.T, cmd *cobra.Command, archive *txtar.Archive) string {
	t.Helper()
	files := map[string]string{}
	for _, f := range archive.Files {
		of, rest, special := strings.Cut(strings.TrimPrefix(f.Name, "@"), "/")
		switch {
		case !strings.HasPrefix(f.Name, "@"):
			files[f.Name] = string(f.Data)
		case special && slices.Contains(strings.Fields(cmd.CommandPath()), of):
			files[rest] = string(f.Data)
		}
	}
	return write(t, files)
}

// runExample runs one line of a help text, in which sandlint must not end with a usage error and must be able to read
// all files.
func runExample(t *testing.T, dir, line string) {
	t.Helper()
	line = strings.NewReplacer("/var/log/audit/", "", "/usr/local/share/man/man1", "man1").Replace(line)
	if inner, ok := strings.CutPrefix(line, "source <("); ok {
		line = strings.TrimSuffix(inner, ")")
	}
	script, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(line), "")
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	calls := 0
	run := func(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
		return func(ctx context.Context, args []string) error {
			shell := interp.HandlerCtx(ctx)
			if args[0] != "sandlint" {
				_, err := io.WriteString(shell.Stdout, recorded[args[0]])
				return err
			}
			calls++
			a, _, _ := testApp(dir, nil)
			var stderr bytes.Buffer
			a.packs, a.stdout, a.stderr = packs.All, shell.Stdout, &stderr
			if shell.Stdin != nil {
				a.stdin = shell.Stdin
			}
			if status := a.run(args[1:]); status > StatusFindings {
				t.Errorf("%s: status %d: %s", line, status, stderr.String())
			}
			return nil
		}
	}
	out := t.TempDir()
	open := func(ctx context.Context, path string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
		if flag&(os.O_WRONLY|os.O_RDWR) != 0 { // nothing is written outside of a test's folders
			return os.OpenFile(filepath.Join(out, filepath.Base(path)), flag, perm)
		}
		return os.Open(filepath.Join(dir, path))
	}
	shell, err := interp.New(interp.Dir(dir), interp.StdIO(nil, io.Discard, io.Discard), interp.ExecHandlers(run),
		interp.OpenHandler(open))
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Run(context.Background(), script); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	if calls == 0 {
		t.Errorf("%s: sandlint does not run", line)
	}
}

// recorded is what other programs in examples print.
var recorded = map[string]string{
	"git": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}`,
	"journalctl": "type=SECCOMP msg=audit(1): auid=0 uid=0 pid=1 sig=0 arch=c000003e syscall=435 compat=0 ip=0x1 " +
		"code=0x50000\n",
}

// Package cli is the command line of sandlint: the commands, their flags, their output and the exit status.
package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/stream"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// Version is the release of sandlint.
const Version = "0.1.0"

// The exit statuses. The program exits with the highest that applies; after StatusUsage nothing is checked.
const (
	// StatusOK: there is nothing to report.
	StatusOK = 0
	// StatusFindings: there are findings at or above --fail-on, or the diff is not empty.
	StatusFindings = 1
	// StatusUsage: the command line, the configuration or the name of an output file is wrong, or there was no file to
	// check.
	StatusUsage = 2
	// StatusUnreadable: a file could not be read, or a fix or the output could not be written; all other files were
	// checked.
	StatusUnreadable = 3
	// statusSignal and the number of a signal: fix -w was stopped by it, between two files.
	statusSignal = 128
)

// outputError says that output could not be written, as on a full disk.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// output is standard output, and the error that ended it.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.err = files.Cause(err)
	}
	return n, o.err
}

// Program runs sandlint as this process, and returns the exit status. "check --stream" starts this program anew.
func Program() int {
	return (&app{
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		getenv:  os.Getenv,
		getwd:   getwd,
		now:     time.Now,
		packs:   packs.All,
		program: stream.Command(),
	}).run(os.Args[1:])
}

// Main runs sandlint with the arguments after the program's name, and returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{
		stdin:  stdin,
		stdout: stdout,
		stderr: stderr,
		getenv: os.Getenv,
		getwd:  getwd,
		now:    time.Now,
		packs:  packs.All,
	}).run(args)
}

// app is one run of the program, with everything that it takes from its environment.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	getwd          func() (string, error)
	now            func() time.Time
	packs          func() []rules.Pack

	// terminal reports whether output is a terminal; nil means that the system says it.
	terminal func(io.Writer) bool
	// notify sends signals; nil means signal.Notify.
	notify func(chan<- os.Signal, ...os.Signal)
	// executable returns the path of this program; nil means os.Executable.
	executable func() (string, error)
	// openStore opens a cache at a place, with a secret; nil means cache.Open.
	openStore func(place, secret string) (resultStore, error)
	// changes waits for changes with --watch; nil means watch.New.
	changes changes

	// program is what stream.Command returns; nil where the program cannot be started anew, or must not be.
	program []string
	args    []string

	color    string // the value of --color
	exitZero bool   // --exit-zero: no finding and no diff makes the status 1
	status   int

	embedded map[*source.File]*workspace.Embedded // the profiles in ConfigMaps that were read, by their Source
}

func (a *app) run(args []string) int {
	a.args = args
	out := &output{Writer: a.stdout}
	a.stdout = out
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.Execute()
	if fence, ok := a.stdout.(*fence); ok {
		err = errors.Join(err, fence.flush())
	}
	var notWritten outputError
	if err == nil {
		err = out.err // cobra drops the error of writing help
	}
	switch {
	case err == nil, isBrokenPipe(err):
		return a.status
	case errors.As(err, &notWritten):
		a.warnf("%v", err)
		a.setStatus(StatusUnreadable)
		return a.status
	case out.err != nil:
		a.warnf("writing standard output: %v", out.err)
		a.setStatus(StatusUnreadable)
		return a.status
	}
	return a.explain(err)
}

// explain prints an error that is not about output, and returns the exit status.
func (a *app) explain(err error) int {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		a.warnf("%v", err)
		return StatusUsage
	}
	for _, e := range append([]*config.Error{wrong}, wrong.More...) {
		a.problems(e.Source, e.Problems, rules.Error)
	}
	return StatusUsage
}

// problems prints the problems of a configuration file on standard error.
func (a *app) problems(f *source.File, problems []source.Problem, severity rules.Severity) {
	if len(problems) == 0 {
		return
	}
	var text bytes.Buffer
	_ = report.WriteProblems(&text, f, problems, severity, a.colored(a.stderr))
	_, _ = a.stderr.Write(a.fenced(text.Bytes()))
}

// isBrokenPipe reports whether the reader of the output closed it, as head does, so no error can be shown there.
func isBrokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// setStatus sets the exit status, unless it is already higher.
func (a *app) setStatus(status int) {
	if status != StatusFindings || !a.exitZero {
		a.status = max(a.status, status)
	}
}

// warnf prints a line on standard error.
func (a *app) warnf(format string, args ...any) {
	fmt.Fprintf(a.stderr, "sandlint: %s\n", report.Line(fmt.Sprintf(format, args...)))
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "sandlint",
		Short: "Lint and fix Dockerfiles, nix.conf and seccomp profiles",
		Long: `sandlint lints and fixes the files that decide how software is built and sandboxed:
Dockerfiles, nix.conf and seccomp profiles.

Exit status: 0 no findings, 1 findings at or above --fail-on or a diff that is not empty,
2 wrong usage or configuration, or no file to check, 3 a file could not be read or written.`,
		Example: `  sandlint check                       report problems below the working directory
  sandlint fix                         print the safe fixes as one diff
  sandlint fix -w images/Dockerfile    apply them
  sandlint rule nix/unknown-setting    show what a rule reports, and why`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if version {
			return a.printVersion("text")
		}
		return a.noCommand(cmd, args)
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.Flags().BoolVarP(&version, "version", "V", false, "print the version")
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "`WHEN` to colour text: auto, always, never")
	complete(root, "color", "auto", "always", "never")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := emptyFlags(cmd); err != nil {
			return err
		}
		if err := oneOf("--color", a.color, "auto", "always", "never"); err != nil {
			return err
		}
		if words := strings.Fields(cmd.CommandPath()); len(words) > 1 && cmd.Name() != "allow" && // which prints files
			slices.Contains([]string{"trace", "seccomp"}, words[1]) {
			format := ""
			if f := cmd.Flags().Lookup("format"); f != nil {
				format = f.Value.String()
			}
			a.fence(format, cmd.Name() == "resolve")
		}
		return nil
	}
	root.AddCommand(a.checkCommand(), a.fixCommand(), a.traceCommand(), a.lspCommand(), a.ruleCommand(),
		a.rulesCommand(),
		a.seccompCommand(), a.configCommand(), a.baselineCommand(), a.testCommand(), a.newCommand(),
		a.packsCommand(), a.queryCommand(), a.versionCommand(), a.manCommand(root), completionCommand(root, a.stdout))
	return root
}

// complete registers the values of a flag for shell completion.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// getwd returns the working directory without symbolic links: that is what a relative path is relative to, even where a
// shell came by a link and $PWD says so.
func getwd() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if real, err := (files.Disk{}).Real(dir); err == nil {
		return real, nil
	}
	return dir, nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// shown returns the name that messages use for the file at path, which is absolute.
func shown(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

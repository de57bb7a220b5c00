// Package cli is the command line of sandlint: the commands, their flags, where their output goes, and the exit status.
package cli

import (
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
	"github.com/spf13/pflag"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// Version is the release of sandlint.
const Version = "0.1.0"

// The exit statuses. The highest that applies is the program's, except that nothing is looked at after StatusUsage.
const (
	// StatusOK: there is nothing to complain of.
	StatusOK = 0
	// StatusFindings: there are findings at or above --fail-on, or the diff is not empty.
	StatusFindings = 1
	// StatusUsage: the command line, the configuration or an output file is wrong.
	StatusUsage = 2
	// StatusUnreadable: a file could not be read, or not be written by a fix; all others were looked at.
	StatusUnreadable = 3
)

// Main runs sandlint with the arguments after the program's name, and returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{
		stdin:  stdin,
		stdout: stdout,
		stderr: stderr,
		getenv: os.Getenv,
		getwd:  os.Getwd,
		now:    time.Now,
		packs:  packs.All,
	}).run(args)
}

// app is one run of the program, with all that it takes from the outside.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	getwd          func() (string, error)
	now            func() time.Time
	packs          func() []rules.Pack

	color  string // the value of --color
	status int
}

func (a *app) run(args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.Execute()
	var configError *config.Error
	switch {
	case err == nil, isBrokenPipe(err):
		return a.status
	case errors.As(err, &configError):
		_ = report.WriteProblems(a.stderr, configError.Source, configError.Problems, a.colored(a.stderr))
	default:
		a.complain("%v", err)
	}
	return StatusUsage
}

// isBrokenPipe reports whether the reader of the output went away, as head does: nobody is left to tell.
func isBrokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// raise sets the exit status, unless it is already higher.
func (a *app) raise(status int) { a.status = max(a.status, status) }

// complain prints a line on standard error.
func (a *app) complain(format string, args ...any) {
	fmt.Fprintf(a.stderr, "sandlint: %s\n", report.Visible(fmt.Sprintf(format, args...)))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sandlint",
		Short: "Lint and fix Dockerfiles, nix.conf and seccomp profiles",
		Long: `sandlint lints and fixes the files that decide how software is built and boxed in:
Dockerfiles, nix.conf and seccomp profiles.

Exit status: 0 no findings, 1 findings at or above --fail-on or a diff that is not empty,
2 wrong usage or configuration, 3 a file could not be read.`,
		Example: `  sandlint check                       what is wrong below the working directory
  sandlint fix                         the safe fixes, as one diff
  sandlint fix -w images/Dockerfile    apply them
  sandlint rule nix/unknown-setting    what a rule looks for, and why`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.RunE = func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args) }
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "`WHEN` text is coloured: auto, always, never")
	complete(root, "color", "auto", "always", "never")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{"auto", "always", "never"}, a.color) {
			return fmt.Errorf("--color %q is not one of auto, always, never", a.color)
		}
		return nil
	}
	root.AddCommand(a.checkCommand(), a.fixCommand(), a.traceCommand(), a.ruleCommand(), a.rulesCommand(), a.seccompCommand(), a.versionCommand(), completionCommand(root, a.stdout))
	return root
}

// noCommand answers a command line that names no command.
func (a *app) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		cmd.SetOut(a.stderr)
		if err := cmd.Help(); err != nil {
			return err
		}
		a.raise(StatusUsage)
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if near := source.Nearest(args[0], names); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %q?", args[0], near)
	}
	if dir, err := a.getwd(); err == nil {
		if _, err := os.Lstat(absolute(dir, args[0])); err == nil {
			return fmt.Errorf("there is no command %q; did you mean \"sandlint check %s\"?", args[0], args[0])
		}
	}
	return fmt.Errorf("there is no command %q; it is one of %s", args[0], strings.Join(names, ", "))
}

// flagError names the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) || missing.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := source.Nearest(missing.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", missing.GetSpecifiedName(), near)
	}
	return fmt.Errorf("there is no flag --%s; see %s --help", missing.GetSpecifiedName(), cmd.CommandPath())
}

// exactly is the check for commands that take n arguments, which are called what.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}

// complete gives the shell the values of a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// shown returns what messages call the file at path, which is absolute.
func shown(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

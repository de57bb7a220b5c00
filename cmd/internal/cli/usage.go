package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
)

// noCommand handles a command line that ends where a command should stand: with nothing, for which it shows the help,
// or with a word that is not one of the commands.
func (a *app) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		cmd.SetOut(a.stderr)
		if err := cmd.Help(); err != nil {
			return err
		}
		a.setStatus(StatusUsage)
		return nil
	}
	err := unknownCommand(cmd, args[0])
	if cmd.HasParent() || args[0] == "" || source.Nearest(args[0], subcommands(cmd)) != "" {
		return err
	}
	if dir, failed := a.getwd(); failed == nil {
		if _, failed := (files.Disk{}).Lstat("", absolute(dir, args[0])); failed == nil {
			return fmt.Errorf("there is no command %q; did you mean \"sandlint check %s\"?", args[0], args[0])
		}
	}
	return err
}

// unknownCommand returns the error that cmd has no command of that name.
func unknownCommand(cmd *cobra.Command, name string) error {
	full := name
	if cmd.HasParent() {
		full = cmd.CommandPath() + " " + name
	}
	all := subcommands(cmd)
	if near := source.Nearest(name, all); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %q?", full, near)
	}
	if len(all) == 1 {
		return fmt.Errorf("there is no command %q, only %q", full, cmd.CommandPath()+" "+all[0])
	}
	return fmt.Errorf("there is no command %q; the commands are %s", full, strings.Join(all, ", "))
}

func subcommands(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND…]",
		Short: "Show the help of a command",
		Long:  `Show the help of a command, as "sandlint COMMAND --help" does.`,
		Example: `  sandlint help fix
  sandlint help seccomp diff`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return subcommands(of), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			of, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(of, rest[0])
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// flagError returns the error of a command's flags in the words of the other errors, with the flag that was probably
// meant.
func flagError(cmd *cobra.Command, err error) error {
	see := "; see " + cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var noValue *pflag.ValueRequiredError
	var badValue *pflag.InvalidValueError
	var badSyntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("there is no flag -%.1s%s", unknown.GetSpecifiedShortnames(), see)
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := source.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("there is no flag --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)
		}
		return fmt.Errorf("there is no flag --%s%s", unknown.GetSpecifiedName(), see)
	case errors.As(err, &noValue):
		return withoutValue(cmd, noValue.GetFlag())
	case errors.As(err, &badValue) && badValue.GetFlag().Value.Type() == "bool":
		return fmt.Errorf("--%s is on or off and takes no value but true and false, not %q",
			badValue.GetFlag().Name, badValue.GetValue())
	case errors.As(err, &badValue) && badValue.GetFlag().Value.Type() == "stringSlice":
		return fmt.Errorf("--%s: %q is not a list of values with commas between them",
			badValue.GetFlag().Name, badValue.GetValue())
	case errors.As(err, &badSyntax):
		return fmt.Errorf("%q is not a flag%s", badSyntax.GetSpecifiedFlag(), see)
	}
	return err
}

// emptyFlags returns an error when a flag that needs a value has an empty one, as from a variable that is not set.
func emptyFlags(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" {
			err = withoutValue(cmd, f)
		}
	})
	return err
}

func withoutValue(cmd *cobra.Command, f *pflag.Flag) error {
	value, _ := pflag.UnquoteUsage(f)
	return fmt.Errorf("--%s needs a value, %s; see %s --help", f.Name, value, cmd.CommandPath())
}

// exactly returns the check for a command that takes n arguments; what describes them.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}

// noArguments is the check for a command that takes no arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, so %q has no meaning; see %s --help", cmd.CommandPath(), args[0],
			cmd.CommandPath())
	}
	return nil
}

// oneOf returns an error unless the value of a flag or variable is one of all.
func oneOf(flag, value string, all ...string) error {
	if slices.Contains(all, value) {
		return nil
	}
	if near := source.Nearest(value, all); near != "" {
		return fmt.Errorf("%s %q is not one of %s; did you mean %q?", flag, value, strings.Join(all, ", "), near)
	}
	return fmt.Errorf("%s %q is not one of %s", flag, value, strings.Join(all, ", "))
}

// formatFlag registers --format, whose values are formats and whose default is the first of them, and has it checked
// before the command runs.
func formatFlag(cmd *cobra.Command, value *string, formats ...string) {
	cmd.Flags().StringVarP(value, "format", "f", formats[0], "output as `FORMAT`: "+strings.Join(formats, ", "))
	complete(cmd, "format", formats...)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := oneOf("--format", *value, formats...); err != nil {
			return err
		}
		return run(cmd, args)
	}
}

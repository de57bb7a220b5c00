package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

func (a *app) seccompWhichCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "which SYSCALL|NUMBER…",
		Short: "Show what is known about a syscall",
		Long: `Show what is known about syscalls: their numbers on each ABI as programs pass them, the first releases of
Linux and libseccomp with them, the arguments on x86_64 and what a filter can see of them, and the
syscalls that do the same. A number, as in audit logs, is resolved to its names.

Exit status: 1 where there is no such syscall.`,
		Example: `  sandlint seccomp which clone3
  sandlint seccomp which --arch x86_64 435
  sandlint seccomp which --format json openat2 faccessat2`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s takes one or more syscalls; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(seccomp.Syscalls(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			archs, _, err := flags.parseArchs()
			if err != nil {
				return err
			}
			facts := decisions.Which(args, archs)
			if slices.ContainsFunc(facts, func(f decisions.Facts) bool { return f.Syscall == nil }) {
				a.setStatus(StatusFindings)
			}
			if flags.format == "json" {
				return decisions.WriteFactsJSON(a.stdout, facts, archs)
			}
			return decisions.WriteFacts(a.stdout, facts, archs, a.colored(a.stdout))
		},
	}
	cmd.Flags().StringSliceVar(&flags.archs, "arch", nil,
		"`ARCHITECTURE` of the numbers: x86_64, arm64, x86 … (repeatable; default: all)")
	completeArchs(cmd, "all")
	formatFlag(cmd, &flags.format, "text", "json")
	return cmd
}

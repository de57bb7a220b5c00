package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
)

func (a *app) seccompExplainCommand() *cobra.Command {
	var flags seccompFlags
	var argFlag string
	cmd := &cobra.Command{
		Use:   "explain PROFILE|- SYSCALL…",
		Short: "Explain what happens to a syscall under a profile",
		Long: `Explain what happens to syscalls under a profile: on which runtimes they are allowed, fail or kill,
the rule or the step that decides, the conditions, and the rules that have no effect, with the
reason. All releases of the runtimes and of libseccomp that the targets name are considered, and
those with the same answer are shown together.

A syscall can be given by its number, which is one of --arch, or of x86_64.

Exit status: 1 where there is no such syscall, 3 when the profile cannot be read.`,
		Example: `  sandlint seccomp explain seccomp.json clone3
  sandlint seccomp explain --arch arm64 --cap SYS_ADMIN seccomp.json mount unshare
  sandlint seccomp explain docker@29 clone3
  sandlint seccomp explain --target podman=5 --args 0x28,1,0 seccomp.json socket`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("%s takes a profile and one or more syscalls; see %s --help", cmd.CommandPath(),
					cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: completeProfileThenSyscalls,
		RunE: func(_ *cobra.Command, args []string) error {
			var known decisions.Args
			var err error
			if argFlag != "" {
				if known, err = decisions.ParseArgs(argFlag); err != nil {
					return fmt.Errorf("--args: %w", err)
				}
			}
			scope, err := a.scope(&flags, args[0])
			if err != nil {
				return err
			}
			p, err := a.readProfile(args[0])
			if p == nil || err != nil {
				return err
			}
			a.noteRefusals(p, scope)
			explanations := decisions.Explain(p, scope, args[1:], known)
			if slices.ContainsFunc(explanations, func(e *decisions.Explanation) bool { return e.Syscall == nil }) {
				a.setStatus(StatusFindings)
			}
			if flags.format == "json" {
				return decisions.WriteExplanationsJSON(a.stdout, p, explanations)
			}
			return decisions.WriteExplanations(a.stdout, explanations, a.colored(a.stdout))
		},
	}
	flags.register(cmd, "text", "json")
	cmd.Flags().StringVar(&argFlag, "args", "", "`ARGUMENTS` of the calls, such as 1,0x10; _ for one that is not known")
	return cmd
}

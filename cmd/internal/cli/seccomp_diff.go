package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
)

func (a *app) seccompDiffCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what two profiles decide differently",
		Long: `Show what two profiles decide differently: not which lines changed, but which calls are now allowed
or refused, under which conditions, and for which targets. All loaders that read the files, runtimes,
releases of libseccomp, architectures, capabilities and kernels that make a difference are compared,
as far as the targets name them. One of the profiles can be -, for standard input, and each the name
of an engine's default profile, which is compared for that engine where it reads the other one.

The page of the format html lists the changes, and shows both profiles side by side for the target
that "seccomp table" shows.

Exit status: 0 when they decide alike, 1 when they do not.`,
		Example: `  sandlint seccomp diff old.json new.json
  sandlint seccomp diff docker@29 seccomp.json
  sandlint seccomp diff --format html docker@28 docker@29 > profiles.html
  git show main:seccomp.json | sandlint seccomp diff --format markdown - seccomp.json
  sandlint seccomp diff --target docker=28 --target runc=1.1.5..1.2 old.json new.json`,
		Args:              exactly(2, "two profiles"),
		ValidArgsFunction: completeProfiles(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "-" && args[1] == "-" {
				return errors.New("standard input can be one of the profiles, not both")
			}
			scope, err := a.scope(&flags, args...)
			if err != nil {
				return err
			}
			before, err := a.readProfile(args[0])
			if err != nil {
				return err
			}
			after, err := a.readProfile(args[1])
			if err != nil || before == nil || after == nil {
				return err
			}
			d := decisions.NewDiff(before, after, scope)
			a.noteRefused(before, d.OldRefused)
			if before.Source.Path != after.Source.Path {
				a.noteRefused(after, d.NewRefused)
			}
			if !d.Empty() {
				a.setStatus(StatusFindings)
			}
			switch flags.format {
			case "json":
				return d.WriteJSON(a.stdout)
			case "markdown":
				return d.WriteMarkdown(a.stdout)
			case "html":
				a.hosted(before)
				a.hosted(after)
				return d.WriteHTML(a.stdout, scope)
			}
			return d.WriteText(a.stdout, a.colored(a.stdout))
		},
	}
	flags.consumers(cmd)
	formatFlag(cmd, &flags.format, "text", "json", "markdown", "html")
	return cmd
}

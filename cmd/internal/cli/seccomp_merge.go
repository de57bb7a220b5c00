package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	fixes "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

func (a *app) seccompMergeCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "merge BASE ADDITION…",
		Short: "Write a profile that allows what several profiles allow",
		Long: `Print BASE with what the ADDITIONs allow besides. A call ends as it does in BASE, unless an addition is
more permissive: ALLOW is more than LOG, LOG more than NOTIFY, and NOTIFY more than everything else.
A rule of BASE that denies what an addition allows for some arguments is written again for the others.
A call that no profile allows keeps the answer of BASE, so an errno or a KILL never changes; only
runc's border, above which it answers ENOSYS, follows the highest number that is named.

The result is proved to be this union for every syscall, argument, architecture, capability and kernel
that makes a difference, for the loaders, runtimes and releases of libseccomp that read BASE, or for
those that targets name. Where the union cannot be written as a profile, or libseccomp's result is
unknown, nothing is written, and the place and the reason are reported. An ADDITION without a list of
architectures is taken to have that of BASE; lists that differ usually have no union.

The layout of BASE, the order of its fields and its indentation stay. BASE and ADDITIONs can be names
of built-in profiles, and one of them -, for standard input.

Exit status: 2 when there is no such profile.`,
		Example: `  sandlint seccomp merge docker@29 additions.json > seccomp.json
  sandlint seccomp merge --target docker=29 seccomp.json debugger.json io_uring.json
  sandlint seccomp merge --format json docker@29 additions.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("%s takes a profile and one or more additions; see %s --help", cmd.CommandPath(),
					cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: completeProfiles(0),
		RunE: func(_ *cobra.Command, args []string) error {
			if i := slices.Index(args, "-"); i >= 0 && slices.Contains(args[i+1:], "-") {
				return errors.New("standard input can be one of the profiles, not several")
			}
			scope, err := a.scope(&flags, args...)
			if err != nil {
				return err
			}
			var profiles []*seccomp.Profile
			for _, path := range args {
				p, err := a.readProfile(path)
				if p == nil || err != nil {
					return err
				}
				profiles = append(profiles, p)
			}
			base, additions := profiles[0], profiles[1:]
			merged, obstacle := fixes.Merge(base, additions, scope.Targets)
			if obstacle != nil {
				a.warnf("no union: %s", decisions.ObstacleText(obstacle))
				a.setStatus(StatusUsage)
			}
			if merged != nil {
				a.noteBorder(base, merged, scope.Targets)
			}
			if merged != nil {
				host, after, err := a.inFile(base.Source, merged.Source.Bytes)
				if err != nil {
					a.warnf("%v", err)
					a.setStatus(StatusUnreadable)
					return nil
				}
				base.Source, merged.Source = host, source.NewFile(merged.Source.Path, after)
			}
			if flags.format == "json" {
				return decisions.WriteMergeJSON(a.stdout, base, additions, merged, obstacle)
			}
			if merged == nil {
				return nil
			}
			return a.printed(merged.Source.Bytes)
		},
	}
	flags.consumers(cmd)
	formatFlag(cmd, &flags.format, "profile", "json")
	return cmd
}

// noteBorder reports where runc's border moved, since the calls between are answered in another way then.
func (a *app) noteBorder(base, merged *seccomp.Profile, t decide.Targets) {
	borders := decide.Diff(base, merged, t).Borders
	if len(borders) == 0 {
		return
	}
	b := borders[0]
	a.warnf("the highest number that is named, above which runc answers ENOSYS, moves from %d to %d on %s; calls "+
		"between that no profile names get the default action now", b.Before, b.After, b.ABI)
}

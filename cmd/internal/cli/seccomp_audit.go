package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
)

func (a *app) seccompAuditCommand() *cobra.Command {
	var flags seccompFlags
	var profile string
	cmd := &cobra.Command{
		Use:   "audit RECORD|-",
		Short: "Explain the kernel's log of a refused call",
		Long: `Explain a record of the kernel about seccomp: which architecture and syscall its numbers are, what the
filter did, what the program saw of it, and what to do. With --profile, also show which rule of the
profile decides so, or that the profile does not, so another filter did.

The record is a line of an audit log, of ausearch (-i too), dmesg or journalctl, or the part of it
that counts; - reads such lines from standard input. Equal records are shown once.

Exit status: 1 where the number of a record is no syscall, 2 where there is no record.`,
		Example: `  sandlint seccomp audit 'arch=c000003e syscall=435 code=0x50000'
  sandlint seccomp audit --profile seccomp.json 'type=SECCOMP … arch=c000003e syscall=437 compat=0 code=0x80000000'
  journalctl -k | sandlint seccomp audit --profile seccomp.json -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s takes a record of the kernel, or - for standard input; see %s --help",
					cmd.CommandPath(), cmd.CommandPath())
			}
			if len(args) == 1 && args[0] == "-" && profile == "-" {
				return errors.New("standard input can be the records or the profile, not both")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			var paths []string
			if profile != "" {
				paths = []string{profile}
			}
			scope, err := a.scope(&flags, paths...)
			if err != nil {
				return err
			}
			var p *seccomp.Profile
			if profile != "" {
				if p, err = a.readProfile(profile); p == nil || err != nil {
					return err
				}
			}
			in, from := io.Reader(strings.NewReader(strings.Join(args, " "))), "the record"
			if len(args) == 1 && args[0] == "-" {
				in, from = a.stdin, "<stdin>"
			}
			return a.audit(in, from, p, scope, &flags)
		},
	}
	flags.consumers(cmd)
	cmd.Flags().StringVar(&profile, "profile", "", "the `PROFILE` that was in force")
	cmd.Flags().StringSliceVar(&flags.caps, "cap", nil,
		"`CAPABILITY` that the container has besides the default ones; all, or none to begin with an empty set "+
			"(repeatable)")
	cmd.Flags().StringVar(&flags.kernel, "kernel", "",
		"`VERSION` of Linux, for the minKernel of rules (default: the newest)")
	completeCaps(cmd, "cap", "all", "none")
	_ = cmd.RegisterFlagCompletionFunc("profile", completeProfiles(0))
	formatFlag(cmd, &flags.format, "text", "json")
	return cmd
}

func (a *app) audit(in io.Reader, from string, p *seccomp.Profile, scope decisions.Scope, flags *seccompFlags) error {
	var records decisions.Records
	rec, err := recording.Events(in, records.Add)
	if err != nil {
		a.warnf("%v", workspace.FileError{Path: from, Err: err})
		a.setStatus(StatusUnreadable)
		return nil
	}
	if rec.Malformed > 0 {
		a.warnf("%s: %s that cannot be read, that of line %d first", from, report.Plural(rec.Malformed, "record"),
			rec.FirstMalformed)
	}
	if records.Empty() {
		return fmt.Errorf("%s: no record of the kernel about seccomp, such as \"arch=c000003e syscall=435 "+
			"code=0x50000\"; a log is read from standard input, with -", from)
	}
	if p != nil {
		a.noteRefusals(p, scope)
	}
	verdicts := decisions.Audit(&records, p, scope)
	if decisions.AnyUnknown(verdicts) {
		a.setStatus(StatusFindings)
	}
	if flags.format == "json" {
		return decisions.WriteVerdictsJSON(a.stdout, verdicts, p, rec)
	}
	return decisions.WriteVerdicts(a.stdout, verdicts, p, a.colored(a.stdout))
}

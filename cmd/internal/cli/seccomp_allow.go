package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/fixers/seccomp/allow"
	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

type allowFlags struct {
	seccompFlags
	strace, audit []string
	write         bool
}

func (a *app) seccompAllowCommand() *cobra.Command {
	var flags allowFlags
	cmd := &cobra.Command{
		Use:   "allow PROFILE|- [SYSCALL…]",
		Short: "Extend a profile by syscalls that it refuses",
		Long: `Extend a profile by syscalls: by those that are named, by those that a recorded run made and the
profile refuses, and by what runc or crun itself needs to start a container under it. The profile
is edited in place, with the least change, and the result is proved: each added syscall is allowed
for all targets that know it, and no other call is decided otherwise. As names are added, runc may
no longer answer ENOSYS to others, so these are added to a rule that does.

A recorded run is the output of strace (with -f, -c, -e raw, times and so on), or the records of
the kernel about seccomp in an audit log, in the output of ausearch (-i too), dmesg or journalctl.
A recorded call that the profile allows for some arguments only is left as it is, and so is one
that it answers with ENOSYS where programs fall back on another; name it to allow it.

The changes are printed as one unified diff, for git apply or patch -p1; -w writes them instead,
and prints the whole profile where that is standard input. A built-in profile, such as docker@29, is
printed as a whole too.

Exit status: 0 when there is nothing to change or -w made the changes, 1 when the diff is not
empty, 2 for a name that is not a syscall, 3 when the profile cannot be read, extended or written.`,
		Example: `  sandlint seccomp allow seccomp.json openat2 faccessat2
  strace -f -o run.log ./server; sandlint seccomp allow -w --from-strace run.log seccomp.json
  sandlint seccomp allow docker@29 clone3 > seccomp.json
  sandlint seccomp allow --target runc=1.3 --from-audit /var/log/audit/audit.log seccomp.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && len(flags.strace)+len(flags.audit) == 0 {
				return fmt.Errorf("%s takes a profile, and syscalls or a recording; see %s --help", cmd.CommandPath(),
					cmd.CommandPath())
			}
			stdin := 0
			for _, path := range slices.Concat(args[:1], flags.strace, flags.audit) {
				if path == "-" {
					stdin++
				}
			}
			if stdin > 1 {
				return errors.New("standard input can be the profile or one recording, not both")
			}
			return nil
		},
		ValidArgsFunction: completeProfileThenSyscalls,
		RunE:              func(_ *cobra.Command, args []string) error { return a.allow(&flags, args[0], args[1:]) },
	}
	flags.consumers(cmd)
	flags.recordings(cmd)
	cmd.Flags().BoolVarP(&flags.write, "write", "w", false, "write the profile instead of printing a diff")
	cmd.Flags().BoolVarP(&flags.quiet, "quiet", "q", false, "do not say what is added, and why")
	return cmd
}

// recordings registers the flags for recorded runs.
func (f *allowFlags) recordings(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.strace, "from-strace", nil,
		"also allow what the programs of this `LOG` of strace called; - for standard input (repeatable)")
	cmd.Flags().StringArrayVar(&f.audit, "from-audit", nil,
		"also allow the calls in the kernel's records in this `LOG`; - for standard input (repeatable)")
	cmd.Flags().StringSliceVar(&f.archs, "arch", nil,
		"`ARCHITECTURE` of numbers without a name: x86_64, arm64, x86 … (default: x86_64)")
	completeArchs(cmd)
	_ = cmd.MarkFlagFilename("from-strace")
	_ = cmd.MarkFlagFilename("from-audit")
}

func (a *app) allow(flags *allowFlags, path string, names []string) error {
	scope, err := a.scope(&flags.seccompFlags, path)
	if err != nil {
		return err
	}
	plan, err := a.extension(flags, scope, path, nil, names)
	if plan == nil || err != nil {
		return err
	}
	if !flags.quiet {
		for _, line := range decisions.PlanLines(plan) {
			a.warnf("%s", line)
		}
	}
	return a.applyPlan(plan, path, flags.write)
}

// extension returns how to extend the profile at a path by syscalls that are wanted, named and recorded; nil after it
// has reported why that cannot be done.
func (a *app) extension(
	flags *allowFlags, scope decisions.Scope, path string, wanted []allow.Wanted, names []string,
) (*allow.Plan, error) {
	arch := "x86_64"
	if len(scope.Archs) > 0 {
		arch = scope.Archs[0].ABI
	}
	for _, name := range names {
		s, err := syscallNamed(name, arch)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, allow.Wanted{Name: s.Name, Reason: allow.Named})
	}
	p, err := a.readProfile(path)
	if p == nil || err != nil {
		return nil, err
	}
	for _, log := range flags.strace {
		wanted = append(wanted, a.recorded(log, recording.Strace, arch, &flags.seccompFlags)...)
	}
	for _, log := range flags.audit {
		wanted = append(wanted, a.recorded(log, recording.Audit, arch, &flags.seccompFlags)...)
	}
	if a.status == StatusUnreadable {
		return nil, nil
	}
	plan := a.plan(p, scope.Targets, wanted)
	if plan == nil {
		return nil, nil
	}
	return plan, decisions.Impossible(plan)
}

// plan returns how to extend a profile; nil after it has reported why that cannot be done.
func (a *app) plan(p *seccomp.Profile, targets decide.Targets, wanted []allow.Wanted) *allow.Plan {
	plan, err := allow.New(p, targets, wanted)
	if err != nil {
		var at *allow.NotEditableError
		where := p.Source.Path
		if errors.As(err, &at) && !at.At.IsEmpty() {
			where = place(p.Source, at.At.Start)
		}
		a.warnf("%s cannot be extended: %v", where, err)
		a.setStatus(StatusUnreadable)
		return nil
	}
	return plan
}

// applyPlan writes the extended profile, or prints what changes.
func (a *app) applyPlan(plan *allow.Plan, path string, write bool) error {
	f, after, err := a.inFile(plan.Profile.Source, plan.After)
	if err != nil {
		a.warnf("%v", err)
		a.setStatus(StatusUnreadable)
		return nil
	}
	switch {
	case write && builtin.Claims(path):
		return fmt.Errorf("%s is built in and cannot be written; without -w the extended profile is printed", path)
	case write && path == "-", builtin.Claims(path): // a diff of what is no file would apply to nothing
		return a.printed(after)
	case !plan.Changes():
		return nil
	case !write:
		a.setStatus(StatusFindings)
		return a.printPatch(a.patch(f, after, "-w"))
	}
	dir, err := a.getwd()
	if err != nil {
		return err
	}
	if err := fixers.WriteFile(f, absolute(dir, a.fileOf(path)), after); err != nil {
		a.warnf("%v", workspace.FileError{Path: f.Path, Err: fmt.Errorf("not written: %w", err)})
		a.setStatus(StatusUnreadable)
	}
	return nil
}

// printed writes text on standard output; on a terminal without what would control it.
func (a *app) printed(text []byte) error {
	if a.isTerminal(a.stdout) {
		text = report.VisibleLines(text)
	}
	if _, err := a.stdout.Write(text); err != nil {
		return outputError{fmt.Errorf("writing standard output: %w", err)}
	}
	return nil
}

// syscallNamed returns the syscall that the user gives as a name, or as a number on an ABI.
func syscallNamed(word, abi string) (*seccomp.Syscall, error) {
	if n, err := strconv.ParseUint(word, 0, 31); err == nil {
		if s, ok := decisions.Named(abi, int(n)); ok {
			return s, nil
		}
		return nil, fmt.Errorf("no syscall has the number %s on %s", word, abi)
	}
	if s, ok := seccomp.LookupSyscall(word); ok {
		return s, nil
	}
	near := ""
	if names := seccomp.NearSyscalls(word); len(names) > 0 {
		near = "; did you mean " + decisions.Or(names) + "?"
	}
	return nil, fmt.Errorf("syscall %q is unknown to libseccomp %s%s", word, seccomp.NewestLibseccomp(), near)
}

// recorded returns the syscalls of a recording, and reports what in it could not be used.
func (a *app) recorded(path string, read func(io.Reader) (*recording.Recording, error), abi string,
	flags *seccompFlags) (wanted []allow.Wanted) {
	in, err := a.openRecording(path)
	if err != nil {
		a.warnf("%v", workspace.FileError{Path: path, Err: err})
		a.setStatus(StatusUnreadable)
		return nil
	}
	defer in.Close()
	rec, err := read(in)
	if err != nil {
		a.warnf("%v", workspace.FileError{Path: path, Err: err})
		a.setStatus(StatusUnreadable)
		return nil
	}
	names, unknown := decisions.RecordedNames(rec, abi)
	for _, name := range names {
		wanted = append(wanted, allow.Wanted{Name: name, Reason: allow.Recorded})
	}
	if flags.quiet {
		return wanted
	}
	for _, u := range unknown {
		a.warnf("%s:%d: %s", path, u.Line, u.Text)
	}
	if rec.Malformed > 0 {
		a.warnf("%s:%d: %s that cannot be read as a call, this one first", path, rec.FirstMalformed,
			report.Plural(rec.Malformed, "line"))
	}
	if rec.Other > 0 {
		a.warnf("%s: %s not about seccomp left out", path, report.Plural(rec.Other, "record"))
	}
	if len(rec.Calls) == 0 {
		a.warnf("%s: it holds no call", path)
	}
	return wanted
}

func place(f *source.File, offset int) string {
	p := f.Position(offset)
	return fmt.Sprintf("%s:%d:%d", report.Visible(f.Path), p.Line, p.Column)
}

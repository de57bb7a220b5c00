package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/rules"
)

func (a *app) checkCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [PATH…|-]",
		Short: "Report problems in files",
		Long: `Report problems in Dockerfiles, nix.conf files and seccomp profiles, and in the nix.conf
text in GitHub workflows and actions, devcontainer.json, flake.nix and shell scripts.

A file is checked as what its name or its content says it is. A folder is searched for files,
without those that git ignores and does not track, and without templates and the like that
only have the name. Without a path, the working directory is searched. With either, the files
that these use are checked too, whatever their names are: what a nix.conf includes, what a
Dockerfile copies to where Nix reads it, and the Dockerfiles, profiles and scripts that bake
files, Compose files, workflows and scripts name. A file that is named and cannot be checked
is reported on standard error; when nothing is checked, the exit status is 2.

With --changed, the named files are the changed ones of their repository, as a commit hook
names them. They are looked at as a search of the whole repository does, which passes over
other files, and of all files that did not change those findings are reported that depend on
the changed ones: they are not there while these are empty.

With --staged, the files are those of git's index, not of the work tree, so it does not matter
what is not staged yet. All findings in files that the next commit changes are reported, and in
other files those that HEAD does not have. The configuration and the baseline are read from the
work tree. Without a path, the whole repository is searched; with nothing staged, the exit status
is 0.

With --since, the files as they are, untracked ones too, are compared with the last commit that
HEAD and the revision have in common: the revision itself where HEAD comes after it, else where a
branch began. Both states are checked, with the configuration of now, and a finding is reported
that the earlier one does not have, in whatever file: one with the same rule, the same text and
the same line where that begins. A file that was moved keeps its findings. Together with --staged,
the index is compared. Submodules are not looked at there.

With --add-ignores, all findings are suppressed instead of reported: by a comment for each
instruction, setting or key, or, where a file has no comments, by a block in the nearest
` + config.Name + `. The result has been checked: nothing is found and nothing means something else.

With --cache, what is found in each file is kept in a folder, or on a server that speaks Bazel's
simple HTTP protocol, and is used again as long as everything that it depends on is the same. The
output does not change. SANDLINT_CACHE sets a place for all runs, and with a secret in
SANDLINT_CACHE_KEY only results count that are signed with it.

With --watch, the files are checked again whenever something changes that the result depends on,
until the program is interrupted; the exit status is that of the last check. On a terminal, the
result is shown in place of the one before. Elsewhere each result that differs from the one before
is printed, in the format json as one line.

The path - is standard input, which is checked alone; --stdin-filename says where that text
belongs, which determines its kind, its configuration and the files beside it.

With --stream, any number of small projects are checked in one process: each line of standard
input is a record, {"id": …, "files": [{"path": …, "content": …}]}, and is answered on one line
by what the format json prints, with the id. Nothing else is read, no configuration either, but
what is in the record and what --config names. A record that cannot be checked is answered with
an error and has no effect on the others. With --stream=tar, a tar has a record in each
top-level folder. The exit status does not depend on what is found. docs/fleet.md says more.

For each file the nearest ` + config.Name + ` upwards holds; "sandlint config show PATH" shows what it says.

The default format is text, and github inside a GitHub workflow; the environment variable
SANDLINT_FORMAT sets another default. --format may be repeated, with a file for each but one.
In the formats sarif and gitlab, paths are relative to the root of the repository. In a GitHub
job, sarif leaves out suppressed findings, for which GitHub would open alerts.`,
		Example: `  sandlint check
  sandlint check images/ nix.conf
  sandlint check --format text --format sarif=findings.sarif
  sandlint check --statistics
  sandlint check --diff nix.conf
  sandlint check --only sandbox,nix/unknown-setting --target nix=2.24
  sandlint check --changed etc/nix.conf compose.yaml
  sandlint check --staged
  sandlint check --since origin/main
  sandlint check --stream --diff < records.jsonl
  sandlint check --cache ../results
  sandlint check --add-ignores="accepted in ticket 7" -w
  sandlint check --format json --stdin-filename images/Dockerfile - < buffer`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.add.contradictions(cmd, &flags); err != nil {
				return err
			}
			if err := flags.stream.check(cmd, &flags, args); err != nil {
				return err
			}
			if flags.stream.form != "" {
				return a.stream(&flags)
			}
			if flags.watch.on {
				return a.watch(cmd.Context(), &flags, args)
			}
			return a.check(&run{flags: &flags.runFlags}, &flags, args)
		},
	}
	flags.input(cmd)
	flags.rules(cmd, a)
	flags.history(cmd)
	cmd.Flags().BoolVar(&flags.statistics, "statistics", false,
		"in the formats text and json, print how often each rule found something instead of the findings")
	flags.add.register(cmd)
	flags.stream.register(cmd)
	flags.cache.register(cmd)
	flags.watch.register(cmd)
	cmd.Flags().BoolVar(&flags.diff, "diff", false, "also print the safe fixes as a diff, after the findings")
	return cmd
}

// checkFlags are the flags of check.
type checkFlags struct {
	runFlags
	diff   bool
	add    addFlags
	cache  cacheFlags
	stream streamFlags
	watch  watchFlags
}

// check does a check. The run, which is new, holds afterwards what the check read, as far as it came.
func (a *app) check(r *run, flags *checkFlags, paths []string) error {
	outputs, err := a.outputs(&flags.runFlags)
	if err != nil {
		return err
	}
	r.outputs = outputs
	open := func() error { return a.openCache(r, &flags.cache, paths) }
	if !r.cached(flags, paths) {
		open = nil
	}
	if err := a.prepareRun(r, open, paths); err != nil {
		return err
	}
	progress := a.newProgress(flags.quiet)
	opts := a.checkOptions(r)
	opts.Fixes = slices.ContainsFunc(outputs, func(o report.Output) bool { return o.Fixes })
	opts.Progress = progress.function()
	opts.Cache = a.cacheOf(r)
	res := rules.Check(r.workspace, r.policies, opts)
	progress.end()
	a.closeCache(r)
	if err := errors.Join(r.read(), a.lookFor(r, res)); err != nil {
		return err
	}
	add(res, r.compare(res))
	if flags.add.on {
		unsuppressed := *res
		unsuppressed.Findings = nil // they do not count
		a.finish(r, &unsuppressed, nil)
		return a.addIgnores(r, flags, res)
	}
	a.finish(r, res, res.Rejected)
	if err := a.write(r, res, a.stdout); err != nil || !flags.diff {
		return err
	}
	fixed := rules.Fix(r.workspace, r.policies, rules.FixOptions{CheckOptions: a.checkOptions(r), Leave: r.leave()})
	r.pruned(fixed)
	if len(fixed.Files) > 0 {
		if _, err := a.stdout.Write([]byte("\n")); err != nil {
			return fmt.Errorf("writing the diff: %w", err)
		}
	}
	return a.printDiff(fixed)
}

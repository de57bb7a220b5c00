package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

type fixFlags struct {
	runFlags
	write  bool
	unsafe bool
}

func (a *app) fixCommand() *cobra.Command {
	var flags fixFlags
	cmd := &cobra.Command{
		Use:   "fix [PATH…|-]",
		Short: "Print the safe fixes as one diff, or apply them",
		Long: `Print one unified diff of all safe fixes, for git apply or patch -p1; -w applies them instead.

Each fix has been proved in memory: the fixed file was parsed and linted again, and nothing in
its meaning changed except what the fix is for. Unsafe fixes change the meaning as their titles
say, and are made only with --unsafe.

With -w, the fixed text of standard input (-) is written to standard output. The exit status is
1 when the diff is not empty and, as for check, when findings at or above --fail-on remain.
With --format, the remaining findings are reported.`,
		Example: `  sandlint fix
  sandlint fix | git apply
  sandlint fix -w --unsafe images/Dockerfile
  sandlint fix -w --stdin-filename nix.conf - < buffer`,
		RunE: func(_ *cobra.Command, args []string) error { return a.fix(&flags, args) },
	}
	flags.input(cmd)
	flags.rules(cmd, a)
	cmd.Flags().BoolVarP(&flags.write, "write", "w", false, "write the fixed files instead of printing a diff")
	cmd.Flags().BoolVar(&flags.unsafe, "unsafe", false, "also make unsafe fixes")
	return cmd
}

func (a *app) fix(flags *fixFlags, paths []string) error {
	var outputs []report.Output
	if len(flags.formats) > 0 {
		var err error
		if outputs, err = a.outputs(&flags.runFlags); err != nil {
			return err
		}
	}
	r, err := a.prepare(&flags.runFlags, paths)
	if err != nil {
		return err
	}
	r.outputs = outputs
	progress := a.newProgress(flags.quiet)
	res := rules.Fix(r.workspace, r.set, rules.FixOptions{
		CheckOptions: rules.CheckOptions{
			NoIgnores: flags.noIgnores, Progress: progress.function(), Stacks: flags.verbose,
		},
		Unsafe: flags.unsafe,
	})
	progress.end()

	std := a.stderr // where the remaining findings are reported, unless --format names a file
	if flags.write {
		if r.stdin == nil {
			std = a.stdout
		}
		err = a.writeFixed(r, res)
	} else {
		err = a.printDiff(res)
	}
	a.summarize(res, flags)
	a.finish(r, res.After, res.Rejected)
	if err != nil {
		return err
	}
	return a.write(r, res.After, std)
}

// printDiff prints the changes of all files as one patch.
func (a *app) printDiff(res *rules.FixResult) error {
	var patch []byte
	for _, f := range res.Files {
		patch = append(patch, fixers.Unified(f.File.Path, f.File.Bytes, f.After)...)
	}
	if len(patch) == 0 {
		return nil
	}
	a.setStatus(StatusFindings)
	if _, err := a.stdout.Write(patch); err != nil {
		return fmt.Errorf("writing the diff: %w", err)
	}
	return nil
}

// writeFixed writes the files that changed. Standard input is written to standard output, changed or not.
func (a *app) writeFixed(r *run, res *rules.FixResult) error {
	stdin := map[string]bool{}
	for _, e := range r.workspace.Entries {
		stdin[e.Path] = e.Stdin
	}
	text := r.stdin
	for _, f := range res.Files {
		if stdin[f.File.Path] {
			text = f.After
			continue
		}
		if err := fixers.WriteFile(f.File, absolute(r.dir, f.File.Path), f.After); err != nil {
			a.warnf("%v", err)
			a.setStatus(StatusUnreadable)
		}
	}
	if _, err := a.stdout.Write(text); err != nil {
		return fmt.Errorf("writing standard output: %w", err)
	}
	return nil
}

// summarize says on standard error what was fixed and what remains.
func (a *app) summarize(res *rules.FixResult, flags *fixFlags) {
	applied := 0
	for _, f := range res.Files {
		applied += len(f.Applied)
		for _, fix := range f.Applied {
			if flags.verbose {
				a.warnf("%s: %s (%s, %s)", f.File.Path, fix.Title, fix.Rule.ID, fix.Safety)
			}
		}
	}
	if flags.quiet {
		return
	}
	fixed := "nothing to fix"
	switch {
	case applied > 0 && flags.write:
		fixed = fmt.Sprintf("%s in %s written", report.Plural(applied, "fix"), report.Plural(len(res.Files), "file"))
	case applied > 0:
		fixed = fmt.Sprintf("%s in %s; -w writes them", report.Plural(applied, "fix"),
			report.Plural(len(res.Files), "file"))
	}
	more := ""
	if !flags.unsafe && slices.ContainsFunc(res.After.Findings, func(f rules.Finding) bool {
		return slices.Contains(f.Rule.Fixes, fixers.Unsafe)
	}) {
		more = "; --unsafe may fix more"
	}
	fmt.Fprintf(a.stderr, "%s\nremaining: %s%s\n", fixed, report.Summary(res.After), more)
}

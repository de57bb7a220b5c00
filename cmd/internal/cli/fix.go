package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

type fixFlags struct {
	runFlags
	write     bool
	unsafe    bool
	failFixed bool
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
1 when the diff is not empty and, as for check, when findings at or above --fail-on remain, and
3 when a file could not be written; its findings remain. A change whose lines show a password is
left out of the diff. A fix may bring another finding to light, which is fixed as well, so there
may be more fixes than check announces.

With --changed, the named files are looked at as a search of their repository does, and only they
are changed.

With --staged, the diff is that of what is staged, for git apply --cached. With --since and
--baseline, findings that were there before are left alone.

With -w, the remaining findings are listed on standard error, one a line; with --format, they are
reported in that format instead.`,
		Example: `  sandlint fix
  sandlint fix | git apply
  sandlint fix --staged | git apply --cached
  sandlint fix -w --since origin/main
  sandlint fix -w --unsafe images/Dockerfile
  sandlint fix -w --stdin-filename nix.conf - < buffer`,
		RunE: func(_ *cobra.Command, args []string) error { return a.fix(&flags, args) },
	}
	flags.input(cmd)
	flags.rules(cmd, a)
	flags.history(cmd)
	cmd.Flags().BoolVarP(&flags.write, "write", "w", false, "write the fixed files instead of printing a diff")
	cmd.Flags().BoolVar(&flags.failFixed, "exit-non-zero-on-fix", false,
		"with -w, also make the exit status 1 when something was fixed")
	cmd.Flags().BoolVar(&flags.unsafe, "unsafe", false, "also make unsafe fixes")
	return cmd
}

func (a *app) fix(flags *fixFlags, paths []string) error {
	if flags.failFixed && a.exitZero {
		return errors.New("--exit-zero and --exit-non-zero-on-fix contradict each other")
	}
	if flags.staged && flags.write {
		return errors.New("-w writes files of the work tree, which can differ from what is staged; " +
			"\"sandlint fix --staged | git apply --cached\" fixes what is staged")
	}
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
	if err := a.look(r); err != nil {
		return err
	}
	progress := a.newProgress(flags.quiet)
	opts := rules.FixOptions{CheckOptions: a.checkOptions(r), Unsafe: flags.unsafe, Leave: r.leave()}
	opts.Progress = progress.function()
	res := rules.Fix(r.workspace, r.policies, opts)
	progress.end()
	if err := r.read(); err != nil {
		return err
	}
	r.pruned(res)

	std := a.stderr // where the remaining findings are reported, unless --format names a file
	done := outcome{files: res.Files, after: res.After}
	if flags.write {
		if r.stdin == nil {
			std = a.stdout
		}
		done, err = a.writeFixed(r, res)
	} else {
		err = a.printDiff(res)
	}
	done.after.Off = r.policies.off()
	a.summarize(res, done, flags)
	for _, u := range res.Untried {
		of := u.Paths[0]
		if len(u.Paths) > 1 {
			of += fmt.Sprintf(" and %s linked with it", report.Plural(len(u.Paths)-1, "file"))
		}
		a.warnf("%s: %s left: too many fixes of one place cannot be applied in one run", of, isOrAre(u.Fixes, "fix"))
	}
	a.finish(r, done.after, res.Rejected)
	if flags.write && flags.failFixed && len(done.files) > 0 {
		a.setStatus(StatusFindings)
	}
	if failed := a.write(r, done.after, std); err == nil {
		err = failed
	}
	return err
}

// outcome is what became of the fixes.
type outcome struct {
	files []rules.FixedFile // those that are written, or shown
	after *rules.Result     // what is left now
	// stopped is the signal that ended the writing, nil if none did.
	stopped os.Signal
}

// printDiff prints the changes of all files as one patch, without those that would show a password.
func (a *app) printDiff(res *rules.FixResult) error {
	var patch []byte
	for _, f := range res.Files {
		patch = append(patch, a.patch(f.File, f.After, `"sandlint fix -w"`)...)
	}
	if len(res.Files) > 0 {
		a.setStatus(StatusFindings)
	}
	return a.printPatch(patch)
}

// patch returns the changes of a file as a patch, without those that would show a password, which writer makes.
func (a *app) patch(f *source.File, after []byte, writer string) []byte {
	patch, hidden := fixers.UnifiedWithout(f.Path, f.Bytes, after, secret.Holds)
	if hidden > 0 {
		a.warnf("%s: %s left out of the diff, which would show a password; %s makes them", f.Path,
			report.Plural(hidden, "change"), writer)
	}
	return patch
}

func (a *app) printPatch(patch []byte) error {
	if len(patch) == 0 {
		return nil
	}
	if a.isTerminal(a.stdout) {
		patch = report.VisibleLines(patch)
	}
	if _, err := a.stdout.Write(a.fenced(patch)); err != nil {
		return outputError{fmt.Errorf("writing the diff: %w", err)}
	}
	return nil
}

// writeFixed writes the files that changed, and returns what it wrote. Standard input is written to standard output,
// changed or not. SIGINT, SIGTERM and SIGHUP end it between two files.
func (a *app) writeFixed(r *run, res *rules.FixResult) (outcome, error) {
	stdin, folders := map[string]bool{}, map[string]bool{}
	for _, e := range r.workspace.Entries {
		stdin[e.Path] = e.Stdin
		if !e.Stdin {
			folders[filepath.Dir(e.Abs)] = true
		}
	}
	for folder := range folders {
		fixers.RemoveLeftovers(folder)
	}
	signals := make(chan os.Signal, 1)
	notify := a.notify
	if notify == nil {
		notify = signal.Notify
	}
	notify(signals, endings()...)
	defer signal.Stop(signals)

	done := outcome{after: res.After}
	var failed []workspace.FileError
	text := r.stdin
	for _, f := range res.Files {
		if stdin[f.File.Path] {
			text = f.After
			done.files = append(done.files, f)
			continue
		}
		if done.stopped == nil {
			select {
			case done.stopped = <-signals:
				signal.Stop(signals) // another one ends the program at once
			default:
			}
		}
		if done.stopped != nil || len(failed) > 0 && r.isBaseline(f.File) {
			continue
		}
		if err := fixers.WriteFile(f.File, absolute(r.dir, f.File.Path), f.After); err != nil {
			failed = append(failed, workspace.FileError{Path: f.File.Path, Err: fmt.Errorf("not written: %w", err)})
			continue
		}
		done.files = append(done.files, f)
	}
	if a.isTerminal(a.stdout) {
		text = report.VisibleLines(text)
	}
	_, err := a.stdout.Write(text)
	if err != nil {
		err = outputError{fmt.Errorf("writing standard output: %w", err)}
		done.files = slices.DeleteFunc(done.files, func(f rules.FixedFile) bool { return stdin[f.File.Path] })
	}
	if len(done.files) < len(res.Files) { // what is left is not what the fixes would leave
		r.workspace.Changed()
		opts := a.checkOptions(r)
		opts.Changed = nil
		done.after = rules.Check(r.workspace, r.policies, opts)
		add(done.after, r.compare(done.after))
	}
	done.after.Unwritten = failed
	if done.stopped != nil {
		a.warnf("stopped by the signal %q", done.stopped)
		if n, ok := done.stopped.(syscall.Signal); ok {
			a.setStatus(statusSignal + int(n))
		}
	}
	return done, err
}

// count returns how many fixes were applied to files.
func count(files []rules.FixedFile) int {
	n := 0
	for _, f := range files {
		n += len(f.Applied)
	}
	return n
}

// summarize says on standard error what was fixed and what remains, each finding on a line of its own.
func (a *app) summarize(res *rules.FixResult, done outcome, flags *fixFlags) {
	for _, f := range done.files {
		for _, fix := range f.Applied {
			if flags.verbose {
				a.warnf("%s: %s (%s, %s)", f.File.Path, fix.Title, fix.Rule.ID, fix.Safety)
			}
		}
	}
	if !flags.quiet {
		a.summarizeFixes(res, done, flags)
	}
	if len(flags.formats) > 0 {
		return
	}
	for _, f := range done.after.Findings { // there is no report with them
		at := f.File.Position(f.Span.Start)
		fmt.Fprintln(a.stderr, report.Line(fmt.Sprintf("%s[%s]: %s:%d:%d: %s", f.Severity, f.ID(), f.File.Path,
			at.Line, at.Column, f.Message)))
	}
}

// summarizeFixes says in two lines how many fixes there were, and how many findings remain.
func (a *app) summarizeFixes(res *rules.FixResult, done outcome, flags *fixFlags) {
	planned, applied := count(res.Files), count(done.files)
	fixed := "nothing to fix"
	switch {
	case applied < planned:
		fixed = fmt.Sprintf("%d of %d fixes written", applied, planned)
	case applied > 0 && flags.write:
		fixed = fmt.Sprintf("%s in %s written", report.Plural(applied, "fix"), report.Plural(len(done.files), "file"))
	case applied > 0:
		how := "-w writes them"
		if flags.staged {
			how = "\"git apply --cached\" stages them"
		}
		fixed = fmt.Sprintf("%s in %s; %s", report.Plural(applied, "fix"), report.Plural(len(done.files), "file"), how)
	}
	more := ""
	if !flags.unsafe && slices.ContainsFunc(done.after.Findings, func(f rules.Finding) bool {
		return slices.Contains(f.Offered, fixers.Unsafe)
	}) {
		more = "; --unsafe may fix more"
	}
	fmt.Fprintf(a.stderr, "%s\nremaining: %s%s\n", fixed, report.Summary(done.after), more)
}

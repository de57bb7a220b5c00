package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/baseline"
	"github.com/sandlint/sandlint/rules/sandlint"
)

func (a *app) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Accept what is found today, and report only what is new",
		Long: `A baseline is a file with the findings that a project has accepted. "sandlint check --baseline FILE",
or baseline = "FILE" in ` + config.Name + `, reports only findings that are not in it.

An entry is found again by the file's path from the root of the repository, the rule, and the
text that the finding marks, so lines may be added, removed and moved around it. A finding that
was fixed makes its entry stale, which sandlint/stale-baseline reports: the baseline only shrinks,
unless it is written anew. A file that is renamed has new findings, and stale entries.

The file has one entry a line, sorted by hashes, so branches that add and remove entries merge as
long as they do not change neighbouring lines. With the line

  ` + baseline.Name + ` merge=union

in .gitattributes, git keeps the lines of both branches there too; the order of lines does not
matter, and an entry that a merge brings back is reported as stale.`,
		Example: `  sandlint baseline write              accept all findings of the repository
  sandlint check --baseline ` + baseline.Name + `
  sandlint baseline prune              remove what has been fixed since`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args) }
	cmd.AddCommand(a.baselineWriteCommand(), a.baselinePruneCommand(), a.baselineCheckCommand())
	return cmd
}

func (a *app) baselineWriteCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "write [PATH…]",
		Short: "Write all findings to the baseline",
		Long: `Write all findings to the baseline: the file that --baseline or the configuration names, else
` + baseline.Name + ` in the root of the repository. Without a path, the files are those that the
baseline was written for before, else all of the repository.

Findings that a comment suppresses are not in it. Entries of files outside of the given paths, of
files that cannot be read, and of rules that do not run, stay as they are.`,
		Example: `  sandlint baseline write
  sandlint baseline write --baseline ci/accepted images/`,
		RunE: func(_ *cobra.Command, paths []string) error { return a.baselineWrite(&flags, paths) },
	}
	flags.accepted(cmd, a)
	return cmd
}

func (a *app) baselinePruneCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove the entries that accept nothing any more",
		Long: `Remove the entries of the baseline that accept nothing any more, and lower the numbers of those
that accept fewer findings than they say. All other lines stay as they are. The files that the
baseline was written for are looked at; entries of files that cannot be read, and of rules that do
not run, stay.`,
		Example: `  sandlint baseline prune
  sandlint baseline prune --baseline ci/accepted`,
		Args: exactly(0, "no arguments: it looks at the files that the baseline was written for"),
		RunE: func(*cobra.Command, []string) error { return a.baselinePrune(&flags) },
	}
	flags.accepted(cmd, a)
	return cmd
}

func (a *app) baselineCheckCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Report the entries that accept nothing any more",
		Long: `Report the entries of the baseline that accept nothing any more, or fewer findings than they say;
the exit status is 1 when there are any. The files that the baseline was written for are looked
at. Findings that are not in the baseline are not reported: see "sandlint check --baseline".`,
		Example: `  sandlint baseline check
  sandlint baseline check --format json`,
		Args: exactly(0, "no arguments: it looks at the files that the baseline was written for"),
		RunE: func(*cobra.Command, []string) error { return a.baselineCheck(&flags) },
	}
	flags.input(cmd)
	flags.rules(cmd, a)
	hide(cmd, "stdin-filename", "force-exclude", "no-baseline", "diff")
	return cmd
}

// accepted registers the flags of a command that changes the baseline.
func (f *runFlags) accepted(cmd *cobra.Command, a *app) {
	f.input(cmd)
	f.rules(cmd, a)
	hide(cmd, "stdin-filename", "force-exclude", "no-baseline", "fail-on", "format")
}

// hide leaves flags out of the help that have no use for a command.
func hide(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.Flags().MarkHidden(name)
		}
	}
}

// baselineRun is the run of a command about one baseline.
type baselineRun struct {
	*run
	*acceptance
}

// prepareBaseline is prepare for the commands about the baseline. Without paths, these are the ones that the baseline
// was written for. Where there is no baseline yet and it need not exist, it is empty.
func (a *app) prepareBaseline(flags *runFlags, paths []string, must bool) (*baselineRun, error) {
	if slices.Contains(paths, "-") || flags.stdinFilename != "" {
		return nil, errors.New("a baseline is about files; standard input cannot be in it")
	}
	if flags.changed {
		return nil, errors.New("a baseline is about all files; --changed cannot be used here")
	}
	dir, err := a.getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the working directory: %w", err)
	}
	nearest, err := a.nearest(flags, dir)
	if err != nil {
		return nil, err
	}
	abs := nearest.Of(filepath.Join(commonFolder(dir, paths, ""), "file")).Baseline
	if err := nearest.Err(); err != nil {
		return nil, err
	}
	everything := flags.baseline != "" || abs == ""
	switch {
	case flags.baseline != "":
		abs = absolute(dir, flags.baseline)
	case abs == "":
		abs = filepath.Join(files.Root(files.Disk{}, dir, dir), baseline.Name)
	}
	read, err := readBaseline(files.Disk{}, dir, abs)
	if errors.Is(err, fs.ErrNotExist) && !must {
		read, err = &baseline.Baseline{Source: source.NewFile(shown(dir, abs), nil)}, nil
	}
	if err != nil {
		return nil, err
	}
	at := newPlaces(files.Disk{}, dir, abs)
	if len(paths) == 0 {
		for _, path := range read.Paths {
			if _, err := (files.Disk{}).Lstat("", at.abs(path)); err == nil {
				paths = append(paths, shown(dir, at.abs(path)))
			}
		}
	}
	if len(paths) == 0 {
		paths = []string{shown(dir, at.abs("."))}
	}
	given := *flags
	given.baseline, given.noBaseline = "", true
	r, err := a.prepare(&given, paths)
	if err != nil {
		return nil, err
	}
	b := r.take(read, abs)
	b.everything = everything
	return &baselineRun{r, b}, nil
}

// find checks the files of a run, reports what could not be looked at, and finds what is stale, whether the rule that
// reports it is on or off.
func (a *app) find(r *baselineRun) *rules.Result {
	progress := a.newProgress(r.flags.quiet)
	opts := a.checkOptions(r.run)
	opts.Progress = progress.function()
	res := rules.Check(r.workspace, r.policies, opts)
	progress.end()
	without := *res
	without.Findings = nil
	a.finish(r.run, &without, nil)
	_, used := r.Match(res.Findings)
	r.stale = r.Stale(used, r.judged(r.acceptance, res))
	return res
}

func (a *app) baselineWrite(flags *runFlags, paths []string) error {
	r, err := a.prepareBaseline(flags, paths, false)
	if err != nil {
		return err
	}
	res := a.find(r)
	if res.Checked == 0 {
		return errors.New("the baseline is not written, since nothing was checked")
	}
	scope, judged := r.scope(r.acceptance), r.judged(r.acceptance, res)
	kept := slices.DeleteFunc(slices.Clone(r.Entries), func(e baseline.Entry) bool {
		return baseline.Covers(scope, e.Path) && judged(&e)
	})
	entries := slices.Clone(kept)
	place := func(shown string) string { return r.place(r.acceptance, shown) }
	by, _ := (&baseline.Baseline{Entries: kept}).Matcher(place, r.policies.packs).Match(res.Findings)
	added, other, of := 0, 0, map[string]bool{}
	for n := range res.Findings {
		path := place(res.Findings[n].File.Path)
		if path == "" {
			other++
			continue
		}
		of[path] = true
		if by[n] < 0 {
			entries = append(entries, baseline.EntryOf(&res.Findings[n], path))
		}
		added++
	}
	if err := r.write(baseline.Format(joined(r.Paths, scope), entries)); err != nil {
		return err
	}
	more := ""
	if len(kept) > 0 {
		more = fmt.Sprintf("; %s of other files or rules kept", entryOrEntries(len(kept)))
	}
	if other > 0 {
		more += fmt.Sprintf("; %s of files with another configuration left out", report.Plural(other, "finding"))
	}
	return a.say(r.run, "%s: %s in %s accepted%s", r.Source.Path, report.Plural(added, "finding"),
		report.Plural(len(of), "file"), more)
}

// joined returns the files and folders of two lists, sorted, without those that lie in another one.
func joined(before, now []string) []string {
	all := slices.Concat(before, now)
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(slices.Clone(all), func(path string) bool {
		return slices.ContainsFunc(all, func(other string) bool {
			return other != path && baseline.Covers([]string{other}, path)
		})
	})
}

func (a *app) baselinePrune(flags *runFlags) error {
	r, err := a.prepareBaseline(flags, nil, true)
	if err != nil {
		return err
	}
	a.find(r)
	gone, less := 0, 0
	for _, s := range r.stale {
		if s.Left == 0 {
			gone++
		} else {
			less++
		}
	}
	if len(r.stale) > 0 {
		if err := r.write(r.Prune(r.stale)); err != nil {
			return err
		}
	}
	lowered := ""
	if less > 0 {
		lowered = fmt.Sprintf(", %d lowered", less)
	}
	return a.say(r.run, "%s: %d of %s removed%s", r.Source.Path, gone, entryOrEntries(len(r.Entries)), lowered)
}

func entryOrEntries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func (a *app) baselineCheck(flags *runFlags) error {
	outputs, err := a.outputs(flags)
	if err != nil {
		return err
	}
	r, err := a.prepareBaseline(flags, nil, true)
	if err != nil {
		return err
	}
	r.outputs = outputs
	res := a.find(r)
	rule, _, err := rules.Find(a.packs(), sandlint.StaleBaseline)
	if err != nil {
		return err
	}
	res.Findings, res.Suppressed = r.staleFindings(rule, rule.Severity), nil
	if len(res.Findings) > 0 {
		a.setStatus(StatusFindings)
	}
	return a.write(r.run, res, a.stdout)
}

// write writes the text of the baseline.
func (r *baselineRun) write(text []byte) error {
	var err error
	if r.Source.Bytes == nil {
		err = writeFile(r.dir, r.abs, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	} else if !bytes.Equal(r.Source.Bytes, text) {
		if err = fixers.WriteFile(r.Source, r.abs, text); err != nil {
			err = outputError{err}
		}
	}
	if err != nil {
		return fmt.Errorf("writing the baseline %s: %w", r.Source.Path, err)
	}
	return nil
}

// say prints what a command did, unless --quiet.
func (a *app) say(r *run, format string, args ...any) error {
	if r.flags.quiet {
		return nil
	}
	if _, err := fmt.Fprintf(a.stdout, "%s\n", report.Line(fmt.Sprintf(format, args...))); err != nil {
		return outputError{fmt.Errorf("writing standard output: %w", err)}
	}
	return nil
}

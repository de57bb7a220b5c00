package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/git"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/shellcheck"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
)

// runFlags are the flags of the commands that read files.
type runFlags struct {
	config        string
	noConfig      bool
	noRepoConfig  bool
	hadolint      bool // hadolint's configuration counts where there is none of ours
	selected      []string
	ignored       []string
	only          []string
	failOn        string
	targets       []string
	stdinFilename string
	forceExclude  bool
	changed       bool
	noGitignore   bool
	noIgnores     bool
	baseline      string
	staged        bool
	since         string
	noBaseline    bool
	formats       []string
	statistics    bool
	quiet         bool
	verbose       bool
	shellCheck    string
	noShellCheck  bool
}

// input registers the flags that choose what is read, and for which consumers.
func (f *runFlags) input(cmd *cobra.Command) {
	f.consumers(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.stdinFilename, "stdin-filename", "", "`PATH` that standard input stands for")
	flags.BoolVar(&f.noGitignore, "no-gitignore", false, "also search what git ignores and does not track")
	flags.BoolVarP(&f.verbose, "verbose", "v", false,
		"report which files were skipped and which fixes rejected, and why")
}

// consumers registers the flags that choose the consumers that the files are for.
func (f *runFlags) consumers(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "read this configuration `FILE`, HCL or hadolint's YAML, for all files, "+
		"instead of the nearest "+config.Name+" of each (also SANDLINT_CONFIG)")
	flags.BoolVar(&f.noConfig, "no-config", false, "read no configuration file")
	flags.BoolVar(&f.noRepoConfig, "no-repo-config", false, "read no configuration and no rule pack of the "+
		"repository, only what --config names outside of it")
	flags.StringArrayVar(&f.targets, "target", nil,
		"version of a consumer, as `CONSUMER=VERSION`, such as nix=2.24 (repeatable)")
	var consumers []string
	for _, c := range workspace.Consumers() {
		consumers = append(consumers, c+"=")
	}
	_ = cmd.RegisterFlagCompletionFunc("target",
		cobra.FixedCompletions(consumers, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("config", "hcl", "yaml", "yml")
}

// rules registers the flags that choose the rules and the output.
func (f *runFlags) rules(cmd *cobra.Command, a *app) {
	f.hadolint = true
	flags := cmd.Flags()
	flags.StringSliceVar(&f.selected, "select", nil, "switch on `RULES` that are off: ids, aliases, packs, or all")
	flags.StringSliceVar(&f.ignored, "ignore", nil, "switch off `RULES`")
	flags.StringSliceVar(&f.only, "only", nil, "apply only these `RULES`")
	flags.StringVar(&f.failOn, "fail-on", "",
		"lowest `SEVERITY` that makes the exit status 1: error, warning, info, style, never (default: fail_on of "+
			"the configuration, or warning)")
	flags.BoolVar(&a.exitZero, "exit-zero", false, "exit with 0 also when there are findings or fixes")
	flags.BoolVar(&f.forceExclude, "force-exclude", false,
		"also apply the exclude patterns to files named on the command line")
	flags.BoolVar(&f.changed, "changed", false, "look at the named files as the changed ones of their "+
		"repository, which is searched for what they affect")
	flags.BoolVar(&f.noIgnores, "no-ignores", false, "also report findings that comments in the files suppress")
	flags.StringVar(&f.baseline, "baseline", "", "report only findings that this `FILE` does not accept: see "+
		"sandlint baseline")
	flags.BoolVar(&f.noBaseline, "no-baseline", false, "also report what the baseline of the configuration accepts")
	_ = cmd.MarkFlagFilename("baseline")
	flags.StringVar(&f.shellCheck, "shellcheck", "", "check scripts with this `PROGRAM` instead of the "+
		"shellcheck that is installed")
	flags.BoolVar(&f.noShellCheck, "no-shellcheck", false, "do not check scripts with ShellCheck")
	flags.StringArrayVarP(&f.formats, "format", "f", nil, "output as `FORMAT[=FILE]`: "+formatNames()+" (repeatable)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not print the summary")
	a.completeRules(cmd)
	_ = cmd.RegisterFlagCompletionFunc("format",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, r := range report.Reporters() {
				out = append(out, r.Name+"\t"+r.Summary)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		})
}

// completeRules completes the values of the flags that choose rules and severities.
func (a *app) completeRules(cmd *cobra.Command) {
	for _, flag := range []string{"select", "ignore", "only"} {
		_ = cmd.RegisterFlagCompletionFunc(flag,
			func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return append(a.ruleNames(), append(a.packNames(), "all")...), cobra.ShellCompDirectiveNoFileComp
			})
	}
	complete(cmd, "fail-on", "error", "warning", "info", "style", "never")
}

func formatNames() string {
	var names []string
	for _, r := range report.Reporters() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// run is what a command works with once flags and configuration are read.
type run struct {
	flags     *runFlags
	dir       string
	files     files.Tree // nil for the disk
	workspace *workspace.Workspace
	policies  *policies
	changed   change
	partial   bool     // files of the repository are left out
	paths     []string // that the files were found by; none for the working directory
	baselines []*acceptance
	// repository is the one that --staged and --since are about, nil without them; since is nil without that.
	repository *git.Repository
	since      *earlier
	outputs    []report.Output
	stdin      []byte // nil when standard input is not read
	// store is the cache, nil for none.
	store resultStore
	// witness is what the files are read from where there is a cache.
	witness *files.Witness
	// shellCheck is the installed ShellCheck, nil where there is none or it is switched off.
	shellCheck *shellcheck.Runner
}

// prepare reads flags, configuration and standard input, and finds the files.
func (a *app) prepare(f *runFlags, paths []string) (*run, error) {
	r := &run{flags: f}
	return r, a.prepareRun(r, nil, paths)
}

// prepareRun is prepare for a run with flags. open, which may be nil, is called once the working directory is known.
func (a *app) prepareRun(r *run, open func() error, paths []string) error {
	f := r.flags
	if err := f.contradictions(); err != nil {
		return err
	}
	var err error
	if r.dir, err = a.getwd(); err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	if open != nil {
		if err := open(); err != nil {
			return err
		}
	}
	opts := workspace.Options{Dir: r.dir, Paths: paths, StdinName: f.stdinFilename, ForceExclude: f.forceExclude,
		NoGitignore: f.noGitignore}
	if f.stdinFilename != "" && !slices.Contains(paths, "-") {
		if len(paths) > 0 {
			return errors.New("--stdin-filename needs - (standard input) among the paths")
		}
		opts.Paths = []string{"-"}
	}
	r.partial = partial(r.dir, opts.Paths)
	if f.changed {
		if r.changed, opts.Paths, err = changedFiles(r.dir, opts.Paths); err != nil {
			return err
		}
	}
	if err := a.history(r, &opts); err != nil {
		return err
	}
	if r.shellCheck, err = a.shellCheck(f); err != nil {
		return err
	}
	if r.policies, err = a.policies(f, r.dir, a.packsWith(r.shellCheck), opts.Paths,
		nil); err != nil {
		return err
	}
	opts.Excluded, opts.TargetsOf = r.policies.nearest.Excluded, r.policies.Targets
	if slices.Contains(opts.Paths, "-") {
		if opts.Stdin, err = io.ReadAll(io.LimitReader(a.stdin, files.MaxSize+1)); err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
		if len(opts.Stdin) > files.MaxSize {
			return fmt.Errorf("standard input has more than %d MiB", files.MaxSize>>20)
		}
		r.stdin = opts.Stdin
	}
	r.paths = opts.Paths
	opts.OneRun = true
	if r.store != nil {
		r.witness = files.NewWitness(files.Disk{}.Held())
		opts.Files = r.witness
	}
	if r.workspace, err = rules.Load(opts); err != nil {
		return err
	}
	if err := r.policies.check(a, r.dir, r.workspace); err != nil {
		return err
	}
	if err := r.accept(); err != nil {
		return err
	}
	if r.store == nil {
		r.prefetch(r.workspace.Entries)
	}
	if r.since != nil {
		r.since.opts = opts
	}
	return nil
}

// tree returns what configurations and baselines are read from.
func (r *run) tree() files.Tree {
	if r.files == nil {
		return files.Disk{}
	}
	return r.files
}

// contradictions returns an error for values of flags that cannot mean anything.
func (f *runFlags) contradictions() error {
	if f.only != nil && len(names(f.only)) == 0 {
		return errors.New("--only names no rules")
	}
	if len(f.only) > 0 && slices.Contains(names(f.selected), "all") {
		return errors.New("--select all switches on every rule, and --only leaves only some; use one of them")
	}
	return nil
}

// parseFailOn returns the lowest severity that makes a run fail; for "never", one above all severities.
func parseFailOn(s string) (rules.Severity, error) {
	if s == "never" {
		return rules.Error + 1, nil
	}
	if err := oneOf("--fail-on", s, "error", "warning", "info", "style", "never"); err != nil {
		return rules.Off, err
	}
	return rules.ParseSeverity(s)
}

// names returns the names in a flag's list, trimmed and without empty ones.
func names(list []string) []string {
	var out []string
	for _, n := range list {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// commonFolder returns the deepest folder that contains all paths, or dir when there are none.
func commonFolder(dir string, paths []string, stdinName string) string {
	common := ""
	for i, p := range paths {
		folder := folderOf(dir, p, stdinName)
		if i == 0 {
			common = folder
		}
		for {
			if rel, err := filepath.Rel(common, folder); err == nil && filepath.IsLocal(rel) ||
				common == filepath.Dir(common) {
				break
			}
			common = filepath.Dir(common)
		}
	}
	if common == "" {
		return dir
	}
	return common
}

// folderOf returns the folder of a path, which may be one itself; that of standard input is where its text belongs.
func folderOf(dir, path, stdinName string) string {
	if path == "-" {
		if stdinName == "" {
			return dir
		}
		return filepath.Dir(absolute(dir, stdinName))
	}
	folder := absolute(dir, path)
	if !files.IsDir(files.Disk{}, "", folder) {
		return filepath.Dir(folder)
	}
	return folder
}

// targets returns the targets of the command line, and for consumers that it does not name those of the configuration.
func targets(flags []string, configured []config.Target) (workspace.Targets, error) {
	t := workspace.DefaultTargets()
	named := map[string]bool{}
	for _, flag := range flags {
		consumer, version, ok := strings.Cut(flag, "=")
		if !ok {
			return t, fmt.Errorf("--target %q must have the form consumer=version, such as nix=2.24", flag)
		}
		named[consumer] = true
		if err := t.Set(consumer, version); err != nil {
			return t, fmt.Errorf("--target %s: %w", flag, err)
		}
	}
	for _, c := range configured {
		if named[c.Consumer] {
			continue
		}
		if err := t.Set(c.Consumer, c.Version); err != nil {
			return t, err
		}
	}
	return t, nil
}

// outputs returns where the findings go. --format wins over SANDLINT_FORMAT; without either, the format is github
// inside a GitHub workflow and text elsewhere.
func (a *app) outputs(f *runFlags) ([]report.Output, error) {
	formats, from := f.formats, "--format: "
	if len(formats) == 0 {
		formats, from = strings.Fields(a.getenv("SANDLINT_FORMAT")), "SANDLINT_FORMAT: "
	}
	if len(formats) == 0 {
		formats = []string{"text"}
		if a.getenv("GITHUB_ACTIONS") == "true" && !f.statistics {
			formats = []string{"github"}
		}
	}
	var out []report.Output
	taken := map[string]string{}
	for _, s := range formats {
		o, err := report.ParseOutput(s)
		if err != nil {
			return nil, fmt.Errorf("%s%w", from, err)
		}
		if other, ok := taken[o.File]; ok {
			place := o.File
			if place == "" {
				place = "standard output"
			}
			return nil, fmt.Errorf("%s%s and %s both go to %s; FORMAT=FILE writes one to a file",
				from, other, o.Name, place)
		}
		taken[o.File] = o.Name
		out = append(out, o)
	}
	if f.statistics {
		return statistics(out)
	}
	return out, nil
}

// statistics returns the outputs with those changed to statistics that have them.
func statistics(outputs []report.Output) ([]report.Output, error) {
	any := false
	for n, o := range outputs {
		if o.Statistics != nil {
			outputs[n].Write = o.Statistics
			any = true
		}
	}
	if any {
		return outputs, nil
	}
	var names []string
	for _, r := range report.Reporters() {
		if r.Statistics != nil {
			names = append(names, r.Name)
		}
	}
	return nil, fmt.Errorf("--statistics needs one of the formats %s", strings.Join(names, ", "))
}

// write prints a result in each format; those without a file go to std. One that cannot be written does not keep the
// others from it, and one to a file that cannot be written is reported here.
func (a *app) write(r *run, res *rules.Result, std io.Writer) error {
	var failed error
	rep := report.Report{Result: res, Version: Version, Dir: r.dir, Quiet: r.flags.quiet, Getenv: a.getenv,
		Status: a.status, Pictures: r.pictures}
	for _, o := range r.outputs {
		if o.File == "" {
			rep.Color, rep.Alone = a.colored(std), false
			rep.Width, rep.Links = a.width(std), rep.Color && a.linked(std)
			if err := a.print(o, &rep, std); err != nil {
				failed = outputError{fmt.Errorf("writing %s: %w", o.Name, err)}
			}
			continue
		}
		rep.Color, rep.Links, rep.Width, rep.Alone = false, false, 0, true
		write := func(w io.Writer) error { return a.summarized(o.Write(w, &rep)) }
		if err := writeFile(r.dir, absolute(r.dir, o.File), write); err != nil {
			a.warnf("writing %s to %s: %v", o.Name, o.File, err)
			a.setStatus(StatusUnreadable)
		}
	}
	return failed
}

// print prints a result in one format.
func (a *app) print(o report.Output, rep *report.Report, std io.Writer) error {
	if !o.Raw {
		return a.summarized(o.Write(std, rep))
	}
	var text bytes.Buffer
	if err := o.Write(&text, rep); err != nil {
		return err
	}
	_, err := std.Write(a.fenced(text.Bytes()))
	return err
}

// summarized reports what is no reason to fail, that the summary of the job could not be written or a report does not
// hold everything, and returns any other error.
func (a *app) summarized(err error) error {
	var summary report.SummaryError
	var cut report.CutError
	if errors.As(err, &summary) || errors.As(err, &cut) {
		a.warnf("%v", err)
		return nil
	}
	return err
}

// writeFile creates a file, or replaces what it holds; dir is the working directory. In a repository, no symbolic link
// makes it write a file outside. Its error is an outputError.
func writeFile(dir, path string, write func(io.Writer) error) error {
	tree := files.Disk{}
	folder := filepath.Dir(path)
	if files.Root(tree, dir, folder) != "" && files.IsDir(tree, "", folder) {
		place := folder
		if info, err := tree.Lstat("", path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			place = path
		}
		if _, err := files.Follow(tree, dir, place); err != nil {
			return outputError{err}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return outputError{files.Cause(err)}
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return outputError{files.Cause(err)}
	}
	return nil
}

// finish reports the files that could not be read, those that were named and are not checked and, with --verbose, what
// else was skipped and rejected, and sets the exit status.
func (a *app) finish(r *run, res *rules.Result, rejected []rules.Rejected) {
	res.Errors = append(res.Errors, r.changed.missing...)
	if r.policies != nil {
		res.Off = r.policies.off()
	}
	excluded, others := 0, 0 // of those that are named, and what is not excluded
	for _, s := range res.Skipped {
		switch {
		case s.Excluded && s.Named:
			excluded++
		case !s.Excluded:
			others++
		}
		if r.flags.verbose || s.Named && !s.Excluded {
			a.warnf("skipped %s: %s", s.Path, s.Reason)
		}
	}
	if res.Checked == 0 && len(res.Errors) == 0 && r.changed.files == nil && r.repository == nil &&
		(excluded == 0 || others > 0) {
		a.setStatus(StatusUsage) // a mistaken path must not look like success
	}
	if r.flags.verbose {
		for _, w := range rejected {
			at := w.File.Position(w.Span.Start)
			of := "" // the fix of several rules
			if w.Rule != nil {
				of = " of " + w.Rule.ID
			}
			a.warnf("%s:%d:%d: rejected the fix %q%s: %s", w.File.Path, at.Line, at.Column, w.Title, of, w.Reason)
		}
	}
	untried := map[string]int{}
	for _, w := range res.Untried {
		untried[w.File.Path]++
	}
	for _, path := range slices.Sorted(maps.Keys(untried)) {
		a.warnf("%s: %s not shown: too many fixes of this file cannot be proved together", path,
			isOrAre(untried[path], "fix"))
	}
	if r.shellCheck != nil && r.shellCheck.Err() != nil {
		a.warnf("ShellCheck failed, so its findings are missing: %v", r.shellCheck.Err())
	}
	for _, s := range res.Incomplete {
		a.warnf("%s: %s", s.Path, s.Reason)
	}
	for _, e := range res.Failed {
		at := e.File.Position(e.Span.Start)
		var inPack *custom.Error
		if errors.As(e.Err, &inPack) {
			a.warnf("rule %s failed at %s:%d:%d", e.Rule.ID, e.File.Path, at.Line, at.Column)
			a.problems(inPack.Source, []source.Problem{inPack.Problem}, rules.Error)
		} else {
			a.warnf("rule %s failed at %s:%d:%d: %v", e.Rule.ID, e.File.Path, at.Line, at.Column, e.Err)
		}
		a.setStatus(StatusUsage)
	}
	for _, e := range res.Errors {
		a.warnf("%v", e)
		a.setStatus(StatusUnreadable)
	}
	for _, e := range res.Unwritten {
		a.warnf("%s: %v", e.Path, e.Err)
		a.setStatus(StatusUnreadable)
	}
	if slices.ContainsFunc(res.Findings, func(f rules.Finding) bool {
		return f.Severity >= r.policies.Policy(r.workspace.Abs(f.File)).FailOn
	}) {
		a.setStatus(StatusFindings)
	}
}

// isOrAre returns n and noun with the verb that they need.
func isOrAre(n int, noun string) string {
	if n == 1 {
		return report.Plural(n, noun) + " is"
	}
	return report.Plural(n, noun) + " are"
}

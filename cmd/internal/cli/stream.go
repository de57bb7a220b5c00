package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/stream"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hadolint"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// This file is "check --stream": the records come from package stream, which runs this program anew as workers, and
// their findings from the same code as those of any other run, over the files of the record in memory.

// streamFlags are the flags of "check --stream".
type streamFlags struct {
	form      string // "" without --stream
	maxRecord int
	timeout   time.Duration
	jobs      int
	worker    bool // this process answers for another one
}

// defaultTimeout is --record-timeout unless it is given.
const defaultTimeout = time.Minute

func (f *streamFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.form, "stream", "", "answer the records that come on standard input, `FORM` json or tar, "+
		"on one line each")
	flags.Lookup("stream").NoOptDefVal = "json"
	flags.IntVar(&f.maxRecord, "max-record", files.MaxSize, "with --stream, the most `BYTES` that a record may have")
	flags.DurationVar(&f.timeout, "record-timeout", defaultTimeout, "with --stream, the longest `TIME` that a record "+
		"may take, counted in steps and not by the clock")
	flags.IntVarP(&f.jobs, "jobs", "j", 0, "with --stream, how many records are checked at a time, `N`, each by a "+
		"process of its own (default: as many as there are processors)")
	flags.BoolVar(&f.worker, "stream-worker", false, "answer for another process of sandlint")
	_ = flags.MarkHidden("stream-worker")
	complete(cmd, "stream", "json", "tar")
}

// withStream are the flags of check that "check --stream" heeds.
var withStream = []string{"stream", "max-record", "record-timeout", "jobs", "stream-worker", "config", "no-config",
	"no-repo-config", "target", "select", "ignore", "only", "no-ignores", "no-baseline", "no-gitignore",
	"no-shellcheck", "diff", "format", "quiet", "color"}

// check returns what is wrong with the flags and arguments of a command line.
func (f *streamFlags) check(cmd *cobra.Command, flags *checkFlags, args []string) (err error) {
	if f.form == "" {
		for _, name := range []string{"max-record", "record-timeout", "jobs"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s needs --stream", name)
			}
		}
		return nil
	}
	if err := oneOf("--stream", f.form, "json", "tar"); err != nil {
		return err
	}
	if len(args) > 0 {
		return fmt.Errorf("--stream reads records from standard input, and no %s", report.Visible(args[0]))
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if err == nil && !slices.Contains(withStream, flag.Name) {
			err = fmt.Errorf("--%s and --stream cannot be used together", flag.Name)
		}
	})
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(flags.formats, func(format string) bool { return format != "json" }):
		return errors.New("the answers of --stream have the format json alone")
	case f.maxRecord < 1 || f.maxRecord > maxMaxRecord:
		return fmt.Errorf("--max-record %d is not between 1 and %d", f.maxRecord, maxMaxRecord)
	case f.timeout <= 0:
		return fmt.Errorf("--record-timeout %s is not longer than nothing", f.timeout)
	case f.jobs < 0 || f.jobs > maxJobs:
		return fmt.Errorf("--jobs %d is not between 1 and %d", f.jobs, maxJobs)
	}
	return flags.contradictions()
}

const (
	maxMaxRecord = 1 << 30
	maxJobs      = 1024
	// softMemory is how many bytes a worker may have before it takes more time to free memory.
	softMemory = 512 << 20
	// maxStack is how many bytes the stack of a worker may have. All parsers bound how deep they nest; where one did
	// not, the worker would end here and not after it has taken the memory of the machine.
	maxStack = 256 << 20
)

// stream answers records.
func (a *app) stream(flags *checkFlags) error {
	judge, err := a.newJudge(flags)
	if err != nil {
		return err
	}
	if flags.stream.worker {
		signal.Ignore(endings()...) // the process that started this one ends it
		runtime.GOMAXPROCS(1)       // there are as many of these as may run at a time
		debug.SetGCPercent(200)
		debug.SetMemoryLimit(softMemory)
		debug.SetMaxStack(maxStack)
		return stream.Work(a.stdin, a.stdout, judge.judge, 3*flags.stream.timeout+10*time.Second)
	}
	opts := stream.Options{Tar: flags.stream.form == "tar", MaxRecord: flags.stream.maxRecord,
		Workers: flags.stream.jobs, Start: func() stream.Worker { return stream.Local(judge.judge) }}
	if opts.Workers == 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if a.program != nil {
		command := append(slices.Clone(a.program), a.args...)
		command = append(command, "--stream-worker")
		opts.Start = func() stream.Worker { return stream.Processes(command, patience(flags.stream.timeout)) }
	}
	notify := a.notify
	if notify == nil {
		notify = signal.Notify
	}
	signals := make(chan os.Signal, 1)
	notify(signals, endings()...)
	defer signal.Stop(signals)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stopped os.Signal
	go func() {
		select {
		case stopped = <-signals:
			signal.Stop(signals) // another one ends the program at once
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := stream.Serve(ctx, a.stdin, a.stdout, opts); err != nil {
		return fmt.Errorf("--stream: %w", err)
	}
	if ctx.Err() != nil {
		a.warnf("stopped by the signal %q", stopped)
		if n, ok := stopped.(syscall.Signal); ok {
			a.setStatus(statusSignal + int(n))
		}
	}
	return nil
}

// patience is after how much time by the clock a worker is killed that does not count what it does. It is long enough
// that the counting ends every record before that, also on a machine that does ten things at a time.
func patience(timeout time.Duration) time.Duration { return 10*timeout + time.Minute }

// judge checks records.
type judge struct {
	*app
	flags *checkFlags
	packs []rules.Pack
	named *config.Config // what --config names, for all records; nil without
	place string         // of that
	plain *policies      // for records without a configuration or targets
	now   time.Time
}

// project is the folder in which the files of a record lie, in memory.
const project = "/project"

func (a *app) newJudge(flags *checkFlags) (*judge, error) {
	quiet := *a
	quiet.getenv = func(string) string { return "" }
	quiet.stderr = &bytes.Buffer{}
	j := &judge{app: &quiet, flags: flags, packs: a.packs(), now: a.now()}
	quiet.now = func() time.Time { return j.now } // the same for all records
	dir := filepath.FromSlash(project)
	if flags.config != "" || flags.noConfig || flags.noRepoConfig {
		wd, err := a.getwd()
		if err != nil {
			return nil, fmt.Errorf("finding the working directory: %w", err)
		}
		nearest, err := quiet.nearest(&flags.runFlags, wd)
		if err != nil {
			return nil, err
		}
		for path, conf := range nearest.Found() {
			if !flags.stream.worker {
				a.warnings(conf)
			}
			conf.Rebase(dir)
			j.place, j.named = path, conf
		}
		if j.named == nil {
			j.named = &config.Config{}
		}
	}
	var err error
	if j.plain, err = j.policies(&flags.runFlags, nil, nil); err == nil {
		err = j.plain.problem()
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// policies returns what holds for the files of a record.
func (j *judge) policies(flags *runFlags, tree files.Tree, meter *source.Meter) (*policies, error) {
	dir := filepath.FromSlash(project)
	nearest := config.Fixed("", &config.Config{})
	switch {
	case j.named != nil:
		nearest = config.Fixed(j.place, j.named)
	case tree != nil:
		load := func(path string) (*config.Config, error) {
			meter.Spend(configurationCost)
			return config.Load(dir, path, func(path string) string { return shown(dir, path) },
				config.Known{Packs: j.packs, Version: Version, Files: tree, Meter: meter})
		}
		nearest = &config.Nearest{Load: load, Files: tree, Hadolint: true}
	}
	p := &policies{
		flags: flags, packs: j.packs, nearest: nearest,
		made: map[madeOf]*policy{}, unknown: map[string]error{}, targets: map[string]*workspace.Targets{},
	}
	if j.plain != nil {
		p.plain, p.unknown = j.plain.plain, maps.Clone(j.plain.unknown)
	}
	one := p.of(filepath.Join(dir, "file"))
	if j.plain == nil && j.named == nil {
		p.plain = one.Set
	}
	return p, errors.Join(nearest.Err(), p.err)
}

const (
	// stepsPerSecond is how many steps of a source.Meter a second of --record-timeout is.
	stepsPerSecond = 10_000_000
	// maxKept is how many bytes of a source.Meter the work on a record may keep.
	maxKept = 256 << 20
)

// configurationCost is how many steps a configuration costs beside its bytes: each makes sets of rules.
const configurationCost = 20_000

// judge is the stream.Judge of a run. It works in one goroutine, so the steps of a record are always the same.
func (j *judge) judge(rec *stream.Record) (answer []byte, wrong *stream.Error) {
	timeout := j.flags.stream.timeout
	steps := int64(timeout.Seconds() * stepsPerSecond)
	meter := source.NewMeter(max(steps, 1), maxKept)
	defer func() {
		switch meter.Err() {
		case nil:
			return
		case source.ErrBytes:
			wrong = &stream.Error{Code: stream.TooLarge, Message: fmt.Sprintf("the findings of the record, and what "+
				"is kept to find them, have more than %d MiB", maxKept>>20)}
		default:
			wrong = &stream.Error{Code: stream.TooSlow, Message: fmt.Sprintf("the record takes more than the %d steps "+
				"that --record-timeout %s stands for", steps, timeout)}
		}
		_ = recover() // from the meter's panic
	}()
	return j.check(rec, meter)
}

func (j *judge) check(rec *stream.Record, meter *source.Meter) ([]byte, *stream.Error) {
	dir := filepath.FromSlash(project)
	meter.Spend(2000)
	meter.Keep(1024 * len(rec.Files))
	tree := files.Metered(treeOf(dir, rec), meter)
	r := &run{flags: &j.flags.runFlags, dir: dir, files: tree, policies: j.plain}
	configured := j.named == nil && slices.ContainsFunc(slices.Collect(maps.Keys(rec.Files)), isConfiguration)
	if configured || len(rec.Targets) > 0 {
		flags := j.flags.runFlags
		if err := checkTargets(rec.Targets); err != nil {
			return nil, &stream.Error{Code: stream.Configuration, Message: err.Error()}
		}
		flags.targets = overridden(flags.targets, rec.Targets)
		r.flags = &flags
		var err error
		if !configured {
			tree = nil
		}
		if r.policies, err = j.policies(&flags, tree, meter); err != nil {
			return nil, &stream.Error{Code: stream.Configuration, Message: configurationError(err)}
		}
	}
	opts := workspace.Options{Dir: dir, Files: r.files, Meter: meter, OneRun: true, NoGitignore: r.flags.noGitignore,
		Excluded: func(abs string) bool {
			meter.Spend(20 + 20*patterns(r.policies.nearest.Of(abs)))
			return r.policies.nearest.Excluded(abs)
		}, TargetsOf: r.policies.Targets}
	var err error
	if r.workspace, err = rules.Load(opts); err == nil {
		for _, e := range r.workspace.Entries {
			r.policies.of(e.Abs)
		}
		err = r.policies.problem()
	}
	if err == nil {
		err = r.accept()
	}
	if err != nil {
		return nil, &stream.Error{Code: stream.Configuration, Message: configurationError(err)}
	}
	return j.answer(r)
}

// patterns returns how many patterns a configuration and what it extends compare with a path.
func patterns(c *config.Config) int {
	n := 0
	for _, one := range c.All() {
		n += len(one.Exclude)
		for k := range one.Overrides {
			n += len(one.Overrides[k].Paths)
		}
	}
	return n
}

// answer checks a run and returns its findings.
func (j *judge) answer(r *run) ([]byte, *stream.Error) {
	check := j.checkOptions(r)
	check.Fixes = true
	res := rules.Check(r.workspace, r.policies, check)
	add(res, r.compare(res))
	res.Off = r.policies.off()
	var more []report.Field
	if warnings := r.warnings(); len(warnings) > 0 {
		more = append(more, report.Field{Name: "warnings", Value: warnings})
	}
	if j.flags.diff {
		fixed := rules.Fix(r.workspace, r.policies, rules.FixOptions{CheckOptions: j.checkOptions(r), Leave: r.leave()})
		r.pruned(fixed)
		var patch []byte
		for _, f := range fixed.Files {
			patch = append(patch, j.patch(f.File, f.After, "")...)
		}
		if utf8.Valid(patch) {
			more = append(more, report.Field{Name: "diff", Value: string(patch)})
		} else {
			more = append(more, report.Field{Name: "diff_base64", Value: patch})
		}
	}
	var out bytes.Buffer
	rep := report.Report{Result: res, Version: Version, Dir: r.dir, Files: r.files}
	if err := report.WriteRecord(&out, &rep, more...); err != nil {
		return nil, &stream.Error{Code: stream.Defect, Message: err.Error()}
	}
	return out.Bytes(), nil
}

// warnings returns the warnings about the configurations in the files of a run.
func (r *run) warnings() (out []string) {
	found := r.policies.nearest.Found()
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if !files.Inside(r.dir, path) {
			continue // that of --config
		}
		for _, conf := range found[path].All() {
			for _, p := range conf.Warnings {
				at := conf.Source.Position(p.Span.Start)
				out = append(out, fmt.Sprintf("%s:%d:%d: %s", conf.Source.Path, at.Line, at.Column, p.Message))
			}
		}
	}
	return out
}

// configurationError returns all that is wrong with configurations, in one text.
func configurationError(err error) string {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	var out []string
	for _, one := range append([]*config.Error{wrong}, wrong.More...) {
		for _, p := range one.Problems {
			at := one.Source.Position(p.Span.Start)
			out = append(out, fmt.Sprintf("%s:%d:%d: %s", one.Source.Path, at.Line, at.Column, p.Message))
		}
	}
	return strings.Join(out, "; ")
}

// isConfiguration reports whether a file of a record may be a configuration, by its path.
func isConfiguration(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return base == config.Name || slices.Contains(hadolint.Names(), base)
}

// maxTargets is how many targets a record may have.
const maxTargets = 100

// checkTargets returns what is wrong with the targets of a record.
func checkTargets(list []string) error {
	if len(list) > maxTargets {
		return fmt.Errorf("the record has more than %d targets", maxTargets)
	}
	t := workspace.DefaultTargets()
	for _, target := range list {
		consumer, version, _ := strings.Cut(target, "=")
		if err := t.Set(consumer, version); err != nil {
			return fmt.Errorf("the target %s: %w", target, err)
		}
	}
	return nil
}

// overridden returns the targets of the command line for the consumers that those of the record do not name, and these.
func overridden(flags, record []string) []string {
	of := func(target string) string {
		consumer, _, _ := strings.Cut(target, "=")
		return consumer
	}
	out := slices.DeleteFunc(slices.Clone(flags), func(flag string) bool {
		return slices.ContainsFunc(record, func(target string) bool { return of(target) == of(flag) })
	})
	return append(out, record...)
}

// treeOf returns the tree of the files of a record, which is one repository.
func treeOf(dir string, rec *stream.Record) files.Tree {
	blobs := make(map[string]files.Blob, len(rec.Files))
	var texts [][]byte
	for name, f := range rec.Files {
		blobs[name] = files.Blob{ID: strconv.Itoa(len(texts)), Link: f.Link, Executable: f.Executable}
		texts = append(texts, f.Text)
	}
	return files.Listed(dir, blobs, func(id string) ([]byte, error) {
		n, err := strconv.Atoi(id)
		if err != nil {
			return nil, err
		}
		if len(texts[n]) > files.MaxSize {
			return nil, files.ErrTooLarge
		}
		return texts[n], nil
	})
}

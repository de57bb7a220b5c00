package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/watch"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules/cached"
)

// This file is check --watch: the same check again and again. What was found in each file is kept in memory as a cache
// keeps it on disk, so only files are checked whose result may be another one, and the output is that of check.

// watchFlags are the flags of check about watching.
type watchFlags struct{ on bool }

func (f *watchFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.on, "watch", false, "check again whenever something changes, until interrupted")
}

// changes waits for changes in folders: see watch.Folders.
type changes interface {
	Follow(folders []string) (more bool)
	Wait(ctx context.Context) bool
	Close()
}

// frame holds the output of one check. out is where it goes, which decides about colours and width.
type frame struct {
	bytes.Buffer
	out io.Writer
}

// watchable returns an error where a check cannot be repeated, or its output not be shown again.
func (a *app) watchable(flags *checkFlags, paths []string) error {
	switch {
	case flags.cache.place != "":
		return errors.New("--watch and --cache cannot be used together; --watch keeps what is found in memory")
	case !(&run{}).cached(flags, paths):
		return errors.New("--watch looks at files on disk, so it cannot be used with standard input, --changed, " +
			"--staged, --since, --diff or --add-ignores")
	}
	outputs, err := a.outputs(&flags.runFlags)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		if o.File != "" || !slices.Contains([]string{"text", "compact", "json"}, o.Name) {
			return errors.New("--watch prints one of the formats text, compact and json on standard output")
		}
	}
	return nil
}

// watch checks files again whenever something changes.
func (a *app) watch(ctx context.Context, flags *checkFlags, paths []string) error {
	if err := a.watchable(flags, paths); err != nil {
		return err
	}
	flags.cache.place, flags.cache.none = "memory://", false
	kept := &recent{}
	a.openStore = func(string, string) (resultStore, error) { return kept, nil }
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	resized := make(chan os.Signal, 1)
	a.onSignals(ctx, stop, resized)
	s := &screen{a: a, out: a.stdout, errors: a.stderr, terminal: a.isTerminal(a.stdout)}
	s.json = slices.ContainsFunc(flags.formats, func(f string) bool { return f == "json" })
	source := a.changes
	if source == nil {
		source = watch.New(func(reason string) { s.notes = append(s.notes, reason) })
	}
	defer source.Close()
	for first := true; ; first = false {
		r, err := s.check(flags, paths)
		if first && err != nil && !errors.As(err, new(*config.Error)) {
			return err // nothing that is edited mends it
		}
		folders := a.folders(r, paths)
		if source.Follow(folders) { // what changed before they were followed
			if r, err = s.check(flags, paths); err == nil {
				folders = a.folders(r, paths)
				source.Follow(folders)
			}
		}
		if err := s.show(fmt.Sprintf("watching %s", report.Plural(len(folders), "folder"))); err != nil {
			return err
		}
		if !waits(ctx, source, resized) {
			return s.end()
		}
	}
}

// onSignals calls stop when the program is asked to end; asked again, it ends at once. resized gets what says that the
// terminal has another size.
func (a *app) onSignals(ctx context.Context, stop func(), resized chan<- os.Signal) {
	signals := make(chan os.Signal, 1)
	notify := a.notify
	if notify == nil {
		notify = signal.Notify
	}
	notify(signals, endings()...)
	if list := resizes(); len(list) > 0 {
		notify(resized, list...)
	}
	go func() {
		select {
		case <-signals:
			stop()
		case <-ctx.Done():
		}
		signal.Stop(signals)
	}()
}

// errResized is why a wait ends where the terminal has another size.
var errResized = errors.New("the terminal has another size")

// waits waits until something changes, or the terminal has another size. It is false at the end.
func waits(ctx context.Context, source changes, resized <-chan os.Signal) bool {
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-resized:
			stop(errResized)
		case <-waiting.Done():
		}
	}()
	return source.Wait(waiting) || errors.Is(context.Cause(waiting), errResized)
}

// folders returns the folders in which a change may matter to a run: of what it read below the repositories of its
// paths, and of its configuration.
func (a *app) folders(r *run, paths []string) []string {
	tree := files.Disk{}
	set := map[string]bool{r.dir: true}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var tops []string
	for _, path := range paths {
		folder := folderOf(r.dir, path, "")
		top := files.Root(tree, r.dir, folder)
		if top == "" {
			top = folder
		}
		tops = append(tops, top)
		for up := folder; files.Inside(top, up); up = filepath.Dir(up) {
			set[up] = true
		}
	}
	if r.witness != nil {
		for _, folder := range r.witness.Folders() {
			if slices.ContainsFunc(tops, func(top string) bool { return files.Inside(top, folder) }) {
				set[folder] = true
			}
		}
	}
	named := []string{r.flags.config, r.flags.baseline}
	if r.policies != nil {
		for path, conf := range r.policies.nearest.Found() {
			named = append(named, path)
			for _, one := range conf.All() {
				named = append(named, one.Baseline)
				if one.Source != nil {
					named = append(named, one.Source.Path)
				}
			}
			for _, pack := range conf.AllPacks() {
				named = append(named, pack.Source.Path)
			}
		}
	}
	for _, path := range named {
		if path != "" {
			set[filepath.Dir(absolute(r.dir, path))] = true
		}
	}
	out := map[string]bool{}
	for folder := range set {
		for !files.IsDir(tree, "", folder) && folder != filepath.Dir(folder) {
			folder = filepath.Dir(folder) // where it may appear
		}
		out[folder] = true
	}
	list := make([]string, 0, len(out))
	for folder := range out {
		list = append(list, folder)
	}
	slices.Sort(list)
	return list
}

// screen shows the output of checks.
type screen struct {
	a           *app
	out, errors io.Writer
	terminal    bool // out is one
	json        bool // the output is a JSON document, which becomes a line
	notes       []string

	now, shown struct{ output, warnings string }
	any        bool // something is shown
	width      int  // of the terminal when it was
}

// check does a check, and keeps its output. It returns the run also with an error.
func (s *screen) check(flags *checkFlags, paths []string) (*run, error) {
	a := s.a
	output, warnings := &frame{out: s.out}, &frame{out: s.errors}
	a.stdout, a.stderr, a.status = output, warnings, StatusOK
	quiet := flags.quiet
	r := &run{flags: &flags.runFlags}
	err := a.check(r, flags, paths)
	if err != nil {
		a.status = a.explain(err)
	}
	a.stdout, a.stderr = s.out, s.errors
	flags.quiet = quiet
	s.now.output, s.now.warnings = output.String(), warnings.String()
	if s.json {
		var line bytes.Buffer
		if json.Compact(&line, output.Bytes()) == nil && line.Len() > 0 {
			s.now.output = line.String() + "\n"
		}
	}
	return r, err
}

// show shows what a check printed, where that differs from what is shown.
func (s *screen) show(state string) error {
	notes := s.notes
	s.notes = nil
	for _, note := range notes {
		s.now.warnings = "sandlint: " + report.Line(note) + "\n" + s.now.warnings
	}
	same := s.any && s.now == s.shown && s.width == s.a.width(s.out)
	s.shown = s.now
	at := s.a.now().Format("15:04:05")
	if !s.terminal {
		if same {
			return nil
		}
		s.any = true
		_, _ = io.WriteString(s.errors, s.now.warnings)
		text := s.now.output
		if !s.json {
			text += fmt.Sprintf("sandlint: %s %s\n", at, state)
		}
		return s.write(text)
	}
	status := fmt.Sprintf("%s %s; Ctrl-C ends", at, state)
	s.width = s.a.width(s.out)
	if s.width > 0 && len(status) >= s.width {
		status = status[:s.width-1]
	}
	if same {
		return s.write("\r\x1b[K" + status)
	}
	// One write in one frame (DEC 2026): the screen is cleared from its top, and what was above stays.
	text := "\x1b[?2026h\x1b[H\x1b[2J" + s.now.warnings + s.now.output
	if s.now.output != "" && !strings.HasSuffix(s.now.output, "\n\n") {
		text += "\n"
	}
	s.any = true
	return s.write(text + status + "\x1b[?2026l")
}

func (s *screen) write(text string) error {
	if _, err := io.WriteString(s.out, text); err != nil {
		return outputError{fmt.Errorf("writing standard output: %w", err)}
	}
	return nil
}

// end leaves the screen as it is, and the cursor below.
func (s *screen) end() error {
	if s.terminal {
		return s.write("\n")
	}
	return nil
}

// recent is a cached.Store in memory that forgets what the last two checks did not use.
type recent struct {
	mu          sync.Mutex
	now, before generation
}

type generation struct {
	keyed  map[string][][]byte
	values map[string][]byte
}

func (g *generation) make() {
	if g.keyed == nil {
		g.keyed, g.values = map[string][][]byte{}, map[string][]byte{}
	}
}

// Get implements cached.Store.
func (r *recent) Get(keys []string) [][][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([][][]byte, len(keys))
	r.now.make()
	for n, key := range keys {
		if out[n] = r.now.keyed[key]; out[n] == nil {
			out[n] = r.before.keyed[key]
		}
		if out[n] != nil {
			r.now.keyed[key] = out[n]
		}
	}
	return out
}

// Value implements cached.Store.
func (r *recent) Value(hash string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.make()
	value := r.now.values[hash]
	if value == nil {
		value = r.before.values[hash]
	}
	if value != nil {
		r.now.values[hash] = value
	}
	return value
}

// Put implements cached.Store.
func (r *recent) Put(list []cached.Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.make()
	for _, v := range list {
		if v.Key == "" {
			r.now.values[cached.Hash(v.Bytes)] = v.Bytes
			continue
		}
		all := append([][]byte{v.Bytes}, r.now.keyed[v.Key]...)
		r.now.keyed[v.Key] = all[:min(len(all), 4)]
	}
}

// Close ends one check.
func (r *recent) Close() error {
	r.before, r.now = r.now, generation{}
	return nil
}

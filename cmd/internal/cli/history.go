package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/git"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/baseline"
)

// This file reads what git has: the index in the place of the files, with --staged, and an earlier state that findings
// are compared with, with --since.

// history registers the flags about git.
func (f *runFlags) history(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.staged, "staged", false, "look at the files that are staged for the next commit, as "+
		"git's index has them")
	cmd.Flags().StringVar(&f.since, "since", "", "report only what is not found at the last commit that HEAD and "+
		"this `REVISION` of git have in common")
}

// earlier is the state that findings are compared with.
type earlier struct {
	repository *git.Repository
	tree       git.Tree
	rev        string
	opts       workspace.Options // of the run

	// own are the files that --staged is about, in which every finding counts; nil with --since.
	own map[string]bool

	found map[baseline.Entry]int // how often each finding is there
	moved map[baseline.Entry]int // the same without paths, for files that are gone
	now   func(rel string) bool  // whether the run sees a file, by its path below the repository's folder
}

// history opens the repository of a run, and has the run read the index, with --staged.
func (a *app) history(r *run, opts *workspace.Options) error {
	f := r.flags
	if !f.staged && f.since == "" {
		return nil
	}
	flag := "--staged"
	if !f.staged {
		flag = "--since"
	}
	switch {
	case slices.Contains(opts.Paths, "-"):
		return fmt.Errorf("%s and standard input cannot be used together", flag)
	case f.staged && f.changed:
		return errors.New("--staged and --changed cannot be used together")
	}
	repository, err := git.Open(commonFolder(r.dir, opts.Paths, ""))
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	r.repository = repository
	for _, path := range opts.Paths {
		if !files.Inside(repository.Top, absolute(r.dir, path)) {
			return fmt.Errorf("%s: %s is not in the repository %s", flag, path, shown(r.dir, repository.Top))
		}
	}
	r.since = &earlier{repository: repository, rev: f.since}
	r.since.now = func(rel string) bool {
		_, err := files.Disk{}.Lstat("", filepath.Join(repository.Top, filepath.FromSlash(rel)))
		return err == nil
	}
	if f.since != "" {
		base, err := repository.Base(f.since)
		if err == nil {
			r.since.tree, err = repository.Commit(base)
		}
		if err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	if f.staged {
		if err := r.stage(opts); err != nil {
			return fmt.Errorf("--staged: %w", err)
		}
	}
	return nil
}

// stage has a run read the index. Without --since, it is about the files that differ from HEAD.
func (r *run) stage(opts *workspace.Options) error {
	e, top := r.since, r.repository.Top
	index, err := r.repository.Index()
	if err != nil {
		return err
	}
	e.now = func(rel string) bool { _, ok := index[rel]; return ok }
	opts.NoGitignore = true // what the index has is not ignored
	opts.Files = r.repository.Files(index)
	paths := slices.DeleteFunc(slices.Clone(opts.Paths), func(path string) bool { // what is gone, or not staged yet
		_, err := opts.Files.Lstat("", absolute(r.dir, path))
		_, there := files.Disk{}.Lstat("", absolute(r.dir, path))
		return err != nil && there == nil
	})
	nothing := len(paths) == 0 && len(opts.Paths) > 0
	if opts.Paths = paths; len(paths) == 0 {
		opts.Paths = []string{top}
	}
	r.partial = len(paths) > 0
	if r.flags.since == "" {
		if head := r.repository.Head(); head != "" {
			if e.tree, err = r.repository.Commit(head); err != nil {
				return err
			}
		}
		r.partial = true
		e.own = map[string]bool{}
		for _, rel := range index.Changed(e.tree) {
			e.own[filepath.Join(top, filepath.FromSlash(rel))] = true
		}
		nothing = nothing || len(e.own) == 0 && len(e.tree.Changed(index)) == 0
	}
	if nothing {
		opts.Files = r.repository.Files(nil)
	}
	return nil
}

// read returns why something of the repository could not be read, nil where all could.
func (r *run) read() error {
	if r.repository == nil {
		return nil
	}
	if err := r.repository.Close(); err != nil {
		return fmt.Errorf("reading the repository: %w", err)
	}
	return nil
}

// look finds what the earlier state has, once it is needed.
func (a *app) look(r *run) error {
	e := r.since
	if e == nil || e.found != nil {
		return nil
	}
	e.found, e.moved = map[baseline.Entry]int{}, map[baseline.Entry]int{}
	opts := e.opts
	opts.Files, opts.NoGitignore = e.repository.Files(e.tree), true
	ws, err := rules.Load(opts)
	if err != nil {
		return err
	}
	check := a.checkOptions(r)
	check.Changed = nil
	res := rules.Check(ws, r.policies, check)
	for n := range res.Findings {
		f := &res.Findings[n]
		e.found[identity(f, f.File.Path)]++
		if rel, ok := e.rel(r.dir, f.File.Path); ok && !e.now(rel) {
			e.moved[identity(f, "")]++
		}
	}
	return r.read()
}

// lookFor is look for the findings of a result, which may be such that it does not matter what was there before.
func (a *app) lookFor(r *run, res *rules.Result) error {
	matters := func(f rules.Finding) bool { return !r.staged(f.File.Path) }
	if r.since != nil && slices.ContainsFunc(res.Findings, matters) {
		return a.look(r)
	}
	return nil
}

// staged reports whether a file is one that --staged is about.
func (r *run) staged(shown string) bool {
	return r.since != nil && r.since.own[absolute(r.dir, filepath.FromSlash(shown))]
}

// rel returns the path of a file below the repository's folder, and whether it lies there.
func (e *earlier) rel(dir, shown string) (string, bool) {
	rel, err := filepath.Rel(e.repository.Top, absolute(dir, filepath.FromSlash(shown)))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// identity is what the same finding has in two states: the path, the rule, the text that it marks, and the line where
// that begins. So a finding is new when something is found that was not found before, and when its line has changed.
func identity(f *rules.Finding, path string) baseline.Entry {
	e := baseline.EntryOf(f, path)
	return baseline.Entry{Text: e.Text, Line: e.Line, Rule: e.Rule, Path: e.Path}
}

// known reports which findings the earlier state has too, and are not in a file of own. A file that is new can be one
// that is gone under another name.
func (e *earlier) known(dir string, findings []rules.Finding) []bool {
	out := make([]bool, len(findings))
	used, moved := map[baseline.Entry]int{}, map[baseline.Entry]int{}
	for n := range findings {
		f := &findings[n]
		if e.own[absolute(dir, filepath.FromSlash(f.File.Path))] {
			continue
		}
		id := identity(f, f.File.Path)
		if used[id] < e.found[id] {
			used[id]++
			out[n] = true
			continue
		}
		rel, inside := e.rel(dir, f.File.Path)
		if _, there := e.tree[rel]; there || !inside {
			continue
		}
		if id = identity(f, ""); moved[id] < e.moved[id] {
			moved[id]++
			out[n] = true
		}
	}
	return out
}

// compareSince marks the findings that the earlier state has too, with --since.
func (r *run) compareSince(findings []rules.Finding, known []*rules.Suppression) {
	if r.since == nil || r.since.own != nil {
		return
	}
	for n, is := range r.since.known(r.dir, findings) {
		if is && known[n] == nil {
			known[n] = &rules.Suppression{Kind: baseline.KindSince, Reason: "not new since " + r.since.rev}
		}
	}
}

// keepStaged removes what is not about staged files, with --staged alone: what was found before in others.
func (r *run) keepStaged(res *rules.Result) {
	if r.since == nil || r.since.own == nil {
		return
	}
	left := res.Findings[:0]
	for n, known := range r.since.known(r.dir, res.Findings) {
		if !known {
			left = append(left, res.Findings[n])
		}
	}
	res.Findings = left
	res.Suppressed = slices.DeleteFunc(res.Suppressed, func(f rules.Finding) bool { return !r.staged(f.File.Path) })
	other := func(s workspace.Skipped) bool { return !r.staged(s.Path) }
	res.Skipped, res.Incomplete = slices.DeleteFunc(res.Skipped, other), slices.DeleteFunc(res.Incomplete, other)
	res.Errors = slices.DeleteFunc(res.Errors, func(e workspace.FileError) bool { return !r.staged(e.Path) })
}

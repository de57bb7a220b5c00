package rules

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file checks the changed files of a repository, as a commit hook names them: everything is reported in these, and
// in other files only what depends on them. A finding depends on the changed files when it is not there, or says
// something else, while they are empty. That needs no history, and holds for every way in which one file can matter to
// another. The repository is looked at twice for it, so the cost stays linear.

// changed are files of a workspace, by absolute path. The zero value is none.
type changed map[string]bool

func changedFiles(paths []string) changed {
	out := changed{}
	for _, path := range paths {
		out[path] = true
	}
	return out
}

// has reports whether an entry is one of the files.
func (c changed) has(e *workspace.Entry) bool {
	return c[e.Abs] || slices.ContainsFunc(e.Links, c.path)
}

func (c changed) path(abs string) bool { return c[abs] }

// shown returns the paths of the files that are entries of a workspace, as findings show them.
func (c changed) shown(ws *workspace.Workspace) map[string]bool {
	out := map[string]bool{}
	for _, e := range ws.Entries {
		if c.has(e) {
			out[e.Path] = true
		}
	}
	return out
}

// names returns the paths of all the files, as errors show them.
func (c changed) names(ws *workspace.Workspace) map[string]bool {
	out := c.shown(ws)
	for abs := range c {
		out[ws.Shown(abs)] = true
	}
	return out
}

// statement is what a finding says and where, which is what two checks of the same text have in common.
type statement struct {
	path, rule string
	start, end int
	message    string
}

func (f *Finding) statement() statement {
	return statement{f.File.Path, f.Rule.ID, f.Span.Start, f.Span.End, f.Message}
}

// checkChanged is Check with CheckOptions.Changed.
func checkChanged(ws *workspace.Workspace, policies Policies, opts CheckOptions) *Result {
	files := changedFiles(opts.Changed)
	own := files.shown(ws)
	depends := dependent(ws, policies, files, opts)
	within := map[string]bool{} // the files in which a finding depends on the changed ones
	for s := range depends {
		within[s.path] = true
	}
	opts.Partial = true // not all files are checked
	c := checkSome(ws, policies, opts, func(e *workspace.Entry) bool { return own[e.Path] || within[e.Path] })
	result := c.result(ws, policies)
	result.keep(func(f *Finding) bool { return own[f.File.Path] || depends[f.statement()] })
	result.concerns(files.names(ws))
	return result
}

// dependent returns what is found in files that did not change, and not while the changed ones are empty. Rules that
// ask other programs are left out: they look at one script at a time.
func dependent(ws *workspace.Workspace, policies Policies, files changed, opts CheckOptions) map[statement]bool {
	quick := opts
	quick.Fixes, quick.Progress, quick.internal = false, nil, true
	others := func(e *workspace.Entry) bool { return !files.has(e) }
	find := func(ws *workspace.Workspace) map[statement]bool {
		c := checkSome(ws, policies, quick, others)
		out := map[statement]bool{}
		for _, r := range append(c.files, c.whole) {
			for _, list := range [][]Finding{r.findings, r.suppressed} {
				for n := range list {
					out[list[n].statement()] = true
				}
			}
		}
		return out
	}
	now := find(ws)
	own := files.shown(ws)
	for s := range now {
		if own[s.path] {
			delete(now, s)
		}
	}
	if len(now) == 0 {
		return nil
	}
	empty := map[string][]byte{}
	for path := range files {
		empty[path] = []byte{}
	}
	without, err := ws.With(empty).Reload()
	if err != nil {
		return nil // the options are those of ws, which was loaded
	}
	for s := range find(without.Snapshot()) {
		delete(now, s)
	}
	return now
}

// keep removes the findings that want refuses.
func (r *Result) keep(want func(*Finding) bool) {
	unwanted := func(f Finding) bool { return !want(&f) }
	r.Findings = slices.DeleteFunc(r.Findings, unwanted)
	r.Suppressed = slices.DeleteFunc(r.Suppressed, unwanted)
	r.Untried = slices.DeleteFunc(r.Untried, func(u Rejected) bool {
		return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.File.Path == u.File.Path })
	})
}

// concerns removes what is said about files, by path, that are not among the wanted ones.
func (r *Result) concerns(wanted map[string]bool) {
	unwanted := func(s workspace.Skipped) bool { return !wanted[s.Path] }
	r.Skipped = slices.DeleteFunc(r.Skipped, unwanted)
	r.Incomplete = slices.DeleteFunc(r.Incomplete, unwanted)
	r.Errors = slices.DeleteFunc(r.Errors, func(e workspace.FileError) bool { return !wanted[e.Path] })
}

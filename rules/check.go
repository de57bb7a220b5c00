package rules

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/workspace"
)

// Check applies the rules of a set to every file of a workspace. It checks files in parallel; the result does not
// depend on the order in which they finish.
func Check(ws *workspace.Workspace, set *Set, opts CheckOptions) *Result {
	ws = ws.Snapshot()
	result := &Result{Rules: set.Active(), Skipped: slices.Clone(ws.Skipped), Errors: slices.Clone(ws.Errors)}
	files := make([]fileResult, len(ws.Entries))
	each(len(ws.Entries), opts.Progress, func(n int) {
		files[n] = checkFile(ws, set, ws.Entries[n], opts)
	})
	for _, f := range files {
		if f.err != nil && errors.Is(f.err.Err, workspace.ForeignError{}) {
			result.Skipped = append(result.Skipped, workspace.Skipped{Path: f.err.Path, Reason: f.err.Err.Error()})
			continue
		}
		if f.err != nil {
			result.Errors = append(result.Errors, *f.err)
			continue
		}
		result.Checked++
		result.Findings = append(result.Findings, f.findings...)
		result.Suppressed = append(result.Suppressed, f.suppressed...)
		result.Rejected = append(result.Rejected, f.rejected...)
	}
	all := checkWorkspace(ws, set, opts)
	if all.err != nil {
		result.Errors = append(result.Errors, *all.err)
	}
	result.Findings = append(result.Findings, all.findings...)
	result.Suppressed = append(result.Suppressed, all.suppressed...)
	result.Rejected = append(result.Rejected, all.rejected...)
	result.Findings = order(result.Findings)
	result.Suppressed = order(result.Suppressed)
	slices.SortStableFunc(result.Errors, func(a, b workspace.FileError) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(result.Skipped, func(a, b workspace.Skipped) int { return strings.Compare(a.Path, b.Path) })
	return result
}

type fileResult struct {
	findings, suppressed []Finding
	rejected             []Rejected
	err                  *workspace.FileError
}

func checkFile(ws *workspace.Workspace, set *Set, entry *workspace.Entry, opts CheckOptions) (r fileResult) {
	// A defect in a rule must not hide the findings in other files.
	defer func() {
		if defect := recover(); defect != nil {
			r = fileResult{err: &workspace.FileError{Path: entry.Path, Err: defectError(defect, opts.Stacks)}}
		}
	}()
	doc, err := ws.Open(entry)
	if err != nil {
		return fileResult{err: &workspace.FileError{Path: entry.Path, Err: err}}
	}
	r.findings, r.suppressed = lint(ws, set.run, doc, opts.NoIgnores)
	r.finish(ws, set, doc, opts, false)
	return r
}

// finish proves the fixes of findings, or removes them unless opts.Fixes is set.
func (r *fileResult) finish(
	ws *workspace.Workspace, set *Set, doc *workspace.Document, opts CheckOptions, together bool,
) {
	if opts.Fixes {
		r.rejected = proveEach(ws, set, doc, r.findings, together)
	} else {
		for n := range r.findings {
			r.findings[n].Fixes = nil
		}
	}
	for n := range r.suppressed {
		r.suppressed[n].Fixes = nil
	}
}

// defectError is the error for a panic in sandlint.
func defectError(defect any, stacks bool) error {
	err := fmt.Errorf("a defect in sandlint, please report it: %v", defect)
	if stacks {
		err = fmt.Errorf("%w\n%s", err, debug.Stack())
	}
	return err
}

// checkWorkspace applies the rules about the workspace as a whole.
func checkWorkspace(ws *workspace.Workspace, set *Set, opts CheckOptions) (r fileResult) {
	defer func() {
		if defect := recover(); defect != nil {
			r = fileResult{err: &workspace.FileError{Path: ".", Err: defectError(defect, opts.Stacks)}}
		}
	}()
	byPath := lintWorkspace(ws, set.run)
	for _, e := range ws.Entries {
		all := byPath[e.Path]
		if len(all) == 0 {
			continue
		}
		doc, err := ws.Open(e)
		if err != nil {
			continue // its own check reports that
		}
		var one fileResult
		one.findings, one.suppressed = divide(all, doc, opts.NoIgnores)
		one.finish(ws, set, doc, opts, true)
		r.findings = append(r.findings, one.findings...)
		r.suppressed = append(r.suppressed, one.suppressed...)
		r.rejected = append(r.rejected, one.rejected...)
	}
	return r
}

// lintWorkspace returns, by path, what those rules of a list find that are about the workspace as a whole. A finding in
// a file that is not an entry could not be suppressed, fixed or reported, so rules about the workspace report none.
func lintWorkspace(ws *workspace.Workspace, list []configured) map[string][]Finding {
	byPath := map[string][]Finding{}
	for _, rule := range list {
		if check := rule.Check.workspace; check != nil {
			check(&Pass{
				Rule:      rule.Rule,
				Workspace: ws,
				severity:  rule.severity,
				options:   rule.options,
				report: func(f Finding) {
					byPath[f.File.Path] = append(byPath[f.File.Path], f)
				},
			})
		}
	}
	return byPath
}

// each calls do for 0 to n-1 on all cores, and progress from one goroutine at a time.
func each(n int, progress func(done, total int), do func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range workers {
		wg.Go(func() {
			for i := range next {
				do(i)
				if progress != nil {
					mu.Lock()
					done++
					progress(done, n)
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// lint applies a list of rules to one document and divides the findings by whether a comment suppresses them.
func lint(
	ws *workspace.Workspace, list []configured, doc *workspace.Document, noIgnores bool,
) (findings, suppressed []Finding) {
	var all []Finding
	pass := &Pass{Workspace: ws, report: func(f Finding) { all = append(all, f) }} // used by one rule after the other
	for n := range list {
		if check := list[n].Check.document; check != nil {
			pass.Rule, pass.severity, pass.options = list[n].Rule, list[n].severity, list[n].options
			check(pass, doc)
		}
	}
	return divide(all, doc, noIgnores)
}

// divide orders findings in one document and divides them by whether a comment suppresses them.
func divide(all []Finding, doc *workspace.Document, noIgnores bool) (findings, suppressed []Finding) {
	all = order(all)
	if noIgnores || len(all) == 0 {
		return all, nil
	}
	ignores := ignoresOf(doc)
	if len(ignores) == 0 {
		return all, nil
	}
	for _, f := range all {
		if f.File.Path == doc.Source.Path {
			for _, ig := range ignores {
				if ig.covers(f) {
					f.Suppressed = &Suppression{Kind: "inline", Reason: ig.reason, File: doc.Source, Span: ig.comment}
					break
				}
			}
		}
		if f.Suppressed != nil {
			suppressed = append(suppressed, f)
		} else {
			findings = append(findings, f)
		}
	}
	return findings, suppressed
}

// CompareFindings orders findings by path, position and rule, and then by end and message, so findings that compare as
// equal are the same one.
func CompareFindings(a, b *Finding) int {
	return cmp.Or(
		strings.Compare(a.File.Path, b.File.Path),
		cmp.Compare(a.Span.Start, b.Span.Start),
		strings.Compare(a.Rule.ID, b.Rule.ID),
		cmp.Compare(a.Span.End, b.Span.End),
		strings.Compare(a.Message, b.Message),
	)
}

// order sorts findings and drops duplicates: a script that two Dockerfiles run is checked twice.
func order(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int { return CompareFindings(&a, &b) })
	return slices.CompactFunc(findings, func(a, b Finding) bool { return CompareFindings(&a, &b) == 0 })
}

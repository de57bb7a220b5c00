package rules

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/workspace"
)

// Check applies the rules of a set to every file of a workspace. Files are looked at in parallel, and the result does not depend on
// the order in which they are finished.
func Check(ws *workspace.Workspace, set *Set, opts CheckOptions) *Result {
	result := &Result{Skipped: slices.Clone(ws.Skipped), Errors: slices.Clone(ws.Errors)}
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
		result.Withheld = append(result.Withheld, f.withheld...)
	}
	result.Findings = order(result.Findings)
	result.Suppressed = order(result.Suppressed)
	slices.SortStableFunc(result.Errors, func(a, b workspace.FileError) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(result.Skipped, func(a, b workspace.Skipped) int { return strings.Compare(a.Path, b.Path) })
	return result
}

type fileResult struct {
	findings, suppressed []Finding
	withheld             []Withheld
	err                  *workspace.FileError
}

func checkFile(ws *workspace.Workspace, set *Set, entry *workspace.Entry, opts CheckOptions) (r fileResult) {
	// A defect of ours must not hide what other files hold.
	defer func() {
		if defect := recover(); defect != nil {
			r = fileResult{err: &workspace.FileError{Path: entry.Path, Err: fmt.Errorf("a defect in sandlint, please report it: %v", defect)}}
		}
	}()
	doc, err := ws.Open(entry)
	if err != nil {
		return fileResult{err: &workspace.FileError{Path: entry.Path, Err: err}}
	}
	r.findings, r.suppressed = lint(ws, set.rules, set, doc, opts.NoIgnores)
	if opts.Fixes {
		r.withheld = proveEach(ws, set, doc, r.findings)
	} else {
		for n := range r.findings {
			r.findings[n].Fixes = nil
		}
	}
	for n := range r.suppressed {
		r.suppressed[n].Fixes = nil
	}
	return r
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

// lint applies a list of rules, with the severities of a set, to one document and divides the findings by whether a comment suppresses them.
func lint(ws *workspace.Workspace, list []*Rule, set *Set, doc *workspace.Document, noIgnores bool) (findings, suppressed []Finding) {
	var all []Finding
	for _, rule := range list {
		pass := &Pass{Rule: rule, Workspace: ws, severity: set.severity[rule], report: func(f Finding) { all = append(all, f) }}
		switch {
		case rule.NixConf != nil:
			for _, text := range nixTexts(doc) {
				rule.NixConf(pass, text)
			}
		case rule.Dockerfile != nil && doc.Dockerfile != nil:
			rule.Dockerfile(pass, doc.Dockerfile)
		case rule.Image != nil && doc.Dockerfile != nil:
			for _, image := range doc.Dockerfile.Images {
				rule.Image(pass, image)
			}
		case rule.Seccomp != nil:
			for _, profile := range doc.Profiles {
				pass.report = func(f Finding) { all = append(all, inHost(profile, f)) }
				rule.Seccomp(pass, profile)
			}
		}
	}
	all = order(all)
	if noIgnores || len(all) == 0 {
		return all, nil
	}
	ignores := ignoresOf(doc)
	if len(ignores) == 0 {
		return all, nil
	}
	for _, f := range all {
		if f.File == doc.Source {
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

func nixTexts(doc *workspace.Document) []*workspace.NixText {
	switch {
	case doc.NixText != nil:
		return []*workspace.NixText{doc.NixText}
	case doc.Dockerfile != nil:
		return doc.Dockerfile.NixTexts
	case doc.Hosted != nil:
		return doc.Hosted.NixTexts
	}
	return nil
}

// order sorts findings by path, position and rule, and drops those that are reported twice: a script that two Dockerfiles run
// is looked at twice.
func order(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if c := strings.Compare(a.File.Path, b.File.Path); c != 0 {
			return c
		}
		if c := a.Span.Start - b.Span.Start; c != 0 {
			return c
		}
		if c := strings.Compare(a.Rule.ID, b.Rule.ID); c != 0 {
			return c
		}
		if c := a.Span.End - b.Span.End; c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.Span == b.Span && a.File.Path == b.File.Path && a.Message == b.Message
	})
}

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

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Check applies to every file of a workspace the rules of its policy. It checks files in parallel; the result does not
// depend on the order in which they finish.
func Check(ws *workspace.Workspace, policies Policies, opts CheckOptions) *Result {
	ws = ws.Snapshot()
	if opts.Changed != nil {
		return checkChanged(ws, policies, opts)
	}
	return checkAll(ws, policies, opts).result(ws, policies)
}

// checked is what was found in a workspace: file by file, and by the rules about the workspace as a whole.
type checked struct {
	entries []*workspace.Entry // that were checked
	files   []fileResult       // in their order
	whole   fileResult
	about   fileResult // what was found about the suppressions themselves
	judges  []*judge   // of them, in the order of the entries
}

func checkAll(ws *workspace.Workspace, policies Policies, opts CheckOptions) *checked {
	return checkSome(ws, policies, opts, func(*workspace.Entry) bool { return true })
}

// checkSome is like checkAll, for the files that want returns true for. The rules about the workspace as a whole see
// all files.
func checkSome(
	ws *workspace.Workspace, policies Policies, opts CheckOptions, want func(*workspace.Entry) bool,
) *checked {
	entries := slices.DeleteFunc(slices.Clone(ws.Entries), func(e *workspace.Entry) bool { return !want(e) })
	c := &checked{entries: entries}
	if opts.Cache != nil && ws.Witnessed() {
		c.files = checkCached(ws, policies, entries, opts)
	} else {
		c.files = make([]fileResult, len(entries))
		each(ws, len(entries), opts.Progress, func(n int) {
			c.files[n] = checkFile(ws, policies, entries[n], opts)
		})
	}
	c.proveElsewhere(ws, policies, opts)
	c.whole = checkWorkspace(ws, policies, opts)
	accepting := acceptancesOf(ws, policies, ws.Entries, opts.ignoring())
	c.accept(ws, accepting)
	c.comments(ws, policies, opts, accepting)
	return c
}

// result joins what was found.
func (c *checked) result(ws *workspace.Workspace, policies Policies) *Result {
	all, _ := policiesOf(ws, policies, ws.Entries)
	result := &Result{Rules: active(all), Skipped: slices.Clone(ws.Skipped), Errors: slices.Clone(ws.Errors)}
	for _, f := range c.files {
		if f.foreign() {
			result.Skipped = append(result.Skipped, workspace.Skipped{Path: f.err.Path, Reason: f.err.Err.Error()})
			continue
		}
		if f.err == nil {
			result.Checked++
		}
		result.add(f)
	}
	result.add(c.whole)
	result.add(c.about)
	result.activate(all)
	result.Failed = firstFailures(result.Failed)
	result.Findings = order(result.Findings)
	result.Suppressed = order(result.Suppressed)
	slices.SortStableFunc(result.Errors, func(a, b workspace.FileError) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(result.Skipped, func(a, b workspace.Skipped) int { return strings.Compare(a.Path, b.Path) })
	return result
}

// activate adds the rules that a file switched on for itself, and that found something.
func (r *Result) activate(policies []*Policy) {
	if !slices.ContainsFunc(policies, func(p *Policy) bool { return len(p.Set.experimental) > 0 }) {
		return
	}
	found := map[*Rule]bool{}
	for _, list := range [][]Finding{r.Findings, r.Suppressed} {
		for n := range list {
			found[list[n].Rule] = true
		}
	}
	for n := range r.Rules {
		delete(found, r.Rules[n].Rule)
	}
	for _, p := range policies {
		for n := range p.Set.experimental {
			if c := &p.Set.experimental[n]; found[c.Rule] {
				delete(found, c.Rule)
				r.Rules = append(r.Rules, p.Set.active(c))
			}
		}
	}
	sortActive(r.Rules)
}

func sortActive(list []Active) {
	slices.SortFunc(list, func(a, b Active) int { return strings.Compare(a.ID, b.ID) })
}

func (r *Result) add(f fileResult) {
	if f.err != nil {
		r.Errors = append(r.Errors, *f.err)
	}
	r.Findings = append(r.Findings, f.findings...)
	r.Suppressed = append(r.Suppressed, f.suppressed...)
	r.Rejected = append(r.Rejected, f.rejected...)
	r.Untried = append(r.Untried, f.untried...)
	r.Incomplete = append(r.Incomplete, f.incomplete...)
	r.Failed = append(r.Failed, f.failed...)
}

// firstFailures returns the first error of each rule, sorted by the ids of the rules.
func firstFailures(all []RuleError) []RuleError {
	slices.SortStableFunc(all, func(a, b RuleError) int {
		return cmp.Or(
			strings.Compare(a.Rule.ID, b.Rule.ID),
			strings.Compare(a.File.Path, b.File.Path),
			cmp.Compare(a.Span.Start, b.Span.Start),
		)
	})
	return slices.CompactFunc(all, func(a, b RuleError) bool { return a.Rule == b.Rule })
}

type fileResult struct {
	findings, suppressed []Finding
	rejected, untried    []Rejected
	incomplete           []workspace.Skipped
	failed               []RuleError
	err                  *workspace.FileError
	reads                []string // with CheckOptions.unproved: Document.Reads
	noted                *noted
	ran                  []*Rule   // the rules that looked at the file
	about                []Finding // what was found about its suppressions
	elsewhere            []int     // the findings whose fixes edit other files, and are not proved yet
}

func isForeign(err error) bool { return errors.As(err, new(workspace.ForeignError)) }

func checkFile(
	ws *workspace.Workspace, policies Policies, entry *workspace.Entry, opts CheckOptions,
) fileResult {
	r, _ := checkDocument(ws, policies, entry, opts)
	return r
}

// checkDocument is checkFile that returns the document too, nil where it could not be opened.
func checkDocument(
	ws *workspace.Workspace, policies Policies, entry *workspace.Entry, opts CheckOptions,
) (r fileResult, doc *workspace.Document) {
	// A defect in a rule must not hide the findings in other files.
	defer func() {
		if defect := recover(); defect != nil {
			repanic(defect)
			r = fileResult{err: &workspace.FileError{Path: entry.Path, Err: defectError(defect, opts.Stacks)}}
		}
	}()
	if opts.Fixes { // the proofs read most scripts of the file once more
		ws = ws.WithScripts(new(shell.Cache))
	}
	doc, err := ws.Open(entry)
	if err != nil {
		return fileResult{err: &workspace.FileError{Path: entry.Path, Err: err}}, nil
	}
	c := contextOf(ws, policies, entry, opts.ignoring())
	c.noted, c.stop, c.advises = newNoted(), opts.stop, opts.advises
	set := c.policy.Set
	fail := func(e RuleError) { r.failed = append(r.failed, e) }
	run := set.run
	if opts.internal {
		run = set.alone
	}
	run = set.with(run, doc)
	r.findings, r.suppressed = c.lint(run, doc, fail, true)
	for n := range run {
		r.ran = append(r.ran, run[n].Rule)
	}
	r.noted, c.noted = c.noted, nil
	if opts.Fixes {
		r.rejected, r.untried, r.elsewhere = proveShown(ws, c, doc, r.findings)
	}
	if reason := doc.Incomplete(); reason != "" {
		r.incomplete = []workspace.Skipped{{Path: entry.Path, Reason: reason}}
	}
	if opts.unproved {
		r.reads = doc.Reads()
	}
	r.finish(opts)
	return r, doc
}

// finish removes the fixes that are not shown.
func (r *fileResult) finish(opts CheckOptions) {
	if !opts.Fixes && !opts.unproved {
		for n := range r.findings {
			r.findings[n].strip()
		}
	}
	for n := range r.suppressed {
		r.suppressed[n].Fixes = nil
	}
}

// Divide suppresses the findings for which known has a suppression, because they were there before, and marks all
// findings as new or unchanged. known has one element for each finding.
func (r *Result) Divide(known []*Suppression) {
	left := make([]Finding, 0, len(r.Findings))
	for n, f := range r.Findings {
		f.Baseline = BaselineNew
		if known[n] == nil {
			left = append(left, f)
			continue
		}
		f.Baseline, f.Suppressed = BaselineUnchanged, known[n]
		f.strip()
		r.Suppressed = append(r.Suppressed, f)
	}
	r.Findings = left
	for n := range r.Suppressed {
		if s := &r.Suppressed[n]; s.Baseline == "" {
			s.Baseline = BaselineNew
		}
	}
	r.Suppressed = order(r.Suppressed)
}

// strip removes the fixes of a finding, and keeps what they promised.
func (f *Finding) strip() {
	f.Offered = nil
	for _, fix := range f.Fixes {
		f.Offered = append(f.Offered, fix.Safety)
	}
	f.Fixes = nil
}

// repanic panics again where a defect is that the meter of a workspace has run out, which ends the whole run.
func repanic(defect any) {
	if defect == any(source.ErrSteps) || defect == any(source.ErrBytes) {
		panic(defect)
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
func checkWorkspace(ws *workspace.Workspace, policies Policies, opts CheckOptions) (r fileResult) {
	defer func() {
		if defect := recover(); defect != nil {
			repanic(defect)
			r = fileResult{err: &workspace.FileError{Path: ".", Err: defectError(defect, opts.Stacks)}}
		}
	}()
	r.noted = newNoted()
	byPath := lintWorkspace(ws, policies, ws.Entries, func(s *Set) []configured { return s.run })
	for _, e := range ws.Entries {
		all := byPath[e.Path]
		if len(all) == 0 {
			continue
		}
		doc, err := ws.Open(e)
		if err != nil {
			continue // its own check reports that
		}
		c := contextOf(ws, policies, e, opts.ignoring())
		c.noted = r.noted
		findings, suppressed := c.divide(all, doc)
		r.findings = append(r.findings, findings...)
		r.suppressed = append(r.suppressed, suppressed...)
	}
	if opts.Fixes {
		r.rejected, r.untried = proveWorkspace(ws, policies, opts.ignoring(), r.findings)
	}
	r.finish(opts)
	return r
}

// lintWorkspace returns, by path, what those rules that pick takes of a set find that are about the workspace as a
// whole, for some entries: those of each policy, in its own files. A finding in a file that is not an entry could not
// be suppressed, fixed or reported, so rules about the workspace report none.
func lintWorkspace(
	ws *workspace.Workspace, policies Policies, entries []*workspace.Entry, pick func(*Set) []configured,
) map[string][]Finding {
	byPath := map[string][]Finding{}
	all, of := policiesOf(ws, policies, entries)
	for n, policy := range all {
		view := ws.For(of[n])
		list := pick(policy.Set)
		for k := range list {
			rule := &list[k]
			if check := rule.Check.workspace; check != nil {
				ws.Spend(100 + 10*len(entries))
				check(&Pass{
					Rule:       rule.Rule,
					Workspace:  view,
					configured: rule,
					report: func(f Finding) {
						if len(all) == 1 || policies.Policy(ws.Abs(f.File)) == policy {
							byPath[f.File.Path] = append(byPath[f.File.Path], f)
						}
					},
				})
			}
		}
	}
	return byPath
}

// each calls do for 0 to n-1 on all cores, and progress from one goroutine at a time. Where a meter bounds the work, it
// does so in order, in its own goroutine.
func each(ws *workspace.Workspace, n int, progress func(done, total int), do func(int)) {
	if ws.Metered() {
		for i := range n {
			do(i)
		}
		return
	}
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

// What the meter of a workspace is charged: for each rule that looks at a document, with one step more for some bytes
// of it, and for each finding.
const (
	ruleCost     = 2
	ruleBytes    = 32
	findingCost  = 50
	findingBytes = 1 << 10
)

// lint applies a list of rules to one document and divides the findings by whether a comment suppresses them. It calls
// fail, which may be nil, for each error of a rule.
func (c *context) lint(
	list []configured, doc *workspace.Document, fail func(RuleError), fixes bool,
) (findings, suppressed []Finding) {
	var all []Finding
	report := func(f Finding) {
		c.ws.Spend(findingCost)
		c.ws.Keep(findingBytes + len(f.Message))
		all = append(all, f)
	}
	// One pass is used by one rule after the other.
	pass := &Pass{Workspace: c.ws, report: report, fail: fail, memo: map[any]any{},
		fixless: !fixes || c.advises, advises: c.advises, noted: c.noted}
	for n := range list {
		if c.stop != nil && c.stop() {
			break
		}
		if check := list[n].Check.document; check != nil {
			pass.Rule, pass.configured = list[n].Rule, &list[n]
			c.ws.Spend(ruleCost + len(doc.Source.Bytes)/ruleBytes)
			check(pass, doc)
		}
	}
	withdrawFixes(all, doc)
	return c.divide(c.elsewhere(all, doc), doc)
}

// CompareFindings orders findings by path, position and rule, and then by end and message, so findings that compare as
// equal are the same one.
func CompareFindings(a, b *Finding) int {
	if a.File != b.File {
		if by := strings.Compare(a.File.Path, b.File.Path); by != 0 {
			return by
		}
	}
	if a.Span.Start != b.Span.Start {
		return cmp.Compare(a.Span.Start, b.Span.Start)
	}
	if a.Rule != b.Rule {
		if by := strings.Compare(a.Rule.ID, b.Rule.ID); by != 0 {
			return by
		}
	}
	if a.Span.End != b.Span.End {
		return cmp.Compare(a.Span.End, b.Span.End)
	}
	return strings.Compare(a.Message, b.Message)
}

// order sorts findings and drops duplicates: a script that two Dockerfiles run is checked twice.
func order(findings []Finding) []Finding {
	sorted := true // and without duplicates
	for n := 1; n < len(findings) && sorted; n++ {
		sorted = CompareFindings(&findings[n-1], &findings[n]) < 0
	}
	if sorted {
		return findings
	}
	// A finding is large, so each is moved once.
	from := make([]int32, len(findings)) // which finding comes to each place
	for n := range from {
		from[n] = int32(n)
	}
	slices.SortFunc(from, func(a, b int32) int {
		if by := CompareFindings(&findings[a], &findings[b]); by != 0 {
			return by
		}
		return cmp.Compare(a, b)
	})
	for n := range from {
		if from[n] < 0 {
			continue
		}
		first, at := findings[n], n
		for {
			next := int(from[at])
			from[at] = -1
			if next == n {
				break
			}
			findings[at], at = findings[next], next
		}
		findings[at] = first
	}
	kept := 1
	for n := 1; n < len(findings); n++ {
		if CompareFindings(&findings[kept-1], &findings[n]) != 0 {
			if kept < n {
				findings[kept] = findings[n]
			}
			kept++
		}
	}
	clear(findings[kept:])
	return findings[:kept]
}

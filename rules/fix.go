package rules

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file connects the proof (package fixers) with rules and formats.
//
// Fixes are proved and applied per group: the files that can influence each other's findings, because a Dockerfile
// copies a nix.conf or runs a script, or because a fix of a rule about the whole workspace edits several files. linked
// finds the groups by union-find over what each document has read. Groups are independent, so they are fixed in
// parallel, and a proof lints only the files of its group.
//
// checker answers what the proof asks: Lint opens the group's files through an overlay with the edited texts and runs
// the rules of set.proof; Compare asks the file's Format. Check proves the fixes of one file as they are shown
// (fixers.Prover.ProveAll); Fix applies them step by step (fixers.Run).

// Fix applies the fixes of what the rules of each file's policy find, in memory, each proved, until none is left.
//
// It works in rounds. A round checks all files, and fixes each group that has a finding with a fix. The next one sees
// all files as they are by then, and divides them into groups anew, since a fix may link files (a COPY that had a
// spelling mistake) and change what is derived from a file that no document reads. A round that changes nothing is the
// last, so a second Fix has nothing to do.
func Fix(ws *workspace.Workspace, policies Policies, opts FixOptions) *FixResult {
	ws = ws.Snapshot()
	if opts.Changed != nil {
		opts.within = changedFiles(opts.Changed).shown(ws)
	}
	f := &fixing{
		opts: opts, fixed: map[string]*FixedFile{}, overlay: map[string][]byte{}, spent: map[string]bool{},
		seen: map[[sha256.Size]byte]bool{},
	}
	now := ws
	check := opts.CheckOptions
	check.Fixes, check.Progress, check.unproved = false, nil, true
	for {
		c := checkAll(now, policies, check)
		f.out.After = c.result(now, policies)
		// The comments that suppress findings come first: what they are for is not to be changed.
		if f.ended || !f.round(now, policies, f.worth(commented(c))) && !f.ended &&
			!f.round(now, policies, f.worth(linked(now, c, opts))) {
			break
		}
		now = ws.With(f.overlay).Snapshot()
		f.opts.Progress = nil
	}
	if len(f.overlay) > 0 && !opts.textsAlone { // what is left depends on how the files are linked now
		if again, err := now.Reload(); err == nil {
			again = again.Snapshot()
			f.out.After = checkAll(again, policies, check).result(again, policies)
		}
	}
	if opts.within != nil {
		f.out.After.keep(func(f *Finding) bool { return opts.within[f.File.Path] })
		f.out.After.concerns(changedFiles(opts.Changed).names(ws))
		f.out.After.Checked = len(opts.within)
	}
	if opts.within == nil {
		f.removeAccepted()
	}
	for _, list := range [][]Finding{f.out.After.Findings, f.out.After.Suppressed} {
		for n := range list {
			list[n].strip()
		}
	}
	for _, path := range sortedKeys(f.fixed) {
		if one := f.fixed[path]; !bytes.Equal(one.File.Bytes, one.After) {
			f.out.Files = append(f.out.Files, *one)
		}
	}
	slices.SortStableFunc(f.out.Files, func(a, b FixedFile) int { return strings.Compare(a.File.Path, b.File.Path) })
	return &f.out
}

// fixing is a Fix at work.
type fixing struct {
	opts    FixOptions
	out     FixResult
	fixed   map[string]*FixedFile      // by path
	overlay map[string][]byte          // the texts of these, by absolute path
	spent   map[string]bool            // files whose budget is used up
	seen    map[[sha256.Size]byte]bool // the states of the workspace so far
	ended   bool                       // the fixes of linked files undo each other
}

// worth returns the groups that have something to fix and a budget for it.
func (f *fixing) worth(groups []group) []group {
	return slices.DeleteFunc(groups, func(g group) bool {
		return !g.fixable || slices.ContainsFunc(g.entries, func(e *workspace.Entry) bool { return f.spent[e.Path] })
	})
}

// round fixes groups, and reports whether anything changed. It sets ended when the workspace has been in the same state
// before.
func (f *fixing) round(now *workspace.Workspace, policies Policies, groups []group) bool {
	if len(groups) == 0 {
		return false
	}
	f.remember()
	results := make([]groupResult, len(groups))
	each(now, len(groups), f.opts.Progress, func(n int) { results[n] = fixGroup(now, policies, groups[n], f.opts) })
	changed := false
	applied := map[rejection]bool{}
	for n, r := range results {
		abs := map[string]string{}
		for _, e := range groups[n].entries {
			abs[e.Path] = e.Abs
		}
		for _, one := range r.files {
			changed = true
			path := one.File.Path
			if before := f.fixed[path]; before != nil {
				one.File, one.Applied = before.File, append(before.Applied, one.Applied...)
			}
			f.fixed[path], f.overlay[abs[path]] = &one, one.After
			for _, a := range one.Applied {
				applied[rejection{a.Rule, path, a.Title}] = true
			}
		}
		if r.untried > 0 {
			paths := sortedKeys(abs)
			for _, path := range paths {
				f.spent[path] = true
			}
			f.out.Untried = append(f.out.Untried, Untried{Paths: paths, Fixes: r.untried})
		}
	}
	f.reject(results, applied)
	if changed && !f.remember() {
		f.ended = true
		f.out.Rejected = append(f.out.Rejected, Rejected{
			File:   source.NewFile(groups[0].entries[0].Path, nil),
			Title:  "all fixes",
			Reason: "fixes of linked files change them back and forth",
		})
	}
	return changed
}

// rejection is what two rejections of one fix have in common.
type rejection struct {
	rule        *Rule
	path, title string
}

func (r *Rejected) key() rejection { return rejection{r.Rule, r.File.Path, r.Title} }

// reject adds the rejections of a round to those of the rounds before, unless these have them. Those of fixes that were
// applied now are void.
func (f *fixing) reject(results []groupResult, applied map[rejection]bool) {
	f.out.Rejected = slices.DeleteFunc(f.out.Rejected, func(r Rejected) bool { return applied[r.key()] })
	known := map[rejection]bool{}
	for n := range f.out.Rejected {
		known[f.out.Rejected[n].key()] = true
	}
	for _, r := range results {
		for _, one := range r.rejected {
			if !known[one.key()] {
				f.out.Rejected = append(f.out.Rejected, one)
			}
		}
	}
}

// remember records the state of the workspace, and reports whether it is new.
func (f *fixing) remember() bool {
	h := sha256.New()
	for _, path := range sortedKeys(f.fixed) {
		one := f.fixed[path]
		if bytes.Equal(one.File.Bytes, one.After) {
			continue
		}
		fmt.Fprintf(h, "%q %x\n", path, sha256.Sum256(one.After))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	isNew := !f.seen[sum]
	f.seen[sum] = true
	return isNew
}

// group is the files that can influence each other's findings: a Dockerfile, and the files of the workspace that it
// copies.
type group struct {
	entries []*workspace.Entry
	fixable bool // some finding has a fix that may be applied
	// together says that a rule about the workspace as a whole has such a finding.
	together bool
	// external says that a rule that asks another program has one.
	external bool
	// comments is set where the fixes are those of the comments that suppress findings.
	comments *judge
}

// commented returns the files with comments that fixes of the rules about suppressions change.
func commented(c *checked) []group {
	var groups []group
	for n, e := range c.entries {
		if offered(c.files[n].about) {
			groups = append(groups, group{entries: []*workspace.Entry{e}, fixable: true, comments: c.judges[n]})
		}
	}
	return groups
}

// linked divides the files of a workspace into groups: files are in one group when a document or a fix links them.
func linked(ws *workspace.Workspace, c *checked, opts FixOptions) []group {
	applies := func(f Finding) bool {
		return slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool {
			return opts.mayFix(&fix) && fix.Applies(opts.Unsafe)
		})
	}
	byPath := map[string]int{}
	leader := make([]int, len(ws.Entries))
	for n, e := range ws.Entries {
		byPath[e.Path], leader[n] = n, n
	}
	find := func(n int) int {
		for leader[n] != n {
			leader[n] = leader[leader[n]]
			n = leader[n]
		}
		return n
	}
	link := func(n int, path string) {
		if other, ok := byPath[path]; ok {
			a, b := find(n), find(other)
			leader[max(a, b)] = min(a, b)
		}
	}
	fixable, together, external := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for n := range c.files {
		fixable[n] = slices.ContainsFunc(c.files[n].findings, applies)
		external[n] = slices.ContainsFunc(c.files[n].findings, func(f Finding) bool {
			return f.Rule.Check.external && applies(f)
		})
		for _, path := range c.files[n].reads {
			link(n, path)
		}
		for _, f := range c.files[n].findings {
			for _, path := range editsElsewhere(&f, ws.Entries[n]) {
				link(n, path)
			}
		}
	}
	for _, f := range c.whole.findings {
		n, ok := byPath[f.File.Path]
		if !ok || !applies(f) {
			continue
		}
		fixable[n], together[n] = true, true
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				link(n, e.File.Path)
			}
		}
	}
	index := map[int]int{}
	var groups []group
	for n, e := range ws.Entries {
		l := find(n)
		if _, ok := index[l]; !ok {
			index[l] = len(groups)
			groups = append(groups, group{})
		}
		g := &groups[index[l]]
		g.entries = append(g.entries, e)
		g.fixable = g.fixable || fixable[n]
		g.together = g.together || together[n]
		g.external = g.external || external[n]
	}
	return groups
}

type groupResult struct {
	files    []FixedFile
	rejected []Rejected
	untried  int
}

func fixGroup(ws *workspace.Workspace, policies Policies, g group, opts FixOptions) (out groupResult) {
	defer func() {
		if defect := recover(); defect != nil {
			repanic(defect)
			out = groupResult{rejected: []Rejected{{
				File:   source.NewFile(g.entries[0].Path, nil),
				Title:  "all fixes",
				Reason: defectError(defect, opts.Stacks).Error(),
			}}}
		}
	}()
	ws = ws.WithScripts(new(shell.Cache)) // each pass reads most scripts once more
	c := &checker{
		ws: ws, policies: policies, ignoring: opts.ignoring(), together: g.together, external: g.external,
		comments: g.comments,
		leave:    opts.Leave, may: opts.mayFix,
	}
	var files []*source.File
	for _, e := range g.entries {
		doc, err := ws.Open(e)
		if err != nil {
			continue
		}
		c.entries = append(c.entries, e)
		files = append(files, doc.Source)
	}
	c.original = files
	run, err := fixers.Run(files, fixers.Options{Unsafe: opts.Unsafe}, c)
	if err != nil {
		return groupResult{rejected: []Rejected{{File: files[0], Title: "all fixes", Reason: err.Error()}}}
	}
	out.untried = run.Untried
	for n, f := range run.Files {
		for _, r := range f.Rejected {
			out.rejected = append(out.rejected,
				Rejected{Rule: c.rule(r.Rule), File: files[n], Title: r.Title, Reason: r.Reason})
		}
		for _, cycle := range f.Cycles {
			out.rejected = append(out.rejected, Rejected{
				Rule:   c.rule(cycle.Rules[0]),
				File:   files[n],
				Title:  "fixes that undo each other",
				Reason: strings.Join(cycle.Rules, " and ") + " change the text back and forth",
			})
		}
		if bytes.Equal(f.Before.Bytes, f.After.Bytes) {
			continue
		}
		fixed := FixedFile{File: files[n], After: f.After.Bytes}
		for _, a := range f.Applied {
			fixed.Applied = append(fixed.Applied, AppliedFix{Rule: c.rule(a.Rule), Title: a.Title, Safety: a.Safety})
		}
		out.files = append(out.files, fixed)
	}
	return out
}

// proveAll proves the fixes of findings, and removes those that fail or are not tried. All are the findings of the
// files of c, before anything is removed.
func (c *checker) proveAll(texts []*source.File, all, findings []Finding) (rejected, untried []Rejected) {
	return c.proveKeyed(texts, c.keyed(all), c.keyed(findings), findings)
}

// proveAmong is proveAll where the findings of the files are some, and more that are not to be proved.
func (c *checker) proveAmong(texts []*source.File, findings, more []Finding) (rejected, untried []Rejected) {
	all := c.keyed(findings, more)
	return c.proveKeyed(texts, all, all[:len(findings):len(findings)], findings)
}

// proveKeyed is proveAll for findings that are converted already.
func (c *checker) proveKeyed(
	texts []*source.File, all, own []fixers.Finding, findings []Finding,
) (rejected, untried []Rejected) {
	c.fixless = true
	verdicts, err := fixers.NewProver(texts, all, c).ProveAll(own)
	for n := range findings {
		f := &findings[n]
		var proved []fixers.Fix
		for m, fix := range f.Fixes {
			why := err
			if err == nil {
				why = verdicts[n][m]
			}
			switch r := (Rejected{Rule: f.Rule, File: f.File, Span: f.Span, Title: fix.Title}); {
			case why == nil || fix.Safety == fixers.Manual:
				proved = append(proved, fix)
			case errors.Is(why, fixers.ErrUntried):
				r.Reason = why.Error()
				untried = append(untried, r)
			default:
				r.Reason = why.Error()
				rejected = append(rejected, r)
			}
		}
		f.Fixes = proved
	}
	return rejected, untried
}

// offered reports whether findings have fixes to prove.
func offered(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool {
		return slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool { return fix.Safety != fixers.Manual })
	})
}

// proveShown proves the fixes of the findings in one document, but for those that edit other files. It returns the
// numbers of these findings.
func proveShown(
	ws *workspace.Workspace, own *context, doc *workspace.Document, findings []Finding,
) (rejected, untried []Rejected, elsewhere []int) {
	c := &checker{
		ws: ws, policies: own.policies, ignoring: own.ignoring,
		entries: []*workspace.Entry{doc.Entry}, original: []*source.File{doc.Source},
	}
	c.base = &state{files: c.original, ws: ws, docs: map[int]*workspace.Document{0: doc}}
	if !offered(findings) {
		return nil, nil, nil
	}
	more, _ := own.lint(own.policy.Set.unselected, doc, nil, false)
	var alone, external []int // of findings
	for n := range findings {
		if findings[n].Rule.Check.external {
			external = append(external, n)
			continue
		}
		if len(editsElsewhere(&findings[n], doc.Entry)) == 0 {
			alone = append(alone, n)
		} else {
			elsewhere = append(elsewhere, n)
		}
	}
	if len(alone) == len(findings) {
		rejected, untried = c.proveAmong(c.original, findings, more)
		return rejected, untried, nil
	}
	internal := slices.Clone(more)
	for n := range findings {
		if !findings[n].Rule.Check.external {
			internal = append(internal, findings[n])
		}
	}
	for _, part := range [][]int{alone, external} {
		some := make([]Finding, len(part))
		for n, at := range part {
			some[n] = findings[at]
		}
		if !offered(some) {
			continue
		}
		all := internal
		if c.external = len(part) > 0 && some[0].Rule.Check.external; c.external {
			all = slices.Concat(findings, more)
		}
		r, u := c.proveAll(c.original, all, some)
		rejected, untried = append(rejected, r...), append(untried, u...)
		for n, at := range part {
			findings[at] = some[n]
		}
	}
	return rejected, untried, elsewhere
}

// editsElsewhere returns the paths of the other files that the fixes of a finding in an entry edit.
func editsElsewhere(f *Finding, own *workspace.Entry) []string {
	var out []string
	for _, fix := range f.Fixes {
		for _, e := range fix.Edits {
			if e.File.Path != own.Path && !slices.Contains(out, e.File.Path) {
				out = append(out, e.File.Path)
			}
		}
	}
	return out
}

// proveElsewhere proves the fixes that edit other files than the one that they are found in. What is derived from a
// file, such as all builds of a repository's workflows, is derived anew for each text of it, so these fixes are proved
// together; only where some fail, those of each file are proved for themselves.
func (c *checked) proveElsewhere(ws *workspace.Workspace, policies Policies, opts CheckOptions) {
	var with []int // the files that have some
	for n := range c.files {
		if len(c.files[n].elsewhere) > 0 {
			with = append(with, n)
		}
	}
	if len(with) == 0 || len(with) > 1 && c.proveFrom(ws, policies, opts, true, with...) {
		return
	}
	each(ws, len(with), nil, func(k int) {
		n := with[k]
		defer func() {
			if defect := recover(); defect != nil {
				repanic(defect)
				c.files[n] = fileResult{err: &workspace.FileError{
					Path: c.entries[n].Path, Err: defectError(defect, opts.Stacks),
				}}
			}
		}()
		c.proveFrom(ws, policies, opts, false, n)
	})
}

// proveFrom proves the fixes of the findings in some files that edit other ones. With together, it reports false and
// changes nothing where not all of them are proved.
func (c *checked) proveFrom(
	ws *workspace.Workspace, policies Policies, opts CheckOptions, together bool, from ...int,
) (proved bool) {
	if together {
		defer func() { // the defect comes again, in its file
			defect := recover()
			repanic(defect)
			proved = defect == nil && proved
		}()
	}
	wanted := map[string]bool{}
	var some []Finding
	for _, n := range from {
		wanted[c.entries[n].Path] = true
		for _, at := range c.files[n].elsewhere {
			f := c.files[n].findings[at]
			some = append(some, f)
			for _, path := range editsElsewhere(&f, c.entries[n]) {
				wanted[path] = true
			}
		}
	}
	rejected, untried := proveIn(ws, policies, opts.ignoring(), wanted, false, some)
	if together && len(rejected)+len(untried) > 0 {
		return false
	}
	for _, n := range from {
		r := &c.files[n]
		for k, at := range r.elsewhere {
			r.findings[at] = some[k]
		}
		some = some[len(r.elsewhere):]
		r.elsewhere = nil
	}
	r := &c.files[from[0]]
	r.rejected, r.untried = append(r.rejected, rejected...), append(r.untried, untried...)
	return true
}

// proveWorkspace proves the fixes of what rules about the workspace as a whole found, which may edit all of its files.
func proveWorkspace(
	ws *workspace.Workspace, policies Policies, how ignoring, findings []Finding,
) (rejected, untried []Rejected) {
	if !offered(findings) {
		return nil, nil
	}
	wanted := map[string]bool{}
	for _, f := range findings {
		wanted[f.File.Path] = true
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				wanted[e.File.Path] = true
			}
		}
	}
	return proveIn(ws, policies, how, wanted, true, findings)
}

// proveIn proves the fixes of findings in the files with some paths.
func proveIn(
	ws *workspace.Workspace, policies Policies, how ignoring, wanted map[string]bool, together bool,
	findings []Finding,
) (rejected, untried []Rejected) {
	c := &checker{ws: ws, policies: policies, ignoring: how, together: together}
	for _, e := range ws.Entries {
		if !wanted[e.Path] {
			continue
		}
		if doc, err := ws.Open(e); err == nil {
			c.entries = append(c.entries, e)
			c.original = append(c.original, doc.Source)
		}
	}
	all, err := c.lint(c.original)
	if err != nil {
		for n := range findings {
			findings[n].Fixes = nil
		}
		return nil, nil // the check of the file reports that
	}
	return c.proveAll(c.original, all, findings)
}

// checker implements fixers.Checker for a group of files.
type checker struct {
	ws       *workspace.Workspace
	policies Policies
	ignoring
	entries  []*workspace.Entry
	original []*source.File         // the files as ws has them
	together bool                   // includes the rules about the workspace as a whole
	external bool                   // includes the rules that ask other programs
	fixless  bool                   // the findings need no fixes
	leave    func([]Finding) []bool // see FixOptions
	may      func(*fixers.Fix) bool // which fixes may be applied, nil for all
	// comments, when not nil, includes the rules about suppressions, whose fixes alone are proved then.
	comments *judge

	base   *state    // that of the files as ws has them, where the caller has it
	states [2]*state // the newest of the others first
	before map[*source.File]*fixdocker.Meaning
	latest *fixdocker.Meaning
	memory *memory
}

// meaning reads a Dockerfile that fixes are compared with. It remembers those of the original files, and the last one.
func (c *checker) meaning(f *source.File) *fixdocker.Meaning {
	if m := c.before[f]; m != nil {
		return m
	}
	if c.latest == nil || c.latest.Source() != f {
		c.latest = fixdocker.Read(f)
	}
	m := c.latest
	if slices.Contains(c.original, f) {
		if c.before == nil {
			c.before = map[*source.File]*fixdocker.Meaning{}
		}
		c.before[f] = m
	}
	return m
}

// state is the workspace with certain texts of a checker's files.
type state struct {
	files []*source.File
	ws    *workspace.Workspace
	docs  map[int]*workspace.Document // of the files that differ from the original ones, or of the only one
}

// state returns the workspace with the given texts. It remembers the last two: a proof lints the text after the fixes,
// and compares it with that before.
func (c *checker) state(files []*source.File) *state {
	if c.base != nil && slices.Equal(c.base.files, files) {
		return c.base
	}
	for n, s := range c.states {
		if s != nil && slices.Equal(s.files, files) {
			if n > 0 {
				c.states[0], c.states[n] = s, c.states[0]
			}
			return s
		}
	}
	s := &state{files: files, ws: c.ws, docs: map[int]*workspace.Document{}}
	overlay := map[string][]byte{}
	for n, f := range files {
		if f != c.original[n] {
			overlay[c.entries[n].Abs] = f.Bytes
		}
	}
	if len(overlay) > 0 {
		s.ws = c.ws.With(overlay)
	}
	c.states[1], c.states[0] = c.states[0], s
	return s
}

// open opens file n in a state.
func (c *checker) open(s *state, n int) (*workspace.Document, error) {
	if doc := s.docs[n]; doc != nil {
		return doc, nil
	}
	doc, err := s.ws.Open(c.entries[n])
	if err == nil && (s.files[n] != c.original[n] || len(s.files) == 1) {
		s.docs[n] = doc
	}
	return doc, err
}

// Lint implements fixers.Checker.
func (c *checker) Lint(files []*source.File) ([]fixers.Finding, error) {
	all, err := c.lint(files)
	return c.keyed(all), err
}

func (c *checker) lint(files []*source.File) ([]Finding, error) {
	if len(files) != len(c.entries) {
		return nil, errors.New("the proof was given other files than it began with")
	}
	s := c.state(files)
	var out []Finding
	var byPath map[string][]Finding
	if c.together {
		byPath = lintWorkspace(s.ws, c.policies, c.entries, func(s *Set) []configured { return s.proof })
	}
	for n, e := range c.entries {
		doc, err := c.open(s, n)
		if err != nil {
			return nil, err
		}
		own := contextOf(s.ws, c.policies, e, c.ignoring)
		set := own.policy.Set
		if c.comments != nil {
			own.noted = newNoted()
		}
		findings, suppressed := own.lint(set.with(c.list(set), doc), doc, nil, !c.fixless && c.comments == nil)
		out = append(out, findings...)
		if c.comments != nil {
			j := *c.comments
			j.syntax = syntaxIn(e.Path, findings, suppressed)
			out = append(out, j.about(own, doc)...)
		}
		if more := byPath[e.Path]; len(more) > 0 {
			findings, _ := own.divide(more, doc)
			out = append(out, findings...)
		}
	}
	return acceptancesOf(s.ws, c.policies, c.entries, c.ignoring).without(s.ws, out), nil
}

// about returns what the rules about suppressions find in a document that was linted with a context.
func (j *judge) about(own *context, doc *workspace.Document) []Finding {
	noted := own.noted
	own.noted = nil
	found := j.judge(own.ws, noted.comments, func(ic *IgnoreComment, n int) bool {
		if noted.uses[use{ic.File.Path, ic.Span.Start, n}] {
			return true
		}
		return slices.ContainsFunc(ic.covered, func(line string) bool {
			return j.keys[useKey(ic.File.Path, ic.Names[n].Text, line)]
		})
	})
	findings, _ := own.always().divide(found, doc)
	return findings
}

// list returns the rules of the proof.
func (c *checker) list(set *Set) []configured {
	if c.external {
		return set.proof
	}
	return set.internal
}

// compareCost is how many steps a byte of a text costs whose meaning is compared.
const compareCost = 2

// Compare implements fixers.Checker.
func (c *checker) Compare(before, after []*source.File, n int, fixes []fixers.Fix) string {
	format := formatOf(c.entries[n].Kind)
	if c.comments == nil && (format == nil || format.Compare == nil) {
		return "sandlint cannot compare two versions of such a file"
	}
	comparison := &Comparison{
		alone:   alone(before, after, n),
		Before:  before[n],
		After:   after[n],
		Fixes:   fixes,
		Targets: c.ws.For(c.entries[n].Abs).Targets,
		read:    c.meaning,
		memory:  c.memory,
		open: func(f *source.File) *workspace.Document {
			doc, err := c.openAlone(before, after, n, f)
			if err != nil {
				return nil
			}
			return doc
		},
	}
	c.memory = comparison.shared()
	c.ws.Spend(compareCost * (len(before[n].Bytes) + len(after[n].Bytes)))
	if c.comments != nil {
		return compareComments(comparison, format)
	}
	return format.Compare(comparison)
}

// openAlone opens file n with the text before or after fixes, where all other files are as they were before.
func (c *checker) openAlone(before, after []*source.File, n int, f *source.File) (*workspace.Document, error) {
	if f == before[n] {
		return c.open(c.state(before), n)
	}
	if alone(before, after, n) {
		return c.open(c.state(after), n)
	}
	return c.state(before).ws.With(map[string][]byte{c.entries[n].Abs: f.Bytes}).Open(c.entries[n])
}

// alone reports whether no file but n changed.
func alone(before, after []*source.File, n int) bool {
	for i := range after {
		if i != n && after[i] != before[i] {
			return false
		}
	}
	return true
}

func (c *checker) rule(id string) *Rule {
	all, _ := policiesOf(c.ws, c.policies, c.entries)
	for _, p := range all {
		for _, list := range [][]configured{p.Set.proof, p.Set.experimental} {
			for n := range list {
				if list[n].ID == id {
					return list[n].Rule
				}
			}
		}
	}
	return nil
}

// keyed converts findings for the proof. Those of rules that are not selected, and those
// that stay, have no fixes.
func (c *checker) keyed(lists ...[]Finding) []fixers.Finding {
	size := 0
	for _, findings := range lists {
		size += len(findings)
	}
	all := make([]fixers.Finding, size)
	out := all
	for _, findings := range lists {
		var leave []bool
		if c.leave != nil {
			leave = c.leave(findings)
		}
		for n := range findings {
			f := &findings[n]
			out[n] = keyed(f)
			switch {
			case f.unselected || leave != nil && leave[n], c.comments != nil && f.Rule.Check.ignores == nil:
				out[n].Fixes = nil
			case c.may != nil:
				out[n].Fixes = slices.DeleteFunc(slices.Clone(out[n].Fixes),
					func(f fixers.Fix) bool { return !c.may(&f) })
			}
		}
		out = out[len(findings):]
	}
	return all
}

func keyed(f *Finding) fixers.Finding {
	return fixers.Finding{
		Path: f.File.Path, Rule: f.Rule.ID, Severity: int(f.Severity),
		Key:  normalised(f.File.Text(f.Span)),
		Span: f.Span, Message: f.Message, Syntax: f.Rule.Syntax, Note: f.Severity < Warning, Fixes: f.Fixes,
	}
}

// normalised returns the words of a text with one blank between them.
func normalised(text string) string {
	blank := true // behind a blank or at the beginning
	for n := range len(text) {
		is := text[n] == ' '
		if text[n] < ' ' || text[n] >= utf8.RuneSelf || is && blank {
			return strings.Join(strings.Fields(text), " ")
		}
		blank = is
	}
	if blank {
		text = strings.TrimSuffix(text, " ")
	}
	return text
}

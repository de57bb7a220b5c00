package rules

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
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
// the rules of set.proof; Compare asks the file's Format. Check proves each fix alone (proveEach), since it shows them
// one by one; Fix proves them in batches (fixers.Run).

// Fix applies the fixes of a set's findings in memory, each proved, until none is left.
func Fix(ws *workspace.Workspace, set *Set, opts FixOptions) *FixResult {
	ws = ws.Snapshot()
	groups := linked(ws, set, opts)
	results := make([]groupResult, len(groups))
	each(len(groups), opts.Progress, func(n int) {
		if groups[n].fixable {
			results[n] = fixGroup(ws, set, groups[n], opts)
		}
	})
	out := &FixResult{}
	overlay := map[string][]byte{}
	for n, r := range results {
		out.Rejected = append(out.Rejected, r.rejected...)
		for _, f := range r.files {
			out.Files = append(out.Files, f)
			for _, e := range groups[n].entries {
				if e.Path == f.File.Path {
					overlay[e.Abs] = f.After
				}
			}
		}
	}
	slices.SortFunc(out.Files, func(a, b FixedFile) int { return strings.Compare(a.File.Path, b.File.Path) })
	after := ws
	if len(overlay) > 0 {
		after = ws.With(overlay)
	}
	check := opts.CheckOptions
	check.Fixes, check.Progress = false, nil
	out.After = Check(after, set, check)
	return out
}

// group is the files that can influence each other's findings: a Dockerfile, and the files of the workspace that it
// copies.
type group struct {
	entries []*workspace.Entry
	fixable bool // some finding has a fix that may be applied
	// together says that a rule about the workspace as a whole has such a finding.
	together bool
}

// linked divides the files of a workspace into groups: files are in one group when a document or a fix links them.
func linked(ws *workspace.Workspace, set *Set, opts FixOptions) []group {
	type opened struct {
		reads   []string
		fixable bool
	}
	applies := func(f Finding) bool {
		return slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool {
			return fix.Safety == fixers.Safe || opts.Unsafe && fix.Safety == fixers.Unsafe
		})
	}
	files := make([]opened, len(ws.Entries))
	each(len(ws.Entries), nil, func(n int) {
		defer func() { _ = recover() }() // Check reports the defect
		doc, err := ws.Open(ws.Entries[n])
		if err != nil {
			return
		}
		findings, _ := lint(ws, set.run, doc, opts.NoIgnores)
		files[n] = opened{doc.Reads(), slices.ContainsFunc(findings, applies)}
	})
	byPath := map[string]int{}
	leader := make([]int, len(ws.Entries))
	for n, e := range ws.Entries {
		byPath[e.Path], leader[n] = n, n
	}
	find := func(n int) int {
		for leader[n] != n {
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
	for n := range files {
		for _, path := range files[n].reads {
			link(n, path)
		}
	}
	together := map[int]bool{}
	for path, findings := range safely(func() map[string][]Finding { return lintWorkspace(ws, set.run) }) {
		n, ok := byPath[path]
		if !ok {
			continue
		}
		for _, f := range findings {
			if !applies(f) {
				continue
			}
			files[n].fixable, together[n] = true, true
			for _, fix := range f.Fixes {
				for _, e := range fix.Edits {
					link(n, e.File.Path)
				}
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
		g.fixable = g.fixable || files[n].fixable
		g.together = g.together || together[n]
	}
	return groups
}

// safely returns what do returns, and nothing where it panics; Check reports the defect.
func safely[T any](do func() T) (out T) {
	defer func() { _ = recover() }()
	return do()
}

type groupResult struct {
	files    []FixedFile
	rejected []Rejected
}

func fixGroup(ws *workspace.Workspace, set *Set, g group, opts FixOptions) (out groupResult) {
	defer func() {
		if defect := recover(); defect != nil {
			out = groupResult{rejected: []Rejected{{
				File:   source.NewFile(g.entries[0].Path, nil),
				Title:  "all fixes",
				Reason: defectError(defect, opts.Stacks).Error(),
			}}}
		}
	}()
	c := &checker{ws: ws, set: set, noIgnores: opts.NoIgnores, together: g.together}
	var files []*source.File
	for _, e := range g.entries {
		doc, err := ws.Open(e)
		if err != nil {
			continue
		}
		c.entries = append(c.entries, e)
		files = append(files, doc.Source)
	}
	run, err := fixers.Run(files, fixers.Options{Unsafe: opts.Unsafe}, c)
	if err != nil {
		return groupResult{rejected: []Rejected{{File: files[0], Title: "all fixes", Reason: err.Error()}}}
	}
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

// proveEach proves each fix of findings alone, removes those that fail from the findings, and returns them. With
// together, the findings are of rules about the workspace as a whole, whose fixes may edit all of its files.
func proveEach(
	ws *workspace.Workspace, set *Set, doc *workspace.Document, findings []Finding, together bool,
) []Rejected {
	var rejected []Rejected
	var prover *fixers.Prover
	c := &checker{ws: ws, set: set, entries: []*workspace.Entry{doc.Entry}, together: together}
	for n := range findings {
		f := &findings[n]
		var proved []fixers.Fix
		for _, fix := range f.Fixes {
			if fix.Safety == fixers.Manual {
				proved = append(proved, fix)
				continue
			}
			if prover == nil {
				prover = c.prover(doc, findings)
			}
			if err := prover.Prove(keyed(*f), fix); err != nil {
				rejected = append(rejected,
					Rejected{Rule: f.Rule, File: f.File, Span: f.Span, Title: fix.Title, Reason: err.Error()})
				continue
			}
			proved = append(proved, fix)
		}
		f.Fixes = proved
	}
	return rejected
}

// checker implements fixers.Checker for a group of files.
type checker struct {
	ws        *workspace.Workspace
	set       *Set
	entries   []*workspace.Entry
	noIgnores bool
	together  bool // includes the rules about the workspace as a whole
}

// prover returns a prover of the fixes of findings in a document.
func (c *checker) prover(doc *workspace.Document, findings []Finding) *fixers.Prover {
	if !c.together {
		all, _ := lint(c.ws, c.set.proof, doc, false)
		return fixers.NewProver([]*source.File{doc.Source}, c.keyed(all), c)
	}
	// The files that the fixes edit belong to the proof.
	wanted := map[string]bool{doc.Entry.Path: true}
	for _, f := range findings {
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				wanted[e.File.Path] = true
			}
		}
	}
	c.entries = nil
	var texts []*source.File
	var all []fixers.Finding
	byPath := lintWorkspace(c.ws, c.set.proof)
	for _, e := range c.ws.Entries {
		if !wanted[e.Path] {
			continue
		}
		one, err := c.ws.Open(e)
		if err != nil {
			continue
		}
		own, _ := lint(c.ws, c.set.proof, one, false)
		more, _ := divide(byPath[e.Path], one, false)
		c.entries = append(c.entries, e)
		texts = append(texts, one.Source)
		all = append(append(all, c.keyed(own)...), c.keyed(more)...)
	}
	return fixers.NewProver(texts, all, c)
}

// Lint implements fixers.Checker.
func (c *checker) Lint(files []*source.File) ([]fixers.Finding, error) {
	if len(files) != len(c.entries) {
		return nil, errors.New("the proof was given other files than it began with")
	}
	overlay := map[string][]byte{}
	for n, f := range files {
		overlay[c.entries[n].Abs] = f.Bytes
	}
	ws := c.ws.With(overlay)
	var out []fixers.Finding
	var byPath map[string][]Finding
	if c.together {
		byPath = lintWorkspace(ws, c.set.proof)
	}
	for _, e := range c.entries {
		doc, err := ws.Open(e)
		if err != nil {
			return nil, err
		}
		findings, _ := lint(ws, c.set.proof, doc, c.noIgnores)
		out = append(out, c.keyed(findings)...)
		if more := byPath[e.Path]; len(more) > 0 {
			findings, _ := divide(more, doc, c.noIgnores)
			out = append(out, c.keyed(findings)...)
		}
	}
	return out, nil
}

// Compare implements fixers.Checker.
func (c *checker) Compare(before, after *source.File, fixes []fixers.Fix) string {
	for _, e := range c.entries {
		if e.Path != before.Path {
			continue
		}
		f := formatOf(e.Kind)
		if f == nil || f.Compare == nil {
			return "sandlint cannot compare two versions of such a file"
		}
		return f.Compare(&Comparison{
			Before:  before,
			After:   after,
			Fixes:   fixes,
			Targets: c.ws.Targets,
			open: func(f *source.File) *workspace.Document {
				doc, err := c.ws.With(map[string][]byte{e.Abs: f.Bytes}).Open(e)
				if err != nil {
					return nil
				}
				return doc
			},
		})
	}
	return "the file is not one of those that are being fixed"
}

func (c *checker) rule(id string) *Rule {
	for _, r := range c.set.proof {
		if r.ID == id {
			return r.Rule
		}
	}
	return nil
}

// keyed converts findings for the proof. Those of rules that are not selected have no fixes.
func (c *checker) keyed(findings []Finding) []fixers.Finding {
	out := make([]fixers.Finding, len(findings))
	for n, f := range findings {
		out[n] = keyed(f)
		if !slices.Contains(c.set.rules, f.Rule) {
			out[n].Fixes = nil
		}
	}
	return out
}

func keyed(f Finding) fixers.Finding {
	return fixers.Finding{
		Path: f.File.Path, Rule: f.Rule.ID, Severity: int(f.Severity),
		Key:     strings.Join(strings.Fields(f.File.Text(f.Span)), " "),
		Message: f.Message, Syntax: f.Rule.Syntax, Note: f.Severity < Warning, Fixes: f.Fixes,
	}
}

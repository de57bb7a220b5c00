package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"iter"
	"path/filepath"
	"slices"

	"github.com/sandlint/sandlint/cmd/internal/page"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

const (
	// maxDiffs is how many findings a page shows with the lines that their fixes change.
	maxDiffs = 2000
	// maxCode is how many findings a page shows with their code.
	maxCode = 5000
)

// Pictures are what a page draws beside the findings.
type Pictures struct {
	Timelines []page.Timeline
	// Decisions are nil where there is no profile.
	Decisions *page.Decisions
	// Note says what is left out, "" for nothing.
	Note string
}

const picturesLegend = "What runs, as which user, and what Nix knows at each command. The bar beside the steps is " +
	"dark for root, double for another user and pale where the user is unknown; a dashed line beside it marks what " +
	"runs under an emulator."

// writeHTML writes a page that needs nothing else.
func writeHTML(out io.Writer, r *Report) error {
	var pictures Pictures
	if r.Pictures != nil {
		pictures = r.Pictures()
	}
	findings := pageFindings(r.Result)
	title := "sandlint"
	if name := filepath.Base(r.Dir); r.Dir != "" && name != string(filepath.Separator) {
		title += ": " + name
	}
	lead := Summary(r.Result)
	d := page.Document{Title: title, Lead: []string{lead + "."}, Foot: "sandlint " + r.Version,
		Nav: []page.Link{{Text: "Findings", ID: "findings"}}}
	if len(findings.Rules) > 0 {
		d.Keys = findings.Keys()
	}
	troubles := pageTroubles(r.Result)
	for _, section := range []struct {
		shown    bool
		text, id string
	}{
		{len(pictures.Timelines) > 0, "Images", "images"},
		{pictures.Decisions != nil, "Profiles", "profiles"},
		{len(troubles) > 0, "Not checked", "unchecked"},
	} {
		if section.shown {
			d.Nav = append(d.Nav, page.Link{Text: section.text, ID: section.id})
		}
	}
	d.Body = func(yield func(template.HTML) bool) {
		for part := range findings.Parts() {
			if !yield(part) {
				return
			}
		}
		pictures.parts(yield)
		if len(troubles) > 0 {
			yield(troubles.HTML())
		}
	}
	return d.Write(out)
}

func (p *Pictures) parts(yield func(template.HTML) bool) {
	if len(p.Timelines) > 0 {
		if !yield(page.Heading("images", "Images", picturesLegend)) {
			return
		}
	}
	for n := range p.Timelines {
		if !yield(p.Timelines[n].HTML()) {
			return
		}
	}
	if p.Decisions != nil {
		if !yield(page.Heading("profiles", "Profiles", "What each profile decides about every syscall.")) ||
			!yield(p.Decisions.HTML()) {
			return
		}
	}
	if p.Note != "" {
		yield(page.Note(p.Note))
	}
}

func pageTroubles(res *rules.Result) page.Troubles {
	var out page.Troubles
	for _, t := range troubles(res) {
		out = append(out, page.Trouble{Path: t.Path, Reason: shown(t.Err.Error())})
	}
	for _, s := range res.Incomplete {
		out = append(out, page.Trouble{Path: s.Path, Reason: shown(s.Reason)})
	}
	return out
}

// pageFindings returns the findings of a run as a page shows them.
func pageFindings(res *rules.Result) *page.Findings {
	out := &page.Findings{}
	ruleIndex := indexRules(out, res)
	fileIndex := map[string]int{}
	for i := range res.Findings {
		path := res.Findings[i].File.Path
		n, ok := fileIndex[path]
		if !ok {
			n = len(out.Files)
			fileIndex[path] = n
			out.Files = append(out.Files, page.FileCount{Path: path})
		}
		out.Files[n].Findings++
	}
	if len(res.Findings) > maxDiffs {
		out.Note = fmt.Sprintf("The changes of fixes are shown for the first %d findings", maxDiffs)
		if len(res.Findings) > maxCode {
			out.Note += fmt.Sprintf(", and the code for the first %d", maxCode)
		}
		out.Note += "; a run over fewer files or with --only shows the others."
	}
	drawer := NewDrawer(res)
	out.All = iter.Seq[page.Finding](func(yield func(page.Finding) bool) {
		for i := range res.Findings {
			f := &res.Findings[i]
			one := drawer.Finding(f, i < maxCode, i < maxDiffs)
			one.Number, one.RuleIndex, one.FileIndex = i+1, ruleIndex[f.ID()], fileIndex[f.File.Path]
			if !yield(one) {
				return
			}
		}
	})
	return out
}

// indexRules adds the rules that found something, the most severe first, and returns their numbers by id.
func indexRules(out *page.Findings, res *rules.Result) map[string]int {
	type counted struct {
		page.RuleCount
		severity rules.Severity
	}
	var list []*counted
	byID := map[string]*counted{}
	pages := newPages(res)
	for i := range res.Findings {
		f := &res.Findings[i]
		c := byID[f.ID()]
		if c == nil {
			c = &counted{page.RuleCount{ID: f.ID(), Page: pages.of(f.Rule), Summary: shown(f.Rule.Summary)}, rules.Off}
			byID[f.ID()] = c
			list = append(list, c)
		}
		c.Findings++
		c.severity = max(c.severity, f.Severity)
	}
	slices.SortFunc(list, func(a, b *counted) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(a.ID, b.ID))
	})
	index := map[string]int{}
	for n, c := range list {
		c.Severity = c.severity.String()
		out.Rules = append(out.Rules, c.RuleCount)
		index[c.ID] = n
	}
	return index
}

// Drawer makes the findings of one run ready for a page.
type Drawer struct {
	pages    pages
	snippets snippets
}

// NewDrawer returns a drawer for the findings of a run.
func NewDrawer(res *rules.Result) *Drawer { return &Drawer{newPages(res), newSnippets(0)} }

// Finding returns a finding as a page shows it, with its code and with the lines that its fixes change where these are
// wanted. Its number, and those of its rule and file, are for the caller to set.
func (d *Drawer) Finding(f *rules.Finding, code, diffs bool) page.Finding {
	at := f.File.Position(f.Span.Start)
	out := page.Finding{Severity: f.Severity.String(), Message: shown(f.Message), Rule: f.ID(),
		Page: d.pages.of(f.Rule), Aliases: f.Aliases(), Place: page.Place(f.File.Path, at.Line, at.Column)}
	if code {
		out.Code = pageCode(d.snippets.of(f.File, f.Span, "^"))
	}
	for _, r := range f.Related {
		at := r.File.Position(r.Span.Start)
		related := page.Related{Message: shown(r.Message), Place: page.Place(r.File.Path, at.Line, at.Column)}
		if code {
			related.Code = pageCode(d.snippets.of(r.File, r.Span, "-"))
		}
		out.Related = append(out.Related, related)
	}
	for _, fix := range f.Fixes {
		out.Fixes = append(out.Fixes, d.fix(f, fix, diffs))
	}
	return out
}

func (d *Drawer) fix(f *rules.Finding, fix fixers.Fix, diff bool) page.Fix {
	out := page.Fix{Title: shown(fix.Title), Safety: "advice"}
	switch {
	case fix.Applies(false):
		out.Safety = "safe"
	case fix.Applies(true):
		out.Safety = "unsafe"
	}
	if !diff {
		return out
	}
	lines, note := d.snippets.changed(fix)
	out.Note = note
	file := f.File
	for _, l := range lines {
		line := page.DiffLine{Number: l.number, Added: l.sign == '+', Text: l.text}
		if l.file != file {
			file = l.file
			line.File = file.Path
		}
		out.Diff = append(out.Diff, line)
	}
	return out
}

func pageCode(lines []snippetLine) []page.CodeLine {
	out := make([]page.CodeLine, len(lines))
	for n, l := range lines {
		out[n] = page.CodeLine{Number: l.number, Text: l.text, Marks: l.marks}
	}
	return out
}

package rules

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file writes what was found in a file, and reads it again. Whatever is read is checked: a store may be shared
// with others.

// storedResult is what was found in a file.
type storedResult struct {
	// Questions were asked for it, and Parts are the hashes of what else it depends on. Answers is the hash of the
	// answers.
	Questions []storedQuestion
	Parts     []string `json:",omitempty"`
	Answers   string
	// Place is the repository for which it holds, or the working directory where that lies in none; "" for any.
	Place string `json:",omitempty"`
	// Day is the day for which it holds, "" for any.
	Day string `json:",omitempty"`

	Files                []storedFile    `json:",omitempty"`
	Findings, Suppressed []storedFinding `json:",omitempty"`
	Rejected, Untried    []storedFix     `json:",omitempty"`
	Incomplete           []string        `json:",omitempty"`
	// More are the rules that ran beside those of the policy, and Skipped those that did not judge the whole file.
	More, Skipped []string        `json:",omitempty"`
	Comments      []storedComment `json:",omitempty"`
	Uses          []storedUse     `json:",omitempty"`
	Keys          []string        `json:",omitempty"`
}

// storedFile is a file in which something was found. The text of one that was read for the result is not repeated.
type storedFile struct {
	Path string
	Text *[]byte `json:",omitempty"`
}

// storedSpan is a span in one of the files: its index, the start and the end.
type storedSpan [3]int

type storedFinding struct {
	Rule              string
	Severity, Natural Severity
	Message           string
	At                storedSpan
	Related           []storedRelated `json:",omitempty"`
	Fixes             []storedFix     `json:",omitempty"`
	Offered           []fixers.Safety `json:",omitempty"`
	As                []string        `json:",omitempty"`
	Suppressed        *storedRelated  `json:",omitempty"`
}

type storedRelated struct {
	At      storedSpan
	Message string `json:",omitempty"` // the reason of a suppression
}

// storedFix is a fix, or one that was rejected.
type storedFix struct {
	Rule   string `json:",omitempty"`
	At     storedSpan
	Title  string
	Reason string        `json:",omitempty"`
	Safety fixers.Safety `json:",omitempty"`
	Asked  bool          `json:",omitempty"`
	Edits  []storedEdit  `json:",omitempty"`
}

type storedEdit struct {
	At   storedSpan
	Text []byte `json:",omitempty"`
}

type storedComment struct {
	ignores.Comment
	By      string
	At      storedSpan
	Expired bool
	Head    int
	InHost  bool
	Mended  string
	Covered []string
	Targets []source.Span
}

type storedUse struct {
	Path          string
	Comment, Name int
}

// storing makes a storedResult.
type storing struct {
	k         *caching
	entry     *workspace.Entry
	out       *storedResult
	questions map[files.Question]bool
	index     map[string]int // of files, by path
	made      []*source.File
	embedded  int
	failed    bool
}

// maxEmbedded is how many bytes of text may be stored with a result.
const maxEmbedded = 1 << 18

// result stores a result. It is false for one that cannot be.
func (w *storing) result(r *fileResult) bool {
	out := w.out
	out.Findings, out.Suppressed = w.findings(r.findings), w.findings(r.suppressed)
	out.Rejected, out.Untried = w.rejected(r.rejected), w.rejected(r.untried)
	for _, s := range r.incomplete {
		w.failed = w.failed || s.Path != w.entry.Path || !plain(s.Reason)
		out.Incomplete = append(out.Incomplete, s.Reason)
	}
	policy := w.k.policies.Policy(w.entry.Abs)
	regular := policy.Set.Rules()
	if len(r.ran) < len(regular) || !slices.Equal(r.ran[:len(regular)], regular) {
		return false
	}
	out.More = ids(r.ran[len(regular):])
	for rule := range r.noted.skipped {
		out.Skipped = append(out.Skipped, rule.ID)
	}
	slices.Sort(out.Skipped)
	for _, c := range r.noted.comments {
		w.failed = w.failed || c.prove != nil || c.States != nil || c.Policy != policy.Ignores
		out.Comments = append(out.Comments, storedComment{Comment: c.Comment, By: c.By, At: w.at(c.File, c.Span),
			Expired: c.Expired, Head: c.head, InHost: c.inHost, Mended: c.mended, Covered: c.covered,
			Targets: c.targets})
	}
	for u := range r.noted.uses {
		out.Uses = append(out.Uses, storedUse{u.path, u.comment, u.name})
	}
	slices.SortFunc(out.Uses, func(a, b storedUse) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Comment, b.Comment), cmp.Compare(a.Name, b.Name))
	})
	out.Keys = slices.Sorted(maps.Keys(r.noted.keys))
	return !w.failed
}

func ids(list []*Rule) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func (w *storing) findings(list []Finding) []storedFinding {
	var out []storedFinding
	for n := range list {
		f := &list[n]
		w.failed = w.failed || f.unselected || f.proveRemoved != nil || f.Baseline != "" || !plain(f.Message)
		one := storedFinding{Rule: f.Rule.ID, Severity: f.Severity, Natural: f.natural, Message: f.Message,
			At: w.at(f.File, f.Span), Offered: f.Offered, As: f.As}
		for _, r := range f.Related {
			w.failed = w.failed || !plain(r.Message)
			one.Related = append(one.Related, storedRelated{w.at(r.File, r.Span), r.Message})
		}
		for _, fix := range f.Fixes {
			w.failed = w.failed || !plain(fix.Title)
			s := storedFix{Title: fix.Title, Safety: fix.Safety, Asked: fix.Asked}
			for _, e := range fix.Edits {
				s.Edits = append(s.Edits, storedEdit{w.at(e.File, e.Span), []byte(e.Text)})
			}
			one.Fixes = append(one.Fixes, s)
		}
		if s := f.Suppressed; s != nil {
			w.failed = w.failed || s.Kind != KindInline
			one.Suppressed = &storedRelated{w.at(s.File, s.Span), s.Reason}
		}
		out = append(out, one)
	}
	return out
}

func (w *storing) rejected(list []Rejected) []storedFix {
	var out []storedFix
	for _, r := range list {
		one := storedFix{At: w.at(r.File, r.Span), Title: r.Title, Reason: r.Reason}
		if r.Rule != nil {
			one.Rule = r.Rule.ID
		}
		w.failed = w.failed || !plain(r.Title, r.Reason)
		out = append(out, one)
	}
	return out
}

// at stores a place.
func (w *storing) at(f *source.File, span source.Span) storedSpan {
	if f == nil {
		w.failed = true
		return storedSpan{}
	}
	n, ok := w.index[f.Path]
	if !ok {
		n = len(w.out.Files)
		w.index[f.Path] = n
		file := storedFile{Path: f.Path}
		if known := fileOf(w.k, w.entry, w.questions, f.Path); known == nil || !bytes.Equal(known.Bytes, f.Bytes) {
			text := f.Bytes
			file.Text = &text
			w.embedded += len(text)
		}
		w.out.Files, w.made = append(w.out.Files, file), append(w.made, f)
	}
	w.failed = w.failed || !bytes.Equal(w.made[n].Bytes, f.Bytes) || w.embedded > maxEmbedded || !within(f, span)
	return storedSpan{n, span.Start, span.End}
}

func within(f *source.File, s source.Span) bool {
	return s.Start >= 0 && s.Start <= s.End && s.End <= len(f.Bytes)
}

// fileOf returns the file with a path as shown, if it is the entry or one whose text was asked for; else nil.
func fileOf(k *caching, e *workspace.Entry, asked map[files.Question]bool, path string) *source.File {
	if path == e.Path {
		if f, err := k.ws.Text(e); err == nil {
			return f
		}
		return nil
	}
	abs := k.ws.AbsOf(path)
	if !asked[files.Question{Op: files.AskedText, Root: k.ws.Root(abs), Name: abs}] {
		return nil
	}
	if f := k.ws.FileAt(abs); f != nil && f.Path == path {
		return f
	}
	return nil
}

// reading makes a result of a storedResult.
type reading struct {
	k         *caching
	entry     *workspace.Entry
	in        *storedResult
	questions map[files.Question]bool
	files     []*source.File
	rules     map[string]*Rule
	failed    bool
}

// result returns the result. It is false where the stored one cannot be a result of this program.
func (r *reading) result() (fileResult, bool) {
	for _, s := range r.in.Files {
		var f *source.File
		if s.Text != nil {
			f = source.NewFile(s.Path, *s.Text)
		} else if f = fileOf(r.k, r.entry, r.questions, s.Path); f == nil {
			return fileResult{}, false
		}
		r.files = append(r.files, f)
	}
	policy := r.k.policies.Policy(r.entry.Abs)
	r.rules = policy.Set.byID()
	out := fileResult{findings: r.findings(r.in.Findings), suppressed: r.findings(r.in.Suppressed),
		rejected: r.rejected(r.in.Rejected), untried: r.rejected(r.in.Untried), noted: newNoted()}
	for _, reason := range r.in.Incomplete {
		r.failed = r.failed || !plain(reason)
		out.incomplete = append(out.incomplete, workspace.Skipped{Path: r.entry.Path, Reason: reason})
	}
	out.ran = slices.Clone(policy.Set.Rules())
	for _, id := range r.in.More {
		out.ran = append(out.ran, r.rule(id))
	}
	for _, id := range r.in.Skipped {
		out.noted.skipped[r.rule(id)] = true
	}
	for _, c := range r.in.Comments {
		file, span := r.at(c.At)
		for _, t := range c.Targets {
			r.failed = r.failed || file == nil || !within(file, t)
		}
		r.failed = r.failed || c.Head < 0 || file == nil || c.Head > len(file.Bytes)
		for _, name := range c.Names {
			r.failed = r.failed || name.Span.Start < 0 || name.Span.Start > name.Span.End ||
				name.Span.End > span.End-span.Start && !c.InHost
		}
		out.noted.comments = append(out.noted.comments, &IgnoreComment{Comment: c.Comment, By: c.By, File: file,
			Span: span, Expired: c.Expired, Policy: policy.Ignores, Now: r.now(c.By), head: c.Head, inHost: c.InHost,
			mended: c.Mended, covered: c.Covered, targets: c.Targets})
	}
	for _, u := range r.in.Uses {
		out.noted.uses[use{u.Path, u.Comment, u.Name}] = true
	}
	for _, key := range r.in.Keys {
		out.noted.keys[key] = true
	}
	return out, !r.failed
}

// now is what a comment of a linter has as the time of the run.
func (r *reading) now(by string) (none time.Time) {
	if by != "sandlint" {
		return none
	}
	return r.k.opts.Now
}

func (r *reading) rule(id string) *Rule {
	rule := r.rules[id]
	r.failed = r.failed || rule == nil
	return rule
}

func (r *reading) at(s storedSpan) (*source.File, source.Span) {
	span := source.Span{Start: s[1], End: s[2]}
	if s[0] < 0 || s[0] >= len(r.files) || !within(r.files[s[0]], span) {
		r.failed = true
		return nil, source.Span{}
	}
	return r.files[s[0]], span
}

func (r *reading) findings(list []storedFinding) []Finding {
	var out []Finding
	for n := range list {
		s := &list[n]
		f := Finding{Rule: r.rule(s.Rule), Severity: s.Severity, natural: s.Natural, Message: s.Message,
			Offered: s.Offered, As: s.As}
		f.File, f.Span = r.at(s.At)
		r.failed = r.failed || s.Severity <= Off || s.Severity > Error || s.Natural < Off || s.Natural > Error ||
			!plain(s.Message)
		for _, o := range s.Offered {
			r.failed = r.failed || o < fixers.Manual || o > fixers.Safe
		}
		for _, other := range s.Related {
			one := Related{Message: other.Message}
			one.File, one.Span = r.at(other.At)
			r.failed = r.failed || !plain(other.Message)
			f.Related = append(f.Related, one)
		}
		for _, fix := range s.Fixes {
			f.Fixes = append(f.Fixes, r.fix(&fix))
		}
		if other := s.Suppressed; other != nil {
			f.Suppressed = &Suppression{Kind: KindInline, Reason: other.Message}
			f.Suppressed.File, f.Suppressed.Span = r.at(other.At)
		}
		out = append(out, f)
	}
	return out
}

func (r *reading) fix(s *storedFix) fixers.Fix {
	out := fixers.Fix{Title: s.Title, Safety: s.Safety, Asked: s.Asked}
	r.failed = r.failed || !plain(s.Title) || s.Safety < fixers.Manual || s.Safety > fixers.Safe
	for _, e := range s.Edits {
		one := fixers.Edit{Text: string(e.Text)}
		one.File, one.Span = r.at(e.At)
		r.failed = r.failed || one.File == nil || one.File.Path != r.entry.Path
		out.Edits = append(out.Edits, one)
	}
	return out
}

func (r *reading) rejected(list []storedFix) []Rejected {
	var out []Rejected
	for n := range list {
		s := &list[n]
		one := Rejected{Title: s.Title, Reason: s.Reason}
		if s.Rule != "" {
			one.Rule = r.rule(s.Rule)
		}
		one.File, one.Span = r.at(s.At)
		r.failed = r.failed || !plain(s.Title, s.Reason)
		out = append(out, one)
	}
	return out
}

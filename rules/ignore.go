package rules

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file finds the comments that suppress findings, and divides the findings by them. judge.go judges the comments
// themselves once a run knows which of them were of use.

// ignore is a comment "# sandlint: ignore[rule, rule] reason", with the part of the file that it covers; or a comment
// of another linter, which covers what it covers there. A comment in nix.conf text inside another file is two, since
// both languages have it.
type ignore struct {
	*IgnoreComment
	target source.Span
	other  *dockerfile.Suppression // the comment of another linter, nil for one of sandlint
}

// Suppressors are the linters whose comments suppress findings.
func Suppressors() []string {
	return []string{"sandlint", dockerfile.ByHadolint, dockerfile.ByCheck, dockerfile.ByUtils}
}

// IgnorePolicy says which suppressions a run accepts: the block "ignores" of the configuration.
type IgnorePolicy struct {
	// Policy is ignores.Warn where suppressions work and are reported, ignores.Deny where comments have no effect and
	// are reported, and "" where they are welcome.
	Policy string
	// RequireReason says that a suppression without a reason is reported.
	RequireReason bool
	// Longest, when not 0, is how far in the future the end date may lie that each suppression then needs.
	Longest time.Duration
}

// heed says how a run treats suppressions.
type heed struct {
	by     []string // those of these linters have no effect
	policy IgnorePolicy
	now    time.Time
	dated  *atomic.Bool // see CheckOptions
}

// ended reports whether a suppression that holds until a day has ended.
func (h heed) ended(day time.Time) bool {
	if h.dated != nil && !day.IsZero() {
		h.dated.Store(true)
	}
	return ended(day, h.now)
}

// has reports whether a comment is as if it was not there.
func (h heed) has(ig ignore) bool { return slices.Contains(h.by, ig.By) }

// ended reports whether a day lies in the past.
func ended(day, now time.Time) bool {
	return !day.IsZero() && !now.IsZero() && !now.Before(day.AddDate(0, 0, 1))
}

// noted is what a check saw of the suppressions in one file, and of its use of those in others.
type noted struct {
	comments []*IgnoreComment // in the document
	uses     map[use]bool
	keys     map[string]bool // what uses are, by useKey
	skipped  map[*Rule]bool  // rules that did not judge the whole file
}

func newNoted() *noted {
	return &noted{uses: map[use]bool{}, keys: map[string]bool{}, skipped: map[*Rule]bool{}}
}

// use is a name in the list of a comment, which suppressed something.
type use struct {
	path    string
	comment int // its offset
	name    int // its index
}

func (n *noted) add(ig *ignore, name int) {
	if n != nil {
		n.uses[use{ig.File.Path, ig.Span.Start, name}] = true
		n.keys[useKey(ig.File.Path, ig.Names[name].Text, covered(ig.File, ig.target))] = true
	}
}

// IgnoreComment is a comment that suppresses findings, or that was meant to, as the run judged it: see OnIgnores.
type IgnoreComment struct {
	ignores.Comment
	// By is the linter that the comment is for: "sandlint", or one of the By constants of package dockerfile.
	By string
	// File and Span are the place of the comment.
	File *source.File
	Span source.Span
	// States are what the run knows of Comment.Names, in their order.
	States []NameState
	// Expired says that the end date has passed, so the comment suppresses nothing any more.
	Expired bool
	// Policy is what the run accepts.
	Policy IgnorePolicy
	// Now is the time of the run, zero where it has none.
	Now time.Time

	head    int    // where the first line begins that holds something; a comment for the file stands above
	inHost  bool   // the file does not hold the text verbatim
	mended  string // the comment as it was meant, where it is not well-formed
	covered []string
	targets []source.Span
	prove   func(removed []source.Span, after []byte) error // of a block "accept"
}

// NameState is what a run knows of one name in the list of a comment.
type NameState struct {
	// Unknown says that no rule has the name. Near is what may have been meant, "" for nothing.
	Unknown bool
	Near    string
	// Unused says that the name suppressed nothing, although its rule looked at the whole file.
	Unused bool
}

// void reports whether a comment suppresses nothing whatever stands below it.
func (ig *ignore) void() bool {
	return ig.Problem != "" || ig.Expired || ig.Policy.Policy == ignores.Deny
}

// ignoresOf returns the suppressions that a document holds, and the comments of sandlint among them, each once.
func ignoresOf(doc *workspace.Document, h heed) ([]ignore, []*IgnoreComment) {
	list := otherIgnores(doc, h)
	var comments []*IgnoreComment
	if h.policy.Policy != "" { // else nothing is said of them
		for _, ig := range list {
			comments = append(comments, ig.IgnoreComment)
		}
	}
	if !mentions(doc.Source) || slices.Contains(h.by, "sandlint") {
		return list, comments
	}
	c := collector{f: doc.Source, head: headOf(doc), h: h, seen: map[int]*IgnoreComment{}}
	if f := formatOf(doc.Entry.Kind); f != nil && f.Suppressions != nil {
		f.Suppressions(doc, c.add)
	}
	for _, text := range doc.Texts {
		if text.Fragment.File != doc.Source {
			continue
		}
		nixComments(text.File, func(comment, target source.Span) {
			if !target.IsEmpty() {
				target = text.Fragment.Span(target)
			}
			c.add(text.Fragment.Span(comment), target)
		})
	}
	for _, p := range doc.Profiles {
		profileMembers(p, c.addText)
	}
	return append(list, c.list...), append(comments, c.comments...)
}

// ignoresIn returns the suppressions of sandlint in a file that is no document of its own, such as a bake file or a
// script that builds a Dockerfile in which a rule found something about that file.
func ignoresIn(f *source.File, h heed) []ignore {
	if !mentions(f) {
		return nil
	}
	c := collector{f: f, head: firstLine(f, hashAndSlashes), h: h, seen: map[int]*IgnoreComment{}}
	findComments(f, hashAndSlashes, layoutOf(f.Path), nil, c.add)
	return c.list
}

// mentions reports whether a file may hold a comment of sandlint.
func mentions(f *source.File) bool {
	return bytes.Contains(f.Bytes, []byte("sandlint")) || bytes.Contains(bytes.ToLower(f.Bytes), []byte("sandlint"))
}

// collector makes the suppressions of a file from its comments.
type collector struct {
	f        *source.File
	head     int
	h        heed
	list     []ignore
	comments []*IgnoreComment
	seen     map[int]*IgnoreComment // by offset
}

func (c *collector) add(comment, target source.Span) { c.addText(comment, target, c.f.Text(comment)) }

// addText adds a comment whose text is not verbatim in the file.
func (c *collector) addText(comment, target source.Span, text string) {
	known := c.seen[comment.Start]
	if known == nil {
		parsed, ok := ignores.Parse(text)
		if !ok {
			return
		}
		known = &IgnoreComment{
			Comment: parsed, By: "sandlint", File: c.f, Span: comment, Policy: c.h.policy, Now: c.h.now,
			head: c.head, inHost: c.f.Text(comment) != text,
		}
		if known.wholeFile() && known.Problem == "" && comment.Start >= c.head {
			known.Problem = "stands below the first line that is not a comment, where it has no effect"
		}
		known.Expired = c.h.ended(known.Until)
		c.seen[comment.Start] = known
		c.comments = append(c.comments, known)
	}
	if known.wholeFile() {
		target = c.f.Span()
	} else if !target.IsEmpty() {
		// What is found in the comments between is covered too, such as another comment of sandlint.
		target = target.Join(source.Span{Start: min(comment.End, target.Start), End: target.End})
	}
	if target.IsEmpty() && !known.wholeFile() || c.h.has(ignore{IgnoreComment: known}) {
		return
	}
	known.covered, known.targets = append(known.covered, covered(c.f, target)), append(known.targets, target)
	c.list = append(c.list, ignore{IgnoreComment: known, target: target})
}

// wholeFile reports whether the comment is one for the file. (The embedded field is hidden by File.)
func (c *IgnoreComment) wholeFile() bool { return c.Comment.File }

// otherIgnores returns the suppressions of other linters that a document holds.
func otherIgnores(doc *workspace.Document, h heed) []ignore {
	if doc.Dockerfile == nil {
		return nil
	}
	var out []ignore
	for _, s := range doc.Dockerfile.Suppressions() {
		ig := ignore{target: s.Target, other: &s, IgnoreComment: &IgnoreComment{
			By: s.By, File: doc.Source, Span: s.Comment, Policy: h.policy,
			Comment: ignores.Comment{Reason: s.Reason, Mark: "#"},
		}}
		for _, name := range s.Rules {
			ig.Names = append(ig.Names, ignores.Name{Text: name})
		}
		if s.All {
			ig.Names = []ignores.Name{{Text: "*"}}
		}
		if !h.has(ig) {
			out = append(out, ig)
		}
	}
	return out
}

// checksOf returns what BuildKit's check directive in a document asks for.
func checksOf(doc *workspace.Document) dockerfile.Checks {
	if doc.Dockerfile == nil {
		return dockerfile.Checks{}
	}
	return doc.Dockerfile.Checks()
}

// nixComments calls add for the comments in a nix.conf text, in its own coordinates. A comment that ends a line covers
// that line; one that is alone on its line covers the next line that holds a setting.
func nixComments(f *nixconf.File, add func(comment, target source.Span)) {
	var above []source.Span
	for _, line := range f.Lines {
		ours := !line.Comment.IsEmpty() &&
			bytes.Contains(bytes.ToLower(f.Fragment.Text[line.Comment.Start:line.Comment.End]), []byte("sandlint"))
		switch {
		case len(line.Words) > 0 || line.Unknown:
			for _, comment := range above {
				add(comment, line.Span)
			}
			above = above[:0]
			if ours {
				add(line.Comment, line.Span)
			}
		case ours:
			above = append(above, line.Comment)
		}
	}
	for _, comment := range above {
		add(comment, source.Span{})
	}
}

// profileMembers calls add for the members "comment" of the rules of a profile, which stand for comments in JSON.
func profileMembers(p *workspace.Profile, add func(comment, target source.Span, text string)) {
	for _, r := range p.Rules {
		if !strings.Contains(r.Comment.Text, "sandlint") {
			continue
		}
		comment, target := r.Comment.Span, r.Span
		if comment.Len() >= 2 { // without its quotes
			comment = source.Span{Start: comment.Start + 1, End: comment.End - 1}
		}
		if p.Fragment != nil {
			comment, target = p.Fragment.Span(comment), p.Fragment.Span(target)
		}
		add(comment, target, strings.TrimSpace(r.Comment.Text))
	}
}

// ignoreIndex finds the suppressions that cover a finding, in the logarithm of their number where they do not nest.
type ignoreIndex struct {
	byName map[string]*placed // names of sandlint in lower case, those of other linters after a NUL
}

// placed are suppressions by one name, sorted by where they begin.
type placed struct {
	list []named
	ends []int // the largest end of the list up to here
}

type named struct {
	*ignore
	name int
}

// newIgnoreIndex makes an index of those of a list that are void, or that are not.
func newIgnoreIndex(list []ignore, void bool) *ignoreIndex {
	x := &ignoreIndex{byName: map[string]*placed{}}
	for n := range list {
		ig := &list[n]
		if ig.void() != void {
			continue
		}
		for k, name := range ig.Names {
			key := strings.ToLower(withoutPack(name.Text))
			if ig.other != nil {
				key = "\x00" + key
			}
			if x.byName[key] == nil {
				x.byName[key] = &placed{}
			}
			x.byName[key].list = append(x.byName[key].list, named{ig, k})
		}
	}
	for _, p := range x.byName {
		slices.SortStableFunc(p.list, func(a, b named) int { return cmp.Compare(a.target.Start, b.target.Start) })
		largest := 0
		for _, ig := range p.list {
			largest = max(largest, ig.target.End)
			p.ends = append(p.ends, largest)
		}
	}
	return x
}

// at returns the suppression in p that covers an offset and begins last. The comment that a finding is about is not
// counted.
func (p *placed) at(offset int, not source.Span) (named, bool) {
	if p == nil {
		return named{}, false
	}
	n := sort.Search(len(p.list), func(n int) bool { return p.list[n].target.Start > offset }) - 1
	for ; n >= 0 && p.ends[n] >= offset; n-- {
		if p.list[n].target.End >= offset && (not.IsEmpty() || !not.Overlaps(p.list[n].Span)) {
			return p.list[n], true
		}
	}
	return named{}, false
}

// find returns the suppression that covers a finding.
func (x *ignoreIndex) find(f *Finding) (named, bool) {
	if len(x.byName) == 0 {
		return named{}, false
	}
	about := source.Span{}
	if f.Rule.Check.ignores != nil {
		about = f.Span
	}
	own, others := f.keys()
	for _, key := range own {
		if ig, ok := x.byName[key].at(f.Span.Start, about); ok {
			return ig, true
		}
	}
	for _, key := range others {
		p := x.byName["\x00"+key]
		if p == nil {
			continue
		}
		if ig, ok := p.at(f.Span.Start, source.Span{}); ok {
			return ig, true
		}
		for _, r := range f.Related { // another linter may report what is wrong between two places at the other one
			if r.File == f.File {
				if ig, ok := p.at(r.Span.Start, source.Span{}); ok {
					return ig, true
				}
			}
		}
	}
	// Comments for all that their linter reports.
	if p := x.byName["\x00*"]; p != nil && f.Rule.Check.ignores == nil {
		if ig, ok := p.at(f.Span.Start, source.Span{}); ok && (ig.By == dockerfile.ByUtils || f.Rule.buildKit()) {
			return ig, true
		}
	}
	return named{}, false
}

// keys returns the names by which a comment of sandlint, and one of another linter, can mean a finding, in lower case,
// the narrowest first.
func (f *Finding) keys() (own, others []string) {
	others = append(others, strings.ToLower(f.Rule.ID))
	for _, a := range f.Rule.Aliases {
		if len(f.As) == 0 || !isHadolint(a) {
			others = append(others, strings.ToLower(a))
		}
	}
	for _, a := range f.As {
		others = append(others, strings.ToLower(withoutPack(a)))
	}
	pack := f.Rule.Pack()
	own = append(slices.Clone(others), pack, pack+"/*")
	if f.Rule.Check.ignores == nil {
		own = append(own, "all")
	}
	return own, others
}

// divide orders findings in one document and divides them by whether a comment suppresses them.
func (c *context) divide(all []Finding, doc *workspace.Document) (findings, suppressed []Finding) {
	all = order(all)
	if len(all) > 0 && checksOf(doc).Error { // "# check=error=true"
		for n := range all {
			if all[n].Rule.buildKit() && all[n].File.Path == doc.Source.Path {
				all[n].Severity = Error
			}
		}
	}
	if (len(all) == 0 || c.noIgnores) && c.noted == nil {
		return all, nil
	}
	type indexes struct{ valid, void *ignoreIndex }
	byPath := map[string]indexes{}
	list, comments := ignoresOf(doc, c.heed(c.policy))
	if c.noted != nil {
		c.noted.comments = comments
	}
	byPath[doc.Source.Path] = indexes{newIgnoreIndex(list, false), newIgnoreIndex(list, true)}
	findings = all[:0] // those that stay take the places of those before them
	for n := range all {
		f := &all[n]
		if len(list) == 0 && f.File == doc.Source {
			findings = keep(findings, f)
			continue
		}
		x, ok := byPath[f.File.Path]
		if !ok {
			list := ignoresIn(f.File, c.heed(c.of(f.File, doc)))
			x = indexes{newIgnoreIndex(list, false), newIgnoreIndex(list, true)}
			byPath[f.File.Path] = x
		}
		if ig, ok := x.valid.find(f); ok {
			c.noted.add(ig.ignore, ig.name)
			if !c.noIgnores {
				f.Suppressed = &Suppression{Kind: KindInline, Reason: ig.Reason, File: f.File, Span: ig.Span}
				suppressed = append(suppressed, *f)
				continue
			}
		} else if ig, ok := x.void.find(f); ok {
			c.noted.add(ig.ignore, ig.name)
			if ig.Expired && !c.noIgnores {
				f.endedOn(ig.Until, ig.File, ig.Span)
			}
		}
		findings = keep(findings, f)
	}
	clear(all[len(findings):])
	return findings, suppressed
}

// keep appends a finding to the list whose array it is in.
func keep(list []Finding, f *Finding) []Finding {
	n := len(list)
	if list = list[:n+1]; &list[n] != f {
		list[n] = *f
	}
	return list
}

// endedOn adds to a finding that its suppression, in a file, has ended.
func (f *Finding) endedOn(day time.Time, file *source.File, span source.Span) {
	date := day.Format(time.DateOnly)
	f.Message += "; it was suppressed until " + date
	f.Related = append(slices.Clip(f.Related), Related{File: file, Span: span, Message: "suppressed until " + date})
}

package rules

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file writes comments that suppress findings. Each finding has places where its comment may stand, the narrowest
// first: above its own line, and above the lines that that one belongs to. A place counts once it is proved: the file
// means the same, and a check of all files with the comments finds neither what they are for nor anything new. Where
// none of its places does, the finding is left.

// Added is what AddIgnores made.
type Added struct {
	// Files are the changed files, in order of path. Their Applied is empty.
	Files []FixedFile
	// Comments is the number of comments that are new or longer, and Suppressed that of the findings.
	Comments, Suppressed int
	// Left are the findings that no comment can suppress, such as those in JSON, in order.
	Left []Finding
	// After is what a check of the files with the comments finds.
	After *Result
}

// AddIgnores writes comments that suppress findings of a workspace, in memory. What is found about suppressions
// themselves is not suppressed, and neither left.
func AddIgnores(
	ws *workspace.Workspace, policies Policies, opts CheckOptions, findings []Finding, reason string,
) *Added {
	ws = ws.Snapshot()
	opts.Fixes, opts.Progress, opts.Changed = false, nil, nil
	a := &adding{ws: ws, policies: policies, opts: opts, reason: reason, files: map[string]*addFile{}}
	for _, f := range findings {
		if !f.Rule.aboutComments() {
			a.add(f)
		}
	}
	a.before = map[[3]string]int{}
	now := Check(ws, policies, opts)
	for n := range now.Findings {
		a.before[now.Findings[n].kind()]++
	}
	a.prove()
	return a.result()
}

// Ignored returns the text of a file with a comment that suppresses one of its findings, proved as AddIgnores does with
// the files that depend on it, and false where no comment can suppress it.
func (s *Session) Ignored(c *Checked, f *Finding, reason string) ([]byte, bool) {
	if !s.Ignorable(c, f) {
		return nil, false
	}
	view := *s.ws
	view.Entries = slices.DeleteFunc(slices.Clone(s.ws.Entries), func(e *workspace.Entry) bool {
		other := s.checked[e]
		return e != c.Entry && (other == nil || !other.uses.EditedBy(c.Entry.Abs))
	})
	opts := s.opts
	opts.internal = !f.Rule.Check.external
	added := AddIgnores(&view, s.policies, opts, []Finding{*f}, reason)
	if len(added.Files) != 1 || added.Suppressed != 1 {
		return nil, false
	}
	return added.Files[0].After, true
}

// Ignorable reports whether Ignored may find a place: it is cheap, and false for formats without comments, for what is
// found about comments, and where the configuration forbids them.
func (s *Session) Ignorable(c *Checked, f *Finding) bool {
	return c.Document != nil && f.File.Path == c.Document.Source.Path && !f.Rule.aboutComments() &&
		len(marksOf(c.Document)) > 0 && s.policies.Policy(c.Entry.Abs).Ignores.Policy != ignores.Deny
}

// aboutComments reports whether the rule is about what is accepted, and not about the files themselves: DL1001 reports
// that there are comments that suppress findings.
func (r *Rule) aboutComments() bool {
	return r.Check.ignores != nil || r.Check.outside || r.listed("DL1001")
}

// adding is an AddIgnores at work.
type adding struct {
	ws       *workspace.Workspace
	policies Policies
	opts     CheckOptions
	reason   string
	files    map[string]*addFile // by path
	left     []Finding
	before   map[[3]string]int // all that is found without the comments, by kind
	after    *Result
}

// addFile is a file that gets comments.
type addFile struct {
	entry    *workspace.Entry
	doc      *workspace.Document
	mark     string
	existing map[int]*IgnoreComment // comments that can get more names, by the line that they cover
	wanted   []*wanted
}

// wanted is a finding with the lines above which its comment may stand.
type wanted struct {
	finding Finding
	places  []spot
}

// spot is a place for a comment: above a line. covers is the line that it is to cover, which is another one where
// comments stand between.
type spot struct{ above, covers int }

// add takes a finding, or leaves it.
func (a *adding) add(f Finding) {
	file := a.fileOf(f.File.Path)
	if file == nil || file.mark == "" || f.File.Path != file.doc.Source.Path ||
		a.policies.Policy(file.entry.Abs).Ignores.Policy == ignores.Deny {
		a.left = append(a.left, f)
		return
	}
	file.wanted = append(file.wanted, &wanted{finding: f, places: file.spots(f.Span.Start)})
}

func (a *adding) fileOf(path string) *addFile {
	if file, ok := a.files[path]; ok {
		return file
	}
	a.files[path] = nil
	n := slices.IndexFunc(a.ws.Entries, func(e *workspace.Entry) bool { return e.Path == path })
	if n < 0 {
		return nil
	}
	e := a.ws.Entries[n]
	doc, err := a.ws.Open(e)
	if err != nil || bytes.IndexByte(doc.Source.Bytes, 0) >= 0 { // which UTF-16 has
		return nil
	}
	file := &addFile{entry: e, doc: doc, existing: map[int]*IgnoreComment{}}
	if marks := marksOf(doc); len(marks) > 0 {
		file.mark = marks[0]
	}
	own := contextOf(a.ws, a.policies, e, a.opts.ignoring())
	list, _ := ignoresOf(doc, own.heed(own.policy))
	for _, ig := range list {
		line := doc.Source.LineOf(ig.Span.Start)
		if ig.other != nil || ig.void() || ig.wholeFile() || ig.inHost || ig.Mark == "" {
			continue
		}
		first := line + 1
		for first < doc.Source.LineOf(ig.target.End) && file.isComment(first) {
			first++
		}
		if doc.Dockerfile != nil {
			if i := file.instruction(ig.target.End - 1); i >= 0 {
				first = doc.Source.LineOf(doc.Dockerfile.Instructions[i].Span.Start)
			}
		}
		file.existing[first] = ig.IgnoreComment
	}
	a.files[path] = file
	return file
}

func (f *addFile) isComment(line int) bool {
	text := strings.TrimSpace(f.doc.Source.Text(f.doc.Source.Line(line)))
	return text == "" || strings.HasPrefix(text, f.mark)
}

// instruction returns the index of the instruction of a Dockerfile that holds an offset, -1 for none.
func (f *addFile) instruction(at int) int {
	list := f.doc.Dockerfile.Instructions
	n := sort.Search(len(list), func(n int) bool { return list[n].Span.End >= at })
	if n < len(list) && list[n].Lines.Start <= at {
		return n
	}
	return -1
}

// maxSpots bounds the places that are tried for one finding.
const maxSpots = 12

// spots returns the places for a comment about what is found at an offset.
func (f *addFile) spots(at int) []spot {
	src := f.doc.Source
	if f.doc.Dockerfile != nil {
		n := f.instruction(at)
		if n < 0 {
			return nil
		}
		i := f.doc.Dockerfile.Instructions[n]
		line := src.LineOf(i.Span.Start)
		out := []spot{{line, line}}
		if len(i.Comments) > 0 {
			out = append(out, spot{src.LineOf(i.Comments[0].Start), line})
		}
		return out
	}
	line := min(src.LineOf(at), src.Lines())
	if f.isComment(line) {
		return nil
	}
	var out []spot
	for line > 1 && strings.HasSuffix(src.Text(src.Line(line-1)), `\`) {
		line--
	}
	out = append(out, spot{line, line})
	// The command or key that a text or a container belongs to.
	for _, text := range f.doc.Texts {
		if text.Where.Start <= at && at <= text.Where.End {
			n := src.LineOf(text.Where.Start)
			out = append(out, spot{n, n})
		}
	}
	for _, run := range f.doc.Runs {
		if run.File.Path == src.Path && run.Whole.Start <= at && at <= run.Whole.End {
			n := src.LineOf(run.Whole.Start)
			out = append(out, spot{n, n})
		}
	}
	indent := f.indent(line)
	for n := line - 1; n > 0 && indent > 0 && len(out) < maxSpots; n-- {
		if !f.isComment(n) && f.indent(n) < indent {
			indent = f.indent(n)
			out = append(out, spot{n, n})
		}
	}
	return out
}

func (f *addFile) indent(line int) int {
	text := f.doc.Source.Text(f.doc.Source.Line(line))
	return len(text) - len(strings.TrimLeft(text, " \t"))
}

// names returns the names of rules by the place at which their comment stands now.
func (f *addFile) names() map[spot][]string {
	out := map[spot][]string{}
	for _, w := range f.wanted {
		if len(w.places) > 0 {
			at := w.places[0]
			if id := w.finding.ID(); !slices.Contains(out[at], id) {
				out[at] = append(out[at], id)
			}
		}
	}
	return out
}

// edits returns the edits that write the comments at some places, of a file.
func (f *addFile) edits(names map[spot][]string, at []spot, reason string) []fixers.Edit {
	var out []fixers.Edit
	src := f.doc.Source
	for _, s := range at {
		list := slices.Sorted(slices.Values(names[s]))
		if known := f.existing[s.covers]; known != nil {
			c := known.Comment
			c.Names = slices.Clone(c.Names)
			for _, name := range list {
				if !slices.ContainsFunc(c.Names, func(n ignores.Name) bool { return strings.EqualFold(n.Text, name) }) {
					c.Names = append(c.Names, ignores.Name{Text: name})
				}
			}
			c.Reason = cmp.Or(c.Reason, reason)
			out = append(out, fixers.Edit{File: src, Span: known.Span, Text: c.Text()})
			continue
		}
		c := ignores.Comment{Mark: f.mark, Reason: reason}
		for _, name := range list {
			c.Names = append(c.Names, ignores.Name{Text: name})
		}
		line := src.Line(s.above)
		if text := src.Text(line); strings.HasPrefix(text, "\ufeff") {
			line.Start += len("\ufeff")
		}
		text := src.Text(line)
		indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		out = append(out, fixers.Edit{File: src, Span: source.Span{Start: line.Start, End: line.Start},
			Text: indent + c.Text() + src.NewlineAt(line.Start)})
	}
	return out
}

// text returns the file with the comments at some places.
func (a *adding) text(f *addFile, names map[spot][]string, at []spot) ([]byte, bool) {
	text, err := fixers.Apply(f.doc.Source, f.edits(names, at, a.reason))
	return text, err == nil
}

// keeps reports whether the file means the same with the comments at some places.
func (a *adding) keeps(f *addFile, names map[spot][]string, at []spot) bool {
	text, ok := a.text(f, names, at)
	if !ok {
		return false
	}
	after := source.NewFile(f.doc.Source.Path, text)
	view := a.ws.For(f.entry.Abs)
	c := &checker{ws: a.ws, policies: a.policies, entries: []*workspace.Entry{f.entry}}
	difference := compareComments(&Comparison{
		Before: f.doc.Source, After: after, Targets: view.Targets, read: c.meaning,
		open: func(file *source.File) *workspace.Document {
			if file == f.doc.Source {
				return f.doc
			}
			doc, err := view.With(map[string][]byte{f.entry.Abs: file.Bytes}).Open(f.entry)
			if err != nil {
				return nil
			}
			return doc
		},
	}, formatOf(f.entry.Kind))
	return difference == ""
}

// breaking returns those of some places at which a comment changes what the file means. Two comments do not depend on
// each other.
func (a *adding) breaking(f *addFile, names map[spot][]string, at []spot) []spot {
	switch {
	case len(at) == 0 || a.keeps(f, names, at):
		return nil
	case len(at) == 1:
		return at
	}
	half := len(at) / 2
	return append(a.breaking(f, names, at[:half]), a.breaking(f, names, at[half:])...)
}

// next moves the findings whose comments stand at some places to their next ones.
func (a *adding) next(f *addFile, at []spot) {
	f.wanted = slices.DeleteFunc(f.wanted, func(w *wanted) bool {
		if len(w.places) > 0 && slices.Contains(at, w.places[0]) {
			w.places = slices.DeleteFunc(w.places, func(s spot) bool { return slices.Contains(at, s) })
		}
		if len(w.places) == 0 {
			a.left = append(a.left, w.finding)
			return true
		}
		return false
	})
}

// prove tries the places until those that remain are proved.
func (a *adding) prove() {
	paths := slices.DeleteFunc(sortedKeys(a.files), func(path string) bool { return a.files[path] == nil })
	for {
		overlay := map[string][]byte{}
		for _, path := range paths {
			f := a.files[path]
			a.next(f, nil) // those without places
			for {
				names := f.names()
				at := sortedSpots(names)
				bad := a.breaking(f, names, at)
				if len(bad) == 0 {
					if text, ok := a.text(f, names, at); ok && len(at) > 0 {
						overlay[f.entry.Abs] = text
					}
					break
				}
				a.next(f, bad)
			}
		}
		ws := a.ws
		if len(overlay) > 0 {
			ws = ws.With(overlay).Snapshot()
		}
		a.after = Check(ws, a.policies, a.opts)
		if !a.refute(overlay) {
			return
		}
	}
}

func sortedSpots(names map[spot][]string) []spot {
	out := make([]spot, 0, len(names))
	for s := range names {
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y spot) int { return cmp.Or(x.above-y.above, x.covers-y.covers) })
	return out
}

// kind is what a finding has in common with the same one of another text.
func (f *Finding) kind() [3]string {
	return [3]string{f.File.Path, f.ID(), strings.Join(strings.Fields(f.File.Text(f.Span)), " ")}
}

// refute moves the comments away that do not suppress what they are for, or that bring something new, and reports
// whether there are any.
func (a *adding) refute(overlay map[string][]byte) bool {
	expected := maps.Clone(a.before)
	for _, f := range a.files {
		if f == nil {
			continue
		}
		for _, w := range f.wanted {
			expected[w.finding.kind()]--
		}
	}
	changed := false
	for n := range a.after.Findings {
		found := &a.after.Findings[n]
		if r := found.Rule; r.Check.outside || r.aboutComments() && r.Check.ignores == nil {
			continue
		}
		k := found.kind()
		if expected[k]--; expected[k] >= 0 {
			continue
		}
		f := a.files[found.File.Path]
		if f == nil || overlay[f.entry.Abs] == nil {
			continue // nothing was done to the file
		}
		var bad []spot
		for _, w := range f.wanted {
			if w.finding.kind() == k {
				bad = append(bad, w.places[0])
			}
		}
		if len(bad) == 0 {
			bad = f.near(found)
		}
		if len(bad) > 0 {
			changed = true
			a.next(f, bad)
		}
	}
	return changed
}

// near returns the place of the last comment before a new finding.
func (f *addFile) near(found *Finding) []spot {
	line := found.File.LineOf(found.Span.Start)
	at := sortedSpots(f.names())
	for n := len(at) - 1; n >= 0; n-- {
		if at[n].above+n <= line { // each comment before it is a line
			return at[n : n+1]
		}
	}
	return nil
}

func (a *adding) result() *Added {
	out := &Added{Left: a.left, After: a.after}
	for _, path := range sortedKeys(a.files) {
		f := a.files[path]
		if f == nil || len(f.wanted) == 0 {
			continue
		}
		names := f.names()
		at := sortedSpots(names)
		if text, ok := a.text(f, names, at); ok && !bytes.Equal(text, f.doc.Source.Bytes) {
			out.Files = append(out.Files, FixedFile{File: f.doc.Source, After: text})
			out.Comments += len(at)
			out.Suppressed += len(f.wanted)
		}
	}
	slices.SortStableFunc(out.Left, func(x, y Finding) int { return CompareFindings(&x, &y) })
	return out
}

// insideText reports whether one of two versions of a script has a comment of sandlint that the other has not, and that
// is no comment to the shell: it lies in a here-document, or between quotes.
func insideText(before, after *source.File) bool {
	has := map[string]int{}
	for _, f := range []*source.File{before, after} {
		comments, ok := shell.Comments(f.Bytes)
		if !ok {
			return true
		}
		real := map[int]bool{}
		for _, c := range comments {
			real[c.Start] = true
		}
		for _, c := range ignores.Find(f, []string{"#"}, ignores.Lines, nil) {
			if !real[c.Comment.Start] {
				has[f.Text(c.Comment)] += map[bool]int{true: 1, false: -1}[f == before]
			}
		}
	}
	for _, n := range has {
		if n != 0 {
			return true
		}
	}
	return false
}

// isScript reports whether a document is a script that a shell reads as a whole.
func isScript(doc *workspace.Document) bool { return doc.Entry.Kind == files.KindScript }

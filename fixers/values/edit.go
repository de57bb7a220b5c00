package values

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// AddItem returns the edit that adds an item behind the one at a place, quoted as that one is, and what it declares. It
// is false where the item does not stand in a list of one item a line, or of one line.
func AddItem(f *source.File, o *outline.Outline, place source.Span, text string) (fixers.Edit, fixers.Change, bool) {
	n := o.At(place)
	if n < 0 || o.Broken || o.Shared(place) {
		return fixers.Edit{}, nil, false
	}
	path, ok := strings.CutSuffix(o.Values[n].Path, "[]")
	if !ok || f.LineOf(o.Spans[n].Whole.Start) != f.LineOf(o.Spans[n].Whole.End) {
		return fixers.Edit{}, nil, false
	}
	span := o.Spans[n].Whole
	quote := ""
	if first := f.Bytes[span.Start]; first == '"' || first == '\'' {
		quote = string(first)
	}
	change := Items{Path: path, Added: []string{text}}
	line := f.Line(f.LineOf(span.Start))
	before := f.Text(source.Span{Start: line.Start, End: span.Start})
	if strings.TrimLeft(before, " ") == "- " {
		full := f.FullLine(f.LineOf(span.Start))
		item := before + quote + text + quote
		switch {
		case strings.HasSuffix(f.Text(full), "\r\n"):
			item += "\r\n"
		case strings.HasSuffix(f.Text(full), "\n"):
			item += "\n"
		default:
			item = "\n" + item
		}
		return fixers.Edit{File: f, Span: source.Span{Start: full.End, End: full.End}, Text: item}, change, true
	}
	if list := o.Find(path); list < 0 || f.Bytes[o.Spans[list].Value.Start] != '[' {
		return fixers.Edit{}, nil, false
	}
	return fixers.Edit{
		File: f, Span: source.Span{Start: span.End, End: span.End}, Text: ", " + quote + text + quote,
	}, change, true
}

// Replace returns the edit that puts another text in the place of a part of a scalar, and what it declares. It is false
// where the scalar is not written as it is read.
func Replace(f *source.File, o *outline.Outline, part source.Span, text string) (fixers.Edit, fixers.Change, bool) {
	n := o.At(part)
	if n < 0 || o.Broken || o.Shared(part) {
		return fixers.Edit{}, nil, false
	}
	was := o.Values[n].Text
	at := strings.LastIndex(was, f.Text(part))
	if at < 0 || strings.Count(was, f.Text(part)) != 1 {
		return fixers.Edit{}, nil, false
	}
	is := was[:at] + text + was[at+part.Len():]
	edit := fixers.Edit{File: f, Span: part, Text: text}
	if path, ok := strings.CutSuffix(o.Values[n].Path, "[]"); ok {
		return edit, Items{Path: path, Removed: []string{was}, Added: []string{is}}, true
	}
	return edit, Scalar{Path: o.Values[n].Path, Was: was, Is: is}, true
}

// Lists makes the edits that delete whole lists of a file, each once however many of its items are asked about. It
// belongs to one goroutine.
type Lists struct {
	file    *source.File
	outline *outline.Outline
	made    map[listOf]*deletion
}

// listOf is a list of a number of items, by its path.
type listOf struct {
	path  string
	items int
}

// deletion is what deletes a list, and what that declares.
type deletion struct {
	edit   fixers.Edit
	change Items
	ok     bool
}

// NewLists returns the lists of a file.
func NewLists(f *source.File, o *outline.Outline) *Lists { return &Lists{f, o, map[listOf]*deletion{}} }

// Delete returns the edit that deletes the list of an item at a place, with its key, and what it declares: for a list
// of the given number of items, at least two, all of which go. It is false for another list, where something else
// stands on the lines that go, and where other places use the list too.
func (l *Lists) Delete(item source.Span, items int) (fixers.Edit, Items, bool) {
	o := l.outline
	n := o.At(item)
	if n < 0 || items < 2 || o.Broken || o.Shared(item) {
		return fixers.Edit{}, Items{}, false
	}
	path, ok := strings.CutSuffix(o.Values[n].Path, "[]")
	if !ok {
		return fixers.Edit{}, Items{}, false
	}
	made := l.made[listOf{path, items}]
	if made == nil {
		made = &deletion{}
		l.made[listOf{path, items}] = made
		made.make(l.file, o, path, items)
	}
	return made.edit, made.change, made.ok
}

func (d *deletion) make(f *source.File, o *outline.Outline, path string, items int) {
	list := o.Find(path)
	if list < 0 || o.Count(path+"[]") != items || o.Count(path) != 1 {
		return
	}
	d.change.Path = path
	for at := list + 1; at <= list+items && at < len(o.Values) && o.Values[at].Path == path+"[]"; at++ {
		d.change.Removed = append(d.change.Removed, o.Values[at].Text)
	}
	d.edit, d.ok = deleteLines(f, o.Spans[list].Whole)
	d.ok = d.ok && len(d.change.Removed) == items && !strings.Contains(f.Text(d.edit.Span), "#")
}

// DeleteItem returns the edit that deletes the item of a list, or the scalar, at a place, and with the last item the
// list and its key. It is false where something else stands on the lines that go, and where other places use the list
// too.
func DeleteItem(f *source.File, o *outline.Outline, place source.Span) (fixers.Edit, fixers.Change, bool) {
	n := o.At(place)
	if n < 0 || o.Broken || o.Values[n].Text == "{}" || o.Values[n].Text == "[]" || o.Shared(place) {
		return fixers.Edit{}, nil, false
	}
	path, isItem := strings.CutSuffix(o.Values[n].Path, "[]")
	text, span := o.Values[n].Text, o.Spans[n].Whole
	if !isItem {
		edit, ok := deleteLines(f, span)
		return edit, Scalar{Path: path, Was: text}, ok && !alone(f, o, n, n)
	}
	change := Items{Path: path, Removed: []string{text}}
	list := o.Find(path)
	if list < 0 || o.Count(path) > 1 { // the key occurs twice
		return fixers.Edit{}, nil, false
	}
	if o.Count(path+"[]") == 1 {
		edit, ok := deleteLines(f, o.Spans[list].Whole)
		return edit, change, ok && !alone(f, o, min(list, n), max(list, n))
	}
	if f.Bytes[o.Spans[list].Value.Start] != '[' {
		line := f.Line(f.LineOf(span.Start))
		if strings.TrimLeft(f.Text(source.Span{Start: line.Start, End: span.Start}), " ") != "- " {
			return fixers.Edit{}, nil, false
		}
		span.Start -= len("- ")
		edit, ok := deleteLines(f, span)
		return edit, change, ok
	}
	b := f.Bytes
	for span.End < len(b) && (b[span.End] == ' ' || b[span.End] == ',') {
		span.End++
	}
	if b[span.End-1] != ',' && b[span.End-1] != ' ' { // the last one: the comma before it goes
		for span.Start > 0 && (b[span.Start-1] == ' ' || b[span.Start-1] == ',') {
			span.Start--
		}
	}
	return fixers.Edit{File: f, Span: span}, change, true
}

// alone reports whether the values from first to last, which belong to one key, are all that a mapping of YAML has:
// without them it would be no mapping.
func alone(f *source.File, o *outline.Outline, first, last int) bool {
	path := strings.TrimSuffix(o.Values[first].Path, "[]")
	end := strings.LastIndexByte(path, '.')
	if end < 0 || !files.IsYAML(f.Path) {
		return false
	}
	beside := func(n int) bool {
		return n >= 0 && n < len(o.Values) && strings.HasPrefix(o.Values[n].Path, path[:end+1])
	}
	return !beside(first-1) && !beside(last+1)
}

// deleteLines returns the edit that deletes the lines of a span, false where something else stands on them. In JSON the
// comma behind it goes too or, for the last member, the one before it.
func deleteLines(f *source.File, span source.Span) (fixers.Edit, bool) {
	lines := f.FullLine(f.LineOf(span.Start)).Join(f.FullLine(f.LineOf(max(span.Start, span.End-1))))
	before := f.Text(source.Span{Start: lines.Start, End: span.Start})
	after := strings.TrimSpace(f.Text(source.Span{Start: span.End, End: lines.End}))
	want := ""
	if strings.HasSuffix(f.Path, ".json") {
		want = ","
		start := len(bytes.TrimRight(f.Bytes[:span.Start], " \t\r\n"))
		if after == "" && start > 0 && f.Bytes[start-1] == ',' {
			return fixers.Edit{File: f, Span: source.Span{Start: start - 1, End: span.End}}, true
		}
	}
	return fixers.Edit{File: f, Span: lines}, strings.Trim(before, " \t") == "" && after == want
}

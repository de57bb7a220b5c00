package values

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// AddItem returns the edit that adds an item behind the one at a place, quoted as that one is, and what it declares. It
// is false where the item does not stand in a list of one item a line, or of one line.
func AddItem(f *source.File, o *outline.Outline, place source.Span, text string) (fixers.Edit, fixers.Change, bool) {
	n := o.At(place)
	if n < 0 || o.Broken {
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
	if n < 0 || o.Broken {
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

package nixconf

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// The functions below return edits of the file that a fragment is in. They report false, without an edit, where the
// text is not the file's own (it comes from a variable, an escape, or the command that writes it), or where the quoting
// around it would give the new text another meaning.

// SetValue gives an entry another value. The value is one line without a comment.
func SetValue(fr *source.Fragment, e *nixconf.Entry, value string) ([]fixers.Edit, bool) {
	if strings.ContainsAny(value, "#\n") {
		return nil, false
	}
	value = strings.Trim(value, " \t\r")
	switch {
	case value == "":
		return replace(fr, source.Span{Start: e.Equals.End, End: e.Span.End}, "")
	case !e.ValueSpan.IsEmpty():
		return replace(fr, e.ValueSpan, value)
	}
	at := e.Equals.End
	if at < len(fr.Text) && fr.Text[at] == ' ' {
		at++
	} else {
		value = " " + value
	}
	if at < len(fr.Text) && fr.Text[at] == '#' {
		value += " "
	}
	return replace(fr, source.Span{Start: at, End: at}, value)
}

// ReplaceWord replaces w with text, which is one word.
func ReplaceWord(fr *source.Fragment, w nixconf.Word, text string) ([]fixers.Edit, bool) {
	if text == "" || strings.ContainsAny(text, "# \t\r\n") {
		return nil, false
	}
	return replace(fr, w.Span, text)
}

// RemoveWord removes word i from the value of e, with the blanks before it.
func RemoveWord(fr *source.Fragment, e *nixconf.Entry, i int) ([]fixers.Edit, bool) {
	s := e.Words[i].Span
	switch {
	case i > 0:
		s.Start = e.Words[i-1].Span.End
	case len(e.Words) > 1:
		s.End = e.Words[1].Span.Start
	default:
		s.Start = e.Equals.End
	}
	return replace(fr, s, "")
}

// AppendWord adds text, which is one word, at the end of the value of e.
func AppendWord(fr *source.Fragment, e *nixconf.Entry, text string) ([]fixers.Edit, bool) {
	if len(e.Words) == 0 {
		return SetValue(fr, e, text)
	}
	if text == "" || strings.ContainsAny(text, "# \t\r\n") {
		return nil, false
	}
	return replace(fr, source.Span{Start: e.ValueSpan.End, End: e.ValueSpan.End}, " "+text)
}

// DeleteLine deletes the line of an entry with its line end, or only the entry if there is a comment on its line. In a
// text that is not a whole file, a last line without line end cannot be deleted: something has to be written there.
func DeleteLine(fr *source.Fragment, f *nixconf.File, e *nixconf.Entry) ([]fixers.Edit, bool) {
	line := f.Lines[e.Line]
	if !line.Comment.IsEmpty() {
		return replace(fr, source.Span{Start: e.Span.Start, End: line.Comment.Start}, "")
	}
	s := withEnd(fr, line.Span)
	if s == line.Span && !fr.Whole() {
		return nil, false
	}
	if s.Start == 0 && s.End < len(fr.Text) && !fr.Whole() && indentation(fr, s.End) > indentation(fr, 0) {
		return nil, false // in a YAML block the first line says how far all are indented
	}
	return replace(fr, s, "")
}

// indentation returns how many blanks stand before the line that begins at an offset of a text, in its file and in the
// text, which may be without those that its host removes.
func indentation(fr *source.Fragment, at int) int {
	line := fr.File.Line(fr.File.LineOf(fr.Span(source.Span{Start: at, End: at}).Start))
	n := 0
	for line.Start+n < line.End && (fr.File.Bytes[line.Start+n] == ' ' || fr.File.Bytes[line.Start+n] == '\t') {
		n++
	}
	return n
}

// ReplaceLine replaces the words of line n, counted from 0, with text, and keeps its indentation, comment and line end.
// The text is one line without a comment.
func ReplaceLine(fr *source.Fragment, f *nixconf.File, n int, text string) ([]fixers.Edit, bool) {
	line := f.Lines[n]
	if strings.ContainsAny(text, "#\n") {
		return nil, false
	}
	s := source.Span{Start: line.Span.Start, End: line.Span.Start}
	if len(line.Words) > 0 {
		s = source.Span{Start: line.Words[0].Span.Start, End: line.Words[len(line.Words)-1].Span.End}
	}
	return replace(fr, s, text)
}

// InsertLine inserts a line before line n, counted from 0, or at the end if n is the number of lines. The text has no
// line end.
func InsertLine(fr *source.Fragment, f *nixconf.File, n int, text string) ([]fixers.Edit, bool) {
	at := len(fr.Text)
	if n < len(f.Lines) {
		at = f.Lines[n].Span.Start
	}
	newline := newlineAt(fr, at)
	if at == 0 || fr.Text[at-1] == '\n' {
		return replace(fr, source.Span{Start: at, End: at}, text+newline)
	}
	return replace(fr, source.Span{Start: at, End: at}, newline+text)
}

// MoveBelow moves the line of an entry below the line of another one, which is further down. Comment lines directly
// above the entry move with it, unless they begin the text: those may be about all of it.
func MoveBelow(fr *source.Fragment, f *nixconf.File, moved, below *nixconf.Entry) ([]fixers.Edit, bool) {
	if moved.Line >= below.Line {
		return nil, false
	}
	first := moved.Line
	for first > 0 && len(f.Lines[first-1].Words) == 0 && !f.Lines[first-1].Comment.IsEmpty() {
		first--
	}
	if first == 0 {
		first = moved.Line
	}
	block := withEnd(fr, source.Span{Start: f.Lines[first].Span.Start, End: f.Lines[moved.Line].Span.End})
	text := string(fr.Text[block.Start:block.End])
	at := withEnd(fr, f.Lines[below.Line].Span).End
	if at == f.Lines[below.Line].Span.End { // the last line has no end
		newline := newlineAt(fr, block.Start)
		text = newline + strings.TrimSuffix(text, newline)
	}
	deleted, ok := replace(fr, block, "")
	if !ok {
		return nil, false
	}
	inserted, ok := replace(fr, source.Span{Start: at, End: at}, text)
	return append(deleted, inserted...), ok
}

// withEnd returns the span of a line with its LF, if it has one.
func withEnd(fr *source.Fragment, s source.Span) source.Span {
	if s.End < len(fr.Text) && fr.Text[s.End] == '\n' {
		s.End++
	}
	return s
}

// newlineAt returns the line end of the file around an offset of the fragment.
func newlineAt(fr *source.Fragment, at int) string {
	return fr.File.NewlineAt(fr.Span(source.Span{Start: at, End: at}).Start)
}

func replace(fr *source.Fragment, s source.Span, text string) ([]fixers.Edit, bool) {
	s, text, ok := fr.Edit(s, text)
	if !ok {
		return nil, false
	}
	return []fixers.Edit{{File: fr.File, Span: s, Text: text}}, true
}

package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/visible"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// snippetColumns is how much of a line is shown where the width of the terminal is unknown, in columns. Of a
	// shortened line, a third of what is shown stays before the span.
	snippetColumns = 120
	// tabColumns is how many columns a tab takes at most. Where the width is unknown, it counts as one.
	tabColumns = 8
	// secretLength is how long a password or token may be, in bytes, to be seen around the visible part of a line.
	secretLength = 4096
	// snippetLines is the number of lines up to which a span is shown in full.
	snippetLines = 4
)

// snippetLine is one line of source with the line that marks a part of it.
type snippetLine struct {
	number int    // 0 for lines that were left out
	text   string // without line end
	marks  string // "" where nothing is marked
}

// snippets makes the lines that a report shows. It remembers which lines hold secrets, since many findings may be about
// one line.
type snippets struct {
	columns int // how much of a line is shown
	tab     int // the columns of a tab
	secrets map[lineOfFile][]source.Span
}

type lineOfFile struct {
	file *source.File
	line int
}

// secretIn reports whether a password or a token lies in a part of a line, or reaches into it.
func (s *snippets) secretIn(f *source.File, n int, part source.Span) bool {
	at := lineOfFile{f, n}
	spans, ok := s.secrets[at]
	if !ok {
		line := f.Line(n)
		for _, span := range secret.Places(f.Bytes[line.Start:line.End]) {
			spans = append(spans, source.Span{Start: line.Start + span.Start, End: line.Start + span.End})
		}
		if s.secrets == nil {
			s.secrets = map[lineOfFile][]source.Span{}
		}
		s.secrets[at] = spans
	}
	return slices.ContainsFunc(spans, func(span source.Span) bool {
		return span.Start < part.End && part.Start < span.End
	})
}

// of returns the lines of span with mark under each of its characters. When there are many lines, only the first
// two and the last are shown.
func (s *snippets) of(f *source.File, span source.Span, mark string) []snippetLine {
	span = trimNewlines(f, span)
	first, last := f.LineOf(span.Start), f.LineOf(max(span.Start, span.End-1))
	if first == last {
		return []snippetLine{s.markedLine(f, first, span, mark)}
	}
	var out []snippetLine
	for n := first; n <= last; n++ {
		if last-first+1 > snippetLines && n == first+2 {
			out = append(out, snippetLine{})
			n = last
		}
		part := f.Line(n)
		part = source.Span{Start: max(part.Start, span.Start), End: min(part.End, span.End)}
		for part.Start < part.End && isBlank(f.Bytes[part.Start]) {
			part.Start++
		}
		for part.End > part.Start && isBlank(f.Bytes[part.End-1]) {
			part.End--
		}
		l := s.markedLine(f, n, part, mark)
		if part.IsEmpty() {
			l.marks = ""
		}
		out = append(out, l)
	}
	return out
}

// newSnippets returns the snippets for a terminal of some width, 0 where that is unknown.
func newSnippets(width int) snippets {
	if width == 0 {
		return snippets{columns: snippetColumns, tab: 1}
	}
	return snippets{columns: max(leastWidth, width-8), tab: tabColumns} // a line number, a bar and an ellipsis
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// markedLine renders one line with marks under part, which lies in it. A line that is too long is cut around part. The
// line of marks keeps the tabs of the text, so it lines up whatever the width of a tab.
func (s *snippets) markedLine(f *source.File, n int, part source.Span, mark string) snippetLine {
	line := f.Line(n)
	part.Start = min(max(part.Start, line.Start), line.End)
	part.End = min(max(part.End, part.Start), line.End)
	from := s.windowStart(f.Bytes, line, part.Start)
	around := source.Span{Start: max(line.Start, from-secretLength), End: min(line.End, from+2*secretLength)}
	if s.secretIn(f, n, around) {
		return snippetLine{number: n, text: "(this line is not shown, because it holds a password or a token)"}
	}

	var text, lead, marks strings.Builder
	if from > line.Start {
		text.WriteString("…")
		lead.WriteByte(' ')
	}
	to, used, marked := from, 0, 0
	for to < line.End {
		shown, cols, size := s.cell(f.Bytes[:line.End], to)
		if shown == "" && part.Start == 0 && !part.IsEmpty() { // the finding is about the byte order mark
			shown = visible.Glyph('\ufeff', "")
			cols = len(shown)
		}
		if used += cols; used > s.columns {
			text.WriteString("…")
			break
		}
		text.WriteString(shown)
		switch {
		case to < part.Start && shown == "\t":
			lead.WriteByte('\t')
		case to < part.Start:
			lead.WriteString(strings.Repeat(" ", cols))
		case to >= part.End:
		case shown == "\t":
			marks.WriteByte('\t')
		default:
			marks.WriteString(strings.Repeat(mark, cols))
			marked += cols
		}
		to += size
	}
	if marked == 0 { // an empty span, or one of tabs only
		return snippetLine{number: n, text: text.String(), marks: lead.String() + mark}
	}
	return snippetLine{number: n, text: text.String(), marks: lead.String() + marks.String()}
}

// windowStart returns where the visible part of a line begins: at its start, unless the line is too long and at lies
// far to the right. It reads no more of the line than it must.
func (s *snippets) windowStart(b []byte, line source.Span, at int) int {
	used := 0
	for i := line.Start; used <= s.columns; {
		if i == line.End {
			return line.Start // the whole line fits
		}
		_, cols, size := s.cell(b[:line.End], i)
		used += cols
		i += size
	}
	used = 0
	for at > line.Start {
		_, size := utf8.DecodeLastRune(b[line.Start:at])
		_, cols, _ := s.cell(b[:at], at-size)
		if used += cols; used > s.columns/3 {
			break
		}
		at -= size
	}
	return at
}

// cell returns the visible form of the character at b[i:], the columns that it takes, and its length in bytes. A tab
// stays a tab. A byte order mark at the start of the file is not shown.
func (s *snippets) cell(b []byte, i int) (shown string, cols, size int) {
	r, size := utf8.DecodeRune(b[i:])
	switch {
	case r == '\t':
		return "\t", s.tab, size
	case r == '\ufeff' && i == 0:
		return "", 0, size
	}
	shown = visible.Glyph(r, string(b[i:i+size]))
	return shown, columns(r, shown), size
}

// gutter returns the line number, or as many blanks, right-aligned.
func gutter(n, digits int) string {
	if n == 0 {
		return strings.Repeat(" ", digits)
	}
	return fmt.Sprintf("%*d", digits, n)
}

// trimNewlines returns the part of s that lies in f, without the line ends at its end, which formats would show as
// another line.
func trimNewlines(f *source.File, s source.Span) source.Span {
	s.Start = min(max(s.Start, 0), len(f.Bytes))
	s.End = min(max(s.End, s.Start), len(f.Bytes))
	for s.End > s.Start && (f.Bytes[s.End-1] == '\n' || f.Bytes[s.End-1] == '\r') {
		s.End--
	}
	return s
}

package lsp

import (
	"sort"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// Encoding is the unit in which a client counts the characters of a line.
type Encoding string

// The encodings of the protocol. A client that names none counts in UTF-16.
const (
	UTF8  Encoding = "utf-8"
	UTF16 Encoding = "utf-16"
	UTF32 Encoding = "utf-32"
)

// Position is a place in a text, both counted from 0, the character in units of the encoding that was agreed on.
type Position struct {
	Line      uint32 `json:"line"`
	Character uint32 `json:"character"`
}

// Range is a part of a text; its end is exclusive.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// text is a version of a document, with its lines. In the protocol LF, CRLF and a lone CR each end a line; the rest of
// sandlint counts lines by LF alone, so only offsets go from one to the other.
type text struct {
	bytes []byte
	lines []int // where each line begins
}

func newText(b []byte) *text {
	t := &text{bytes: b, lines: []int{0}}
	for n, c := range b {
		if c == '\n' || c == '\r' && (n+1 == len(b) || b[n+1] != '\n') {
			t.lines = append(t.lines, n+1)
		}
	}
	return t
}

// line returns the offsets of line n without its line end.
func (t *text) line(n int) (start, end int) {
	start, end = t.lines[n], len(t.bytes)
	if n+1 < len(t.lines) {
		end = t.lines[n+1]
	}
	for end > start && (t.bytes[end-1] == '\n' || t.bytes[end-1] == '\r') {
		end--
	}
	return start, end
}

// offset returns the offset in bytes of a position. One beyond the end of its line means the end of the line, and one
// beyond the last line the end of the text, as the protocol has it. One inside a character means the end of that.
func (t *text) offset(p Position, enc Encoding) int {
	if int64(p.Line) >= int64(len(t.lines)) {
		return len(t.bytes)
	}
	start, end := t.line(int(p.Line))
	if enc == UTF8 {
		at := min(start+int(min(p.Character, 1<<30)), end)
		for at < end && !utf8.RuneStart(t.bytes[at]) {
			at++
		}
		return at
	}
	for units := uint32(0); start < end && units < p.Character; {
		r, size := utf8.DecodeRune(t.bytes[start:end])
		units++
		if enc == UTF16 && r >= 0x10000 {
			units++
		}
		start += size
	}
	return start
}

// position returns the position of an offset in bytes.
func (t *text) position(offset int, enc Encoding) Position {
	offset = min(max(offset, 0), len(t.bytes))
	n := sort.SearchInts(t.lines, offset+1) - 1
	start, end := t.line(n)
	offset = min(offset, end)
	if enc == UTF8 {
		return Position{uint32(n), uint32(offset - start)}
	}
	units := uint32(0)
	for start < offset {
		r, size := utf8.DecodeRune(t.bytes[start:end])
		units++
		if enc == UTF16 && r >= 0x10000 {
			units++
		}
		start += size
	}
	return Position{uint32(n), units}
}

// span returns the range of a span.
func (t *text) span(s source.Span, enc Encoding) Range {
	return Range{t.position(s.Start, enc), t.position(s.End, enc)}
}

// wholeLines returns the lines that a range touches, with their ends. A range that ends where a line begins does not
// touch that line, unless it is empty.
func (t *text) wholeLines(r Range, enc Encoding) source.Span {
	from, to := t.offset(r.Start, enc), t.offset(r.End, enc)
	from, to = min(from, to), max(from, to)
	first := sort.SearchInts(t.lines, from+1) - 1
	last := sort.SearchInts(t.lines, to+1) - 1
	if last > first && t.lines[last] == to {
		last--
	}
	out := source.Span{Start: t.lines[first], End: len(t.bytes)}
	if last+1 < len(t.lines) {
		out.End = t.lines[last+1]
	}
	return out
}

// change is one entry of contentChanges.
type change struct {
	Range *Range `json:"range"`
	Text  string `json:"text"`
}

// edited returns the text after changes, each of which refers to the text after the one before it.
// A range that ends before it begins is taken the other way round, as editors do.
func (t *text) edited(changes []change, enc Encoding) *text {
	for _, c := range changes {
		if c.Range == nil {
			t = newText([]byte(c.Text))
			continue
		}
		start, end := t.offset(c.Range.Start, enc), t.offset(c.Range.End, enc)
		start, end = min(start, end), max(start, end)
		b := make([]byte, 0, len(t.bytes)-(end-start)+len(c.Text))
		b = append(append(append(b, t.bytes[:start]...), c.Text...), t.bytes[end:]...)
		t = newText(b)
	}
	return t
}

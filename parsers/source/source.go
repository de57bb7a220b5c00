// Package source holds what all other packages work on: files, spans of bytes in them, line and column arithmetic, and
// fragments of text that are embedded in a file.
//
// Inside sandlint every position is a byte offset. Only reports and the editor protocol turn offsets into lines and
// columns. Every parser, rule and fix depends on the types here, so their meaning must not change.
package source

import (
	"bytes"
	"sort"
	"sync"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets, [Start, End).
type Span struct {
	Start, End int
}

// Len returns the number of bytes in s.
func (s Span) Len() int { return s.End - s.Start }

// IsEmpty reports whether s covers no byte.
func (s Span) IsEmpty() bool { return s.End <= s.Start }

// Contains reports whether t lies inside s.
func (s Span) Contains(t Span) bool { return s.Start <= t.Start && t.End <= s.End }

// Overlaps reports whether s and t share a byte. Spans that only touch do not overlap.
func (s Span) Overlaps(t Span) bool { return s.Start < t.End && t.Start < s.End }

// Join returns the smallest span that covers both s and t.
func (s Span) Join(t Span) Span { return Span{min(s.Start, t.Start), max(s.End, t.End)} }

// Shift returns s moved by n bytes.
func (s Span) Shift(n int) Span { return Span{s.Start + n, s.End + n} }

// File is a path and the original bytes found there. A File is immutable, and safe for
// concurrent use.
type File struct {
	// Path is what the user calls the file, with forward slashes. It need not exist.
	Path string
	// Bytes is the content as read: byte order mark, carriage returns and invalid UTF-8 included.
	Bytes []byte

	meter *Meter
	lines func() []int
	marks func() []mark
}

// mark is the number of code points and UTF-16 units in a file before a multiple of markEvery bytes.
type mark struct{ points, units int }

// markEvery is the distance between marks in bytes. Files without long lines never need them.
const markEvery = 1024

// NewFile returns the file with the given path and content. It keeps b; the caller must not
// change it afterwards.
func NewFile(path string, b []byte) *File {
	f := &File{Path: path, Bytes: b}
	f.lines = sync.OnceValue(func() []int { return lineStarts(b) })
	f.marks = sync.OnceValue(func() []mark { return countMarks(b) })
	return f
}

// Span returns the span of the whole file.
func (f *File) Span() Span { return Span{0, len(f.Bytes)} }

// Text returns the bytes of s as a string. The part of s outside the file is left out.
func (f *File) Text(s Span) string {
	start := min(max(s.Start, 0), len(f.Bytes))
	end := min(max(s.End, start), len(f.Bytes))
	return string(f.Bytes[start:end])
}

// Position is a position in a file as people and programs write it. All counts start from 1.
type Position struct {
	Offset int // in bytes, from 0
	Line   int // lines end in LF; a CR before it belongs to the line, and a lone CR ends none
	Column int // in Unicode code points; an invalid byte counts as one
	Byte   int // column in bytes
	UTF16  int // column in UTF-16 code units
}

// Position returns the position of a byte offset. An offset outside the file is moved to the nearer end.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.Bytes))
	starts := f.lines()
	line := sort.SearchInts(starts, offset+1) - 1
	start := starts[line]
	p := Position{Offset: offset, Line: line + 1, Byte: offset - start + 1}
	var points, units int
	if offset-start < 2*markEvery {
		points, units = count(f.Bytes, start, offset)
	} else {
		points, units = f.upTo(offset)
		before, unitsBefore := f.upTo(start)
		points, units = points-before, units-unitsBefore
	}
	p.Column, p.UTF16 = points+1, units+1
	return p
}

// upTo returns the number of code points and UTF-16 units that begin before an offset.
func (f *File) upTo(offset int) (points, units int) {
	m := f.marks()[offset/markEvery]
	from := offset / markEvery * markEvery
	for from < offset && from > 0 && !utf8.RuneStart(f.Bytes[from]) && runeAcross(f.Bytes, from) {
		from++ // the code point that spans the mark was counted before it
	}
	points, units = count(f.Bytes, from, offset)
	return m.points + points, m.units + units
}

// runeAcross reports whether a valid code point begins before an offset and ends at or after it.
func runeAcross(b []byte, offset int) bool {
	for back := 1; back < utf8.UTFMax && back <= offset; back++ {
		if utf8.RuneStart(b[offset-back]) {
			_, n := utf8.DecodeRune(b[offset-back:])
			return n > back
		}
	}
	return false
}

// count counts the code points and UTF-16 units of b[from:to]; an invalid byte counts as one.
func count(b []byte, from, to int) (points, units int) {
	for from < to {
		r, n := utf8.DecodeRune(b[from:])
		from += n
		points++
		units++
		if r > 0xffff {
			units++
		}
	}
	return points, units
}

func countMarks(b []byte) []mark {
	marks := make([]mark, len(b)/markEvery+1)
	points, units := 0, 0
	next := 0
	for i := 0; i < len(b); {
		for next < len(marks) && next*markEvery <= i {
			marks[next] = mark{points, units}
			next++
		}
		r, n := utf8.DecodeRune(b[i:])
		i += n
		points++
		units++
		if r > 0xffff {
			units++
		}
	}
	for ; next < len(marks); next++ {
		marks[next] = mark{points, units}
	}
	return marks
}

// Lines returns the number of lines. A last line without LF counts; nothing after the last LF does not. An
// empty file has one line.
func (f *File) Lines() int {
	starts := f.lines()
	if n := len(starts); n > 1 && starts[n-1] == len(f.Bytes) {
		return n - 1
	}
	return len(starts)
}

// Line returns the span of a line, counted from 1, without its line end (LF or CRLF). A number outside the
// file gives an empty span at the nearer end.
func (f *File) Line(n int) Span {
	full := f.FullLine(n)
	b := f.Bytes[full.Start:full.End]
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	return Span{full.Start, full.Start + len(b)}
}

// FullLine returns the span of a line, counted from 1, with its line end.
func (f *File) FullLine(n int) Span {
	starts := f.lines()
	switch {
	case n < 1:
		return Span{0, 0}
	case n > len(starts):
		return Span{len(f.Bytes), len(f.Bytes)}
	case n == len(starts):
		return Span{starts[n-1], len(f.Bytes)}
	}
	return Span{starts[n-1], starts[n]}
}

// LineOf returns the line, counted from 1, in which a byte offset lies. The end of a file that ends in LF
// lies in the line after the last one, as in an editor.
func (f *File) LineOf(offset int) int {
	offset = min(max(offset, 0), len(f.Bytes))
	return sort.SearchInts(f.lines(), offset+1)
}

// NewlineAt returns the line end that the line of offset has: "\r\n" where it ends so, else "\n". For the
// last line, which may have none, it returns that of the first line. Text that a fix inserts uses it.
func (f *File) NewlineAt(offset int) string {
	line := f.LineOf(offset)
	if line >= f.Lines() {
		line = 1
	}
	if bytes.HasSuffix(f.Bytes[f.FullLine(line).Start:f.FullLine(line).End], []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func lineStarts(b []byte) []int {
	starts := make([]int, 1, bytes.Count(b, []byte{'\n'})+1)
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		starts = append(starts, i)
	}
	return starts
}

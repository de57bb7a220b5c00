package report

import (
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// positions turns offsets into lines and columns. It goes on from the places it was asked for before, so that many
// findings in one very long line do not each read that line from its start.
type positions map[*source.File]*[4]source.Position

// The slots of positions: each holds the last place of one role.
const (
	startSlot = iota
	endSlot
	relatedStartSlot
	relatedEndSlot
)

// at returns the position of offset, and keeps it in a slot.
func (p positions) at(f *source.File, offset, slot int) source.Position {
	known := p[f]
	if known == nil {
		known = new([4]source.Position)
		p[f] = known
	}
	offset = min(max(offset, 0), len(f.Bytes))
	line := f.LineOf(offset)
	pos := source.Position{Offset: f.FullLine(line).Start, Line: line, Column: 1, Byte: 1, UTF16: 1}
	for _, k := range known {
		if k.Line == line && k.Offset <= offset && k.Offset > pos.Offset {
			pos = k
		}
	}
	for pos.Offset < offset {
		r, n := utf8.DecodeRune(f.Bytes[pos.Offset:])
		pos.Offset += n
		pos.Column++
		pos.Byte += n
		pos.UTF16++
		if r > 0xffff {
			pos.UTF16++
		}
	}
	known[slot] = pos
	return pos
}

// span returns the two ends of s.
func (p positions) span(f *source.File, s source.Span) (start, end source.Position) {
	return p.at(f, s.Start, startSlot), p.at(f, s.End, endSlot)
}

// related returns the two ends of the span of a related place.
func (p positions) related(f *source.File, s source.Span) (start, end source.Position) {
	return p.at(f, s.Start, relatedStartSlot), p.at(f, s.End, relatedEndSlot)
}

// trimNewlines returns s, as far as it lies in f, without the line ends at its end, for formats that would take them for another line.
func trimNewlines(f *source.File, s source.Span) source.Span {
	s.Start = min(max(s.Start, 0), len(f.Bytes))
	s.End = min(max(s.End, s.Start), len(f.Bytes))
	for s.End > s.Start && (f.Bytes[s.End-1] == '\n' || f.Bytes[s.End-1] == '\r') {
		s.End--
	}
	return s
}

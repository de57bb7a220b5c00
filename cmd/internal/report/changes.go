package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/visible"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// changedLines is about how many removed and added lines of a fix are shown.
	changedLines = 8
	// changedEach is how many of each run of lines are shown where there are more than that.
	changedEach = 3
	// changedBytes is how much text the lines of a fix may have, before and after, to be shown.
	changedBytes = 1 << 13
)

const byteOrderMark = "\ufeff"

// hunk is a run of lines that a fix changes.
type hunk struct {
	file   *source.File
	line   int // the first line, of the file as it is
	before [][]byte
	after  [][]byte
	shift  int // how many lines the hunks before it in the file add
}

// hunks returns the lines that a fix changes, with their line ends: those of the first edit's file first, in order.
// It returns none, and false, for a fix whose lines have more text than may be shown, and for one that cannot be
// applied.
func hunks(fix fixers.Fix) ([]hunk, bool) {
	var out []hunk
	var order []*source.File
	byFile := map[*source.File][]fixers.Edit{}
	for _, e := range fix.Edits {
		if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(e.File.Bytes) {
			return nil, false
		}
		if byFile[e.File] == nil {
			order = append(order, e.File)
		}
		byFile[e.File] = append(byFile[e.File], e)
	}
	size := 0
	for _, f := range order {
		edits := byFile[f]
		slices.SortStableFunc(edits, func(a, b fixers.Edit) int { return a.Span.Start - b.Span.Start })
		shift := 0
		for len(edits) > 0 {
			n, last := 0, 0
			first := f.LineOf(edits[0].Span.Start)
			end := edits[0].Span.Start
			for ; n < len(edits) && (n == 0 || f.LineOf(edits[n].Span.Start) <= last); n++ {
				if edits[n].Span.Start < end {
					return nil, false
				}
				end = edits[n].Span.End
				last = f.LineOf(end)
				size += len(edits[n].Text)
			}
			if size += f.FullLine(last).End - f.FullLine(first).Start; size > changedBytes {
				return nil, false
			}
			h := newHunk(f, first, last, edits[:n])
			h.shift = shift
			shift += len(h.after) - len(h.before)
			if len(h.before)+len(h.after) > 0 {
				out = append(out, h)
			}
			edits = edits[n:]
		}
	}
	return out, true
}

// newHunk returns the change of the lines from first to last, without those at its ends that stay as they are.
func newHunk(f *source.File, first, last int, edits []fixers.Edit) hunk {
	whole := source.Span{Start: f.FullLine(first).Start, End: f.FullLine(last).End}
	var after []byte
	at := whole.Start
	for _, e := range edits {
		after = append(after, f.Bytes[at:e.Span.Start]...)
		after = append(after, e.Text...)
		at = e.Span.End
	}
	after = append(after, f.Bytes[at:whole.End]...)
	h := hunk{file: f, line: first, before: fullLines(f.Bytes[whole.Start:whole.End]), after: fullLines(after)}
	same := func(a, b []byte) bool { // the end of the file ends a line too, unless that is all that changes
		if len(h.before)+len(h.after) > 2 {
			a, b = bytes.TrimSuffix(a, []byte("\n")), bytes.TrimSuffix(b, []byte("\n"))
		}
		return bytes.Equal(a, b)
	}
	for len(h.before) > 0 && len(h.after) > 0 && same(h.before[0], h.after[0]) {
		h.before, h.after = h.before[1:], h.after[1:]
		h.line++
	}
	for len(h.before) > 0 && len(h.after) > 0 &&
		same(h.before[len(h.before)-1], h.after[len(h.after)-1]) {
		h.before, h.after = h.before[:len(h.before)-1], h.after[:len(h.after)-1]
	}
	return h
}

func fullLines(text []byte) [][]byte {
	return slices.Collect(bytes.Lines(text))
}

// changedLine is one removed or added line as text shows it.
type changedLine struct {
	file   *source.File
	number int  // 0 for a line that says how many more follow
	sign   byte // '-' or '+'
	text   string
}

// changed returns the lines that a fix removes and adds, and a note about what of them is not shown. Of many lines, the
// first ones of each run are shown.
func (s *snippets) changed(fix fixers.Fix) (lines []changedLine, note string) {
	list, ok := hunks(fix)
	if !ok {
		return nil, "(the change is too long to be shown)"
	}
	total := 0
	for _, h := range list {
		if secret.Holds(bytes.Join(h.before, nil)) || secret.Holds(bytes.Join(h.after, nil)) {
			return nil, "(the change is not shown, because it holds a password or a token)"
		}
		total += len(h.before) + len(h.after)
	}
	each := changedLines
	if total > changedLines {
		each = changedEach
	}
	shown := 0
	for _, h := range list {
		for _, side := range []struct {
			sign         byte
			number       int
			lines, other [][]byte
		}{{'-', h.line, h.before, h.after}, {'+', h.line + h.shift, h.after, h.before}} {
			room := min(each, changedLines-shown)
			if len(side.lines) == 0 || room == 0 {
				continue
			}
			if len(side.lines) <= room+1 {
				room = len(side.lines) // one more line takes no more room than a line that says so
			}
			for n, l := range side.lines[:min(room, len(side.lines))] {
				var other []byte
				if n < len(side.other) {
					other = side.other[n]
				}
				lines = append(lines, changedLine{h.file, side.number + n, side.sign,
					s.changedText(l, other, side.number+n == 1)})
			}
			shown += room
			total -= len(side.lines)
			if more := len(side.lines) - room; more > 0 {
				lines = append(lines, changedLine{h.file, 0, side.sign, fmt.Sprintf("… %d more lines", more)})
			}
			if shown > changedLines {
				shown = changedLines
			}
		}
	}
	if total > 0 {
		note = "… and " + Plural(total, "more changed line")
	}
	return lines, note
}

// changedText returns a line as it is shown, cut around the place where it differs from other. What is invisible and
// differs is shown: blanks at the end and carriage returns.
func (s *snippets) changedText(line, other []byte, first bool) string {
	body, end := bytes.TrimRight(line, "\r\n"), ""
	otherBody := bytes.TrimRight(other, "\r\n")
	if other != nil && len(line) > len(body) && bytes.Equal(body, otherBody) {
		ends := bytes.TrimSuffix(line[len(body):], []byte("\n"))
		if !bytes.HasSuffix(other, []byte("\n")) {
			ends = line[len(body):]
		}
		end = strings.NewReplacer("\r", "␍", "\n", "␊").Replace(string(ends))
	}
	if trimmed := bytes.TrimRight(body, " \t"); other != nil && len(trimmed) < len(body) &&
		bytes.Equal(trimmed, bytes.TrimRight(otherBody, " \t")) {
		end = strings.Map(func(r rune) rune {
			if r == '\t' {
				return '→'
			}
			return '·'
		}, string(body[len(trimmed):])) + end
		body = trimmed
	}
	differs := 0
	for differs < len(body) && differs < len(otherBody) && body[differs] == otherBody[differs] {
		differs++
	}
	for differs > 0 && differs < len(body) && !utf8.RuneStart(body[differs]) {
		differs--
	}
	from := s.windowStart(body, source.Span{End: len(body)}, differs)
	var out strings.Builder
	if from > 0 {
		out.WriteString("…")
	}
	hidden := first && (other == nil || bytes.HasPrefix(other, []byte(byteOrderMark)))
	used := 0
	for from < len(body) {
		text, cols, size := s.cell(body, from)
		if text == "" && !hidden { // cell takes the start of the line for that of the file
			text = visible.Glyph('\ufeff', "")
			cols = len(text)
		}
		if used += cols; used > s.columns {
			out.WriteString("…")
			return out.String()
		}
		out.WriteString(text)
		from += size
	}
	return out.String() + end
}

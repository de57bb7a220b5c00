package dockerfile

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

// MoveBefore moves a whole instruction, with the comments directly above it, to before another one and the comments
// above that. An empty line that set it apart moves with it. It returns nil when the instruction is already there.
func MoveBefore(f *dockerfile.File, moved, before *dockerfile.Instruction) []fixers.Edit {
	block := withComments(f, moved)
	at := top(f, before)
	if block.Start <= at && len(bytes.TrimSpace(f.Source.Bytes[min(block.End, at):at])) == 0 {
		return nil
	}
	newline := f.Source.NewlineAt(at)
	text := f.Source.Text(block)
	if !strings.HasSuffix(text, "\n") {
		text += newline
	}
	if emptyAbove(f, block.Start) > 0 {
		text += newline
	}
	return []fixers.Edit{
		{File: f.Source, Span: source.Span{Start: at, End: at}, Text: text},
		{File: f.Source, Span: closing(f, block)},
	}
}

// Delete deletes a whole instruction. Comments above it stay: they may be about more than the instruction.
func Delete(f *dockerfile.File, i *dockerfile.Instruction) []fixers.Edit {
	return []fixers.Edit{{File: f.Source, Span: closing(f, lines(f, i))}}
}

// InsertBefore inserts text, whole lines without the last line end, before an instruction and the comments directly
// above it. Line ends in text are LF; the edit uses those of the file.
func InsertBefore(f *dockerfile.File, i *dockerfile.Instruction, text string) []fixers.Edit {
	at := top(f, i)
	newline := f.Source.NewlineAt(at)
	return []fixers.Edit{{File: f.Source, Span: source.Span{Start: at, End: at},
		Text: strings.ReplaceAll(text, "\n", newline) + newline}}
}

// InsertAfter inserts text, whole lines without the last line end, after an instruction. Line ends in text are LF; the
// edit uses those of the file.
func InsertAfter(f *dockerfile.File, i *dockerfile.Instruction, text string) []fixers.Edit {
	at := i.Lines.End
	newline := f.Source.NewlineAt(i.Span.Start)
	text = strings.ReplaceAll(text, "\n", newline)
	if at > 0 && f.Source.Bytes[at-1] == '\n' {
		text += newline
	} else {
		text = newline + text
	}
	return []fixers.Edit{{File: f.Source, Span: source.Span{Start: at, End: at}, Text: text}}
}

// InsertAfterWord inserts text, such as " --flag", directly after a word of f.
func InsertAfterWord(f *source.File, word source.Span, text string) []fixers.Edit {
	return []fixers.Edit{{File: f, Span: source.Span{Start: word.End, End: word.End}, Text: text}}
}

// lines returns the lines of an instruction, without a byte order mark.
func lines(f *dockerfile.File, i *dockerfile.Instruction) source.Span {
	return source.Span{Start: max(i.Lines.Start, bodyStart(f)), End: i.Lines.End}
}

// withComments returns the lines of an instruction and of the comments directly above it. Comments at the start of the
// file are about the whole file and do not belong to an instruction.
func withComments(f *dockerfile.File, i *dockerfile.Instruction) source.Span {
	s := lines(f, i)
	if start := top(f, i); start > bodyStart(f) || i.Index > 0 {
		s.Start = start
	}
	return s
}

// top returns where the lines of an instruction begin, including the comments directly above it.
func top(f *dockerfile.File, i *dockerfile.Instruction) int {
	start := i.Lines.Start
	if len(i.Comments) > 0 {
		start = f.Source.FullLine(f.Source.LineOf(i.Comments[0].Start)).Start
	}
	return max(start, bodyStart(f))
}

// bodyStart returns where the file begins after a byte order mark and the parser directives, which must stay first.
func bodyStart(f *dockerfile.File) int {
	if n := len(f.Directives); n > 0 {
		return f.Source.FullLine(f.Source.LineOf(f.Directives[n-1].Span.Start)).End
	}
	if bytes.HasPrefix(f.Source.Bytes, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// emptyAbove returns the number of bytes of the empty lines directly above an offset, which begins a line.
func emptyAbove(f *dockerfile.File, at int) int {
	start := at
	for start > 0 {
		line := f.Source.FullLine(f.Source.LineOf(start - 1))
		if len(bytes.TrimSpace(f.Source.Bytes[line.Start:line.End])) > 0 {
			break
		}
		start = line.Start
	}
	return at - start
}

// closing returns the span to delete to remove lines s and close the gap: of the empty lines above and below only those
// above stay, and a file without a final line end still has none.
func closing(f *dockerfile.File, s source.Span) source.Span {
	text := f.Source.Bytes
	end := s.End
	for end < len(text) {
		line := f.Source.FullLine(f.Source.LineOf(end))
		if len(bytes.TrimSpace(text[line.Start:line.End])) > 0 {
			break
		}
		end = line.End
	}
	above := emptyAbove(f, s.Start)
	switch {
	case end < len(text) && above == 0 && s.Start > bodyStart(f):
		return s
	case end < len(text):
		return source.Span{Start: s.Start, End: end}
	case s.Start-above <= bodyStart(f):
		return s
	}
	// The lines are the last: the empty lines above go, and those below stay to end the file.
	if text[s.End-1] == '\n' {
		return source.Span{Start: s.Start - above, End: s.End}
	}
	start := s.Start - above - 1
	if start > 0 && text[start-1] == '\r' {
		start--
	}
	return source.Span{Start: start, End: s.End}
}

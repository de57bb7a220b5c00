package source

import (
	"bytes"
	"iter"
	"sort"
	"strings"
)

// Quoting is the kind of text that the host file wraps around a piece of a fragment. It decides what may be written
// there without changing what surrounds it.
type Quoting int8

const (
	// Plain text: the bytes of the file are the bytes of the fragment, and anything may be written.
	Plain Quoting = iota
	// SingleQuoted is shell text between single quotes.
	SingleQuoted
	// DoubleQuoted is shell text, or a Dockerfile value, between double quotes.
	DoubleQuoted
	// Unquoted is a bare shell word or Dockerfile value.
	Unquoted
	// Heredoc is the body of a here-document whose delimiter is not quoted.
	Heredoc
	// JSONString is text between the quotes of a JSON string.
	JSONString
	// YAMLPlain is a YAML scalar without quotes.
	YAMLPlain
	// Fixed is text of a file in which no edit can be proved.
	Fixed
)

// Piece is a run of fragment text that comes from one place of the file.
type Piece struct {
	// Text is the fragment text of this piece.
	Text string
	// Span is where the piece is in the file. For a piece that is not verbatim it is the smallest enclosing word, where
	// a finding can still be shown.
	Span Span
	// Verbatim says that the bytes at Span are Text itself. A piece made from a variable, an escape
	// or by the command that writes it (the newline of echo) is not verbatim, and cannot be edited.
	Verbatim bool
	// Quoting is the host's quoting around a verbatim piece.
	Quoting Quoting
	// Opaque says that Text stands for something unknown, such as a variable, whose value must not be checked.
	Opaque bool
	// Indented says that the piece is part of a line of a YAML literal block or of an indented string of the Nix
	// language: the blanks before the line belong to the host, no line break can be written there, and deleting a line
	// also deletes its indentation.
	Indented bool
}

// Fragment is the text of a file, or text embedded in one, with a map from its own offsets to the file's. A fragment is
// immutable.
type Fragment struct {
	// File is where the text comes from.
	File *File
	// Text is the text that the consumer of the fragment sees.
	Text []byte
	// Pieces are the parts of Text, in order, without gaps.
	Pieces []Piece

	starts  []int  // offset of each piece in Text
	newline string // how the lines end in the file, where the text is one literal block of YAML; otherwise ""
}

// WholeFile returns the fragment that is the whole of f.
func WholeFile(f *File) *Fragment {
	return &Fragment{File: f, Text: f.Bytes, Pieces: []Piece{{Text: string(f.Bytes), Span: f.Span(), Verbatim: true}},
		starts: []int{0}}
}

// NewFragment returns the fragment of f that is made of pieces, in order.
func NewFragment(f *File, pieces []Piece) *Fragment {
	fr := &Fragment{File: f}
	for _, p := range pieces {
		if p.Text == "" {
			continue
		}
		fr.starts = append(fr.starts, len(fr.Text))
		fr.Text = append(fr.Text, p.Text...)
		fr.Pieces = append(fr.Pieces, p)
	}
	fr.newline = blockNewline(f, fr.Pieces)
	return fr
}

// blockNewline returns how the lines of pieces end in a file where they are one literal block of YAML, otherwise "".
func blockNewline(f *File, pieces []Piece) string {
	newline := "\n"
	for _, p := range pieces {
		switch {
		case !p.Indented || p.Quoting != Plain || p.Opaque:
			return ""
		case p.Verbatim:
		case p.Text == "\n" && f.Text(p.Span) == "\r\n":
			newline = "\r\n"
		default:
			return ""
		}
	}
	return newline
}

// Whole reports whether fr is a whole file, so its offsets are the file's.
func (fr *Fragment) Whole() bool {
	return len(fr.Pieces) == 1 && fr.Pieces[0].Verbatim && fr.Pieces[0].Quoting == Plain &&
		fr.Pieces[0].Span == fr.File.Span() || len(fr.Text) == 0 && len(fr.File.Bytes) == 0
}

// piece returns the index of the piece that contains the byte at off: the last piece for the end of the text, -1 in an
// empty fragment.
func (fr *Fragment) piece(off int) int {
	return sort.SearchInts(fr.starts, off+1) - 1
}

// Span maps a span of the fragment's text to the file. An end that lies in a verbatim piece is exact; otherwise it is
// the end of the enclosing word.
func (fr *Fragment) Span(s Span) Span {
	if len(fr.Pieces) == 0 {
		if fr.File != nil && len(fr.File.Bytes) == 0 {
			return Span{}
		}
		return Span{}
	}
	s.Start = min(max(s.Start, 0), len(fr.Text))
	s.End = min(max(s.End, s.Start), len(fr.Text))
	i := fr.piece(s.Start)
	first := fr.Pieces[i]
	out := first.Span
	if first.Verbatim {
		out.Start = first.Span.Start + s.Start - fr.starts[i]
	}
	if s.IsEmpty() {
		if first.Verbatim {
			out.End = out.Start
		}
		return out
	}
	j := fr.piece(s.End - 1)
	last := fr.Pieces[j]
	out.End = last.Span.End
	if last.Verbatim {
		out.End = last.Span.Start + s.End - fr.starts[j]
	}
	if out.End < out.Start { // the words that pieces come from may be in another order in the file
		out = first.Span.Join(last.Span)
	}
	return out
}

// Known reports whether no part of s is opaque, so its text may be checked.
func (fr *Fragment) Known(s Span) bool {
	for p, t := range fr.Around(s) {
		if p.Opaque && (t.Overlaps(s) || s.IsEmpty() && t.Contains(s)) {
			return false
		}
	}
	return true
}

// Around yields the pieces that share a byte of the text with s, or that touch it, each with its span in the text.
func (fr *Fragment) Around(s Span) iter.Seq2[*Piece, Span] {
	return func(yield func(*Piece, Span) bool) {
		for i := max(fr.piece(s.Start-1), 0); i < len(fr.Pieces) && fr.starts[i] <= s.End; i++ {
			p := &fr.Pieces[i]
			if !yield(p, Span{fr.starts[i], fr.starts[i] + len(p.Text)}) {
				return
			}
		}
	}
}

// Edit maps the replacement of s by text to the file. It reports false where the fragment's text is not the file's own,
// or where the host's quoting would give text another meaning; then no fix is possible.
func (fr *Fragment) Edit(s Span, text string) (Span, string, bool) {
	if s.Start < 0 || s.End > len(fr.Text) || s.End < s.Start {
		return Span{}, "", false
	}
	if len(fr.Pieces) == 0 {
		return Span{}, text, fr.Whole()
	}
	i := fr.piece(s.Start)
	if s.IsEmpty() && i > 0 && fr.starts[i] == s.Start && !fr.Pieces[i].Verbatim {
		i-- // an insertion between two pieces goes into the one that can be edited
	}
	p := fr.Pieces[i]
	if p.Quoting == Fixed {
		return Span{}, "", false
	}
	if p.Indented {
		if strings.Contains(text, "\n") {
			return Span{}, "", false
		}
		if bytes.IndexByte(fr.Text[s.Start:s.End], '\n') >= 0 {
			lines, ok := fr.indentedLines(s)
			return lines, text, ok && text == ""
		}
	}
	if !p.Verbatim || s.End > fr.starts[i]+len(p.Text) || !p.Quoting.holds(text) {
		return Span{}, "", false
	}
	return s.Shift(p.Span.Start - fr.starts[i]), text, true
}

// EditBlock maps the replacement of s by text to the file, for a fragment that is one literal block of YAML: text may
// have several lines, and those after the first get the block's indentation. It reports false for another fragment.
func (fr *Fragment) EditBlock(s Span, text string) (Span, string, bool) {
	if s.Start < 0 || s.End > len(fr.Text) || s.End < s.Start || len(fr.Pieces) == 0 {
		return Span{}, "", false
	}
	if fr.newline == "" {
		return Span{}, "", false
	}
	at := func(off int) int { // of two places between two bytes, the one after the indentation
		i := fr.piece(off)
		p := fr.Pieces[i]
		if off == fr.starts[i]+len(p.Text) {
			return p.Span.End
		}
		return p.Span.Start + off - fr.starts[i]
	}
	first := fr.Pieces[0].Span.Start
	line := first
	for line > 0 && fr.File.Bytes[line-1] == ' ' {
		line--
	}
	indent := string(fr.File.Bytes[line:first])
	// The first line says how far the block is indented.
	result := text + string(fr.Text[s.End:])
	if line > 0 && fr.File.Bytes[line-1] != '\n' ||
		s.Start == 0 && (result == "" || strings.IndexByte(" \t\r\n", result[0]) >= 0) {
		return Span{}, "", false
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' {
			out.WriteByte(text[i])
			continue
		}
		out.WriteString(fr.newline)
		ends := i+1 == len(text) && s.End == len(fr.Text)
		if !ends && !(i+1 < len(text) && text[i+1] == '\n') {
			out.WriteString(indent)
		}
	}
	return Span{at(s.Start), at(s.End)}, out.String(), true
}

// indentedLines returns the lines of the file whose text is s, with their indentation. It reports false unless s
// consists of whole lines of one literal block.
func (fr *Fragment) indentedLines(s Span) (Span, bool) {
	if s.Start > 0 && fr.Text[s.Start-1] != '\n' || fr.Text[s.End-1] != '\n' {
		return Span{}, false
	}
	first, last := fr.piece(s.Start), fr.piece(s.End-1)
	for _, p := range fr.Pieces[first : last+1] {
		if !p.Indented && !p.Opaque {
			return Span{}, false
		}
	}
	if end := fr.starts[last] + len(fr.Pieces[last].Text); end != s.End || fr.starts[first] != s.Start ||
		fr.Pieces[last].Text != "\n" {
		return Span{}, false
	}
	out := Span{fr.Pieces[first].Span.Start, fr.Pieces[last].Span.End}
	for out.Start > 0 && fr.File.Bytes[out.Start-1] == ' ' {
		out.Start--
	}
	if out.Start > 0 && fr.File.Bytes[out.Start-1] != '\n' || out.End < out.Start {
		return Span{}, false
	}
	return out, true
}

// Within converts pieces whose spans are spans of the text of fr to pieces of the file that fr comes from, such as
// those of a script in a YAML file.
func (fr *Fragment) Within(pieces []Piece) []Piece {
	var out []Piece
	for _, p := range pieces {
		if !p.Verbatim || p.Span.Len() != len(p.Text) || p.Span.Start < 0 || p.Span.End > len(fr.Text) {
			p.Opaque = p.Opaque || !fr.Known(p.Span)
			p.Span, p.Verbatim = fr.Span(p.Span), false
			out = append(out, p)
			continue
		}
		for at := p.Span.Start; at < p.Span.End; {
			i := fr.piece(at)
			host := fr.Pieces[i]
			end := min(p.Span.End, fr.starts[i]+len(host.Text))
			q := host
			q.Text = string(fr.Text[at:end])
			q.Opaque = host.Opaque || p.Opaque
			if host.Verbatim {
				q.Span = Span{at, end}.Shift(host.Span.Start - fr.starts[i])
			}
			switch {
			case host.Quoting == Plain:
				q.Quoting = p.Quoting
			case p.Quoting != Plain && p.Quoting != host.Quoting:
				q.Quoting = Unquoted // within two levels of quotes, only the plainest text keeps its meaning
			}
			out = append(out, q)
			at = end
		}
	}
	return out
}

// holds reports whether text written inside q keeps its meaning and does not change that of its surroundings.
func (q Quoting) holds(text string) bool {
	if q == Fixed {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; q {
		case SingleQuoted:
			if c == '\'' || c == '\n' || c == '\\' {
				return false
			}
		case DoubleQuoted:
			if c == '"' || c == '$' || c == '`' || c == '\\' || c == '\n' || c == '!' {
				return false
			}
		case Heredoc:
			if c == '$' || c == '`' || c == '\\' {
				return false
			}
		case YAMLPlain:
			if strings.IndexByte(":#,[]{}&*!|>'\"%@`?", c) >= 0 || c < 0x20 {
				return false
			}
		case JSONString:
			if c == '"' || c == '\\' || c < 0x20 {
				return false
			}
		case Unquoted:
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			case c == '-' || c == '_' || c == '.' || c == '/' || c == ':' || c == '=' || c == ',' || c == '@' ||
				c == '+' || c == '%':
			default:
				return false
			}
		}
	}
	return true
}

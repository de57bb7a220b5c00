package yamltree

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// sink collects the text of a scalar and, when asked for, where each part of it comes from.
type sink struct {
	src     []byte
	text    []byte
	pieces  []source.Piece
	quoting source.Quoting
	block   bool // a literal block
	mapped  bool
}

// verbatim adds the bytes of the file from start to end.
func (s *sink) verbatim(start, end int) {
	if start == end {
		return
	}
	s.text = append(s.text, s.src[start:end]...)
	if s.mapped {
		s.pieces = append(s.pieces,
			source.Piece{Text: string(s.src[start:end]), Span: source.Span{Start: start, End: end}, Verbatim: true,
				Quoting: s.quoting, Indented: s.block})
	}
}

// made adds text that the bytes from start to end represent.
func (s *sink) made(text string, start, end int) {
	if text == "" {
		return
	}
	s.text = append(s.text, text...)
	if s.mapped {
		s.pieces = append(s.pieces,
			source.Piece{Text: text, Span: source.Span{Start: start, End: end}, Quoting: s.quoting, Indented: s.block})
	}
}

// Fragment returns the text of a scalar and maps every byte of it to f, the file that it was read from. It is empty for
// other nodes. Pieces that are the file's own bytes can be edited as the style of the scalar allows.
func (n *Node) Fragment(f *source.File) *source.Fragment {
	n = n.Resolve()
	if n == nil || n.Kind != Scalar {
		return source.NewFragment(f, nil)
	}
	p := &parser{src: f.Bytes, pos: n.Span.Start, tree: &Tree{File: f}}
	for p.bol = p.pos; p.bol > 0 && !isBreak(p.src[p.bol-1]); p.bol-- {
	}
	s := &sink{src: f.Bytes, mapped: true}
	switch n.Style {
	case Plain:
		s.quoting = source.YAMLPlain
		if n.Inner.End <= p.lineEnd(n.Inner.Start) {
			s.verbatim(n.Inner.Start, n.Inner.End)
		} else {
			p.plainLines(s, int(n.min), n.flow)
		}
	case SingleQuoted:
		s.quoting = source.SingleQuoted
		p.singleQuoted(s, int(n.min))
	case DoubleQuoted:
		s.quoting = source.DoubleQuoted
		p.doubleQuoted(s, int(n.min))
	case Literal:
		s.block = true
		p.blockLines(s, int(n.min))
	default:
		s.quoting = source.DoubleQuoted // the narrowest: a line break there is a blank
		p.blockLines(s, int(n.min))
	}
	return source.NewFragment(f, s.pieces)
}

// plainEnd moves to the end of the part of a plain scalar that is on the line of pos, and returns that end without
// trailing blanks.
func (p *parser) plainEnd(inFlow bool) int {
	start := p.pos
	i := start
scan:
	for ; i < len(p.src); i++ {
		switch c := p.src[i]; c {
		case '\n', '\r':
			break scan
		case ':':
			if p.ends(i+1) || inFlow && isFlow(p.src[i+1]) {
				break scan
			}
		case '#':
			if i > p.bol && isBlank(p.src[i-1]) {
				break scan
			}
		case ',', '[', ']', '{', '}':
			if inFlow {
				break scan
			}
		}
	}
	p.pos = i
	return p.trimmed(start, i)
}

// plain reads a plain scalar, which may continue in the lines below.
func (p *parser) plain(least int, inFlow bool) *Node {
	start, bol := p.pos, p.bol
	end := p.plainEnd(inFlow)
	n := &Node{Kind: Scalar, Span: source.Span{Start: start, End: end}, min: int32(least), flow: inFlow}
	if p.eol(p.pos) && p.goesOn(least, inFlow) {
		p.pos, p.bol = start, bol
		s := &sink{src: p.src}
		n.Span.End = p.plainLines(s, least, inFlow)
		n.Text = string(s.text)
	} else {
		n.Text = string(p.src[start:end])
	}
	n.Inner = n.Span
	return n
}

// goesOn reports whether the plain scalar whose line ends at pos continues below. It does not move.
func (p *parser) goesOn(least int, inFlow bool) bool {
	pos, bol := p.pos, p.bol
	_, ok := p.continuation(least, inFlow)
	p.pos, p.bol = pos, bol
	return ok
}

// continuation moves from the end of a line to the line below in which a plain scalar continues, and returns the number
// of line breaks between. If it does not continue, pos is undefined.
func (p *parser) continuation(least int, inFlow bool) (breaks int, ok bool) {
	for !p.eof() && isBreak(p.src[p.pos]) {
		p.skipBreak()
		breaks++
		p.skipBlanks()
	}
	if breaks == 0 || p.stop() || p.at(p.pos) == '#' || p.col() < least && (!inFlow || p.entry()) {
		return breaks, false
	}
	if inFlow {
		c := p.src[p.pos]
		return breaks, !isFlow(c) && !(c == ':' && (p.ends(p.pos+1) || isFlow(p.at(p.pos+1))))
	}
	// A line with a key in it is not text; the mapping reports the error when it reaches it.
	at, bol := p.pos, p.bol
	end := p.plainEnd(false)
	isKey := p.at(p.pos) == ':' || end == at
	p.pos, p.bol = at, bol
	return breaks, !isKey
}

// plainLines reads a plain scalar from pos into s and returns its end.
func (p *parser) plainLines(s *sink, least int, inFlow bool) int {
	start := p.pos
	end := p.plainEnd(inFlow)
	s.verbatim(start, end)
	for p.eol(p.pos) {
		pos, bol := p.pos, p.bol
		breaks, ok := p.continuation(least, inFlow)
		if !ok {
			p.pos, p.bol = pos, bol
			break
		}
		s.folded(breaks, end, p.pos)
		start = p.pos
		end = p.plainEnd(inFlow)
		s.verbatim(start, end)
	}
	return end
}

// folded adds the text of several line breaks in a row: one becomes a blank, n become n-1 newlines.
func (s *sink) folded(breaks, start, end int) {
	if breaks == 1 {
		s.made(" ", start, end)
		return
	}
	s.made(strings.Repeat("\n", breaks-1), start, end)
}

// quoted reads a scalar in quotes.
func (p *parser) quoted(least int) *Node {
	start, bol := p.pos, p.bol
	n := &Node{Kind: Scalar, Style: DoubleQuoted, min: int32(least)}
	s := &sink{src: p.src}
	closed := false
	if p.src[start] == '\'' {
		n.Style = SingleQuoted
		closed = p.singleQuoted(s, least)
	} else {
		closed = p.doubleQuoted(s, least)
	}
	if !closed {
		p.pos, p.bol = start, bol
		p.problem(KindSyntax, source.Span{Start: start, End: start + 1}, "this quote is not closed")
		p.pos = p.lineEnd(start)
		n.Style = Plain
		n.Span = source.Span{Start: start, End: p.trimmed(start+1, p.pos)}
		n.Inner = source.Span{Start: start + 1, End: n.Span.End}
		n.Text = string(p.src[n.Inner.Start:n.Inner.End])
		return n
	}
	n.Span = source.Span{Start: start, End: p.pos}
	n.Inner = source.Span{Start: start + 1, End: p.pos - 1}
	n.Text = string(s.text)
	return n
}

// foldQuoted reads the line breaks at pos inside quotes. It reports false where the scalar cannot continue below.
func (p *parser) foldQuoted(s *sink, least, from int) bool {
	breaks := 0
	for !p.eof() && isBreak(p.src[p.pos]) {
		p.skipBreak()
		breaks++
		p.skipBlanks()
	}
	if p.stop() || p.col() < least && p.entry() {
		return false
	}
	s.folded(breaks, from, p.pos)
	return true
}

func (p *parser) singleQuoted(s *sink, least int) (closed bool) {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '\'' && p.at(p.pos+1) == '\'':
			s.verbatim(start, p.pos)
			s.made("'", p.pos, p.pos+2)
			p.pos += 2
			start = p.pos
		case c == '\'':
			s.verbatim(start, p.pos)
			p.pos++
			return true
		case isBreak(c):
			end := p.trimmed(start, p.pos)
			s.verbatim(start, end)
			if !p.foldQuoted(s, least, end) {
				return false
			}
			start = p.pos
		default:
			p.pos++
		}
	}
	return false
}

func (p *parser) doubleQuoted(s *sink, least int) (closed bool) {
	p.pos++
	start := p.pos
	kept := start // blanks before it do not end a line: they were written as an escape
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			s.verbatim(start, p.pos)
			p.pos++
			return true
		case c == '\\' && p.pos+1 < len(p.src) && isBreak(p.src[p.pos+1]):
			s.verbatim(start, p.pos)
			p.pos++
			p.skipBreak()
			p.skipBlanks()
			for !p.eof() && isBreak(p.src[p.pos]) {
				at := p.pos
				p.skipBreak()
				s.made("\n", at, p.pos)
				p.skipBlanks()
			}
			if p.stop() || p.col() < least && p.entry() {
				return false
			}
			start, kept = p.pos, p.pos
		case c == '\\':
			s.verbatim(start, p.pos)
			text, n := p.escape()
			s.made(text, p.pos, p.pos+n)
			p.pos += n
			start, kept = p.pos, p.pos
		case isBreak(c):
			end := max(p.trimmed(start, p.pos), kept)
			s.verbatim(start, end)
			if !p.foldQuoted(s, least, end) {
				return false
			}
			start, kept = p.pos, p.pos
		default:
			p.pos++
		}
	}
	return false
}

// escape returns the meaning of the escape sequence at pos and its length. An unknown one means its own bytes.
func (p *parser) escape() (text string, n int) {
	digits := 0
	switch c := p.at(p.pos + 1); c {
	case '0':
		return "\x00", 2
	case 'a':
		return "\a", 2
	case 'b':
		return "\b", 2
	case 't', '\t':
		return "\t", 2
	case 'n':
		return "\n", 2
	case 'v':
		return "\v", 2
	case 'f':
		return "\f", 2
	case 'r':
		return "\r", 2
	case 'e':
		return "\x1b", 2
	case ' ', '"', '/', '\\':
		return string(c), 2
	case 'N':
		return "\u0085", 2
	case '_':
		return "\u00a0", 2
	case 'L':
		return "\u2028", 2
	case 'P':
		return "\u2029", 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if end := p.pos + 2 + digits; digits > 0 && end <= len(p.src) {
		if r, err := strconv.ParseUint(string(p.src[p.pos+2:end]), 16, 32); err == nil && r <= utf8.MaxRune {
			return string(rune(r)), 2 + digits
		}
	}
	end := min(p.pos+2, len(p.src))
	p.problem(KindSyntax, source.Span{Start: p.pos, End: end}, "unknown escape %s in a quoted string",
		quote(p.src[p.pos:end]))
	return string(p.src[p.pos:end]), end - p.pos
}

// blockScalar reads a literal or folded scalar; pos is at its header.
func (p *parser) blockScalar(least int) *Node {
	n := &Node{Kind: Scalar, Style: Literal, Span: source.Span{Start: p.pos}, min: int32(least)}
	if p.src[p.pos] == '>' {
		n.Style = Folded
	}
	s := &sink{src: p.src}
	n.Inner = p.blockLines(s, least)
	n.Span.End = n.Inner.End
	n.Text = string(s.text)
	return n
}

// blockLines reads a literal or folded scalar from its header at pos into s, and returns the span of its lines, without
// the last line break. Then pos is at the start of the line after the scalar.
func (p *parser) blockLines(s *sink, least int) source.Span {
	folded := p.src[p.pos] == '>'
	indent := -1
	var chomp byte
	for p.pos++; !p.ends(p.pos); p.pos++ {
		switch c := p.src[p.pos]; {
		case (c == '+' || c == '-') && chomp == 0:
			chomp = c
		case '1' <= c && c <= '9' && indent < 0:
			indent = max(least-1, 0) + int(c-'0')
		default:
			end := p.lineEnd(p.pos)
			p.problem(KindSyntax, source.Span{Start: p.pos, End: end}, "unexpected %s in the header of a block scalar",
				quote(p.src[p.pos:end]))
			p.pos = end - 1
		}
	}
	headerEnd := p.pos
	p.skipBlanks()
	if !p.eol(p.pos) && !p.comment() {
		end := p.lineEnd(p.pos)
		p.problem(KindSyntax, source.Span{Start: p.pos, End: end}, "unexpected %s in the header of a block scalar",
			quote(p.src[p.pos:end]))
	}
	p.pos = p.lineEnd(p.pos)
	if p.eof() {
		return source.Span{Start: headerEnd, End: headerEnd}
	}
	p.skipBreak()
	if indent < 0 {
		indent = p.blockIndent(least)
	}

	inner := source.Span{Start: p.pos, End: p.pos}
	var (
		pending      []breakAt // line breaks since the last line with text
		leadingBlank bool      // that line starts with a blank
		any          bool
	)
	for !p.eof() {
		line := p.pos
		for p.pos < len(p.src) && p.src[p.pos] == ' ' && p.pos-line < indent {
			p.pos++
		}
		if p.eol(p.pos) {
			if p.eof() {
				break
			}
			at := p.pos
			p.skipBreak()
			pending = append(pending, breakAt{at, p.pos})
			continue
		}
		if p.pos-line < indent || p.pos == line && p.marker(line) {
			p.pos = line
			break
		}
		blank := isBlank(p.src[p.pos])
		s.breaks(pending, folded && any && !leadingBlank && !blank)
		pending = pending[:0]
		end := p.lineEnd(p.pos)
		s.verbatim(p.pos, end)
		any, leadingBlank = true, blank
		p.pos = end
		inner.End = end
		if !p.eof() {
			p.skipBreak()
			pending = append(pending, breakAt{end, p.pos})
		}
	}
	if !any {
		if chomp == '+' {
			s.breaks(pending, false)
		}
	} else if chomp != '-' && len(pending) > 0 {
		if chomp != '+' {
			pending = pending[:1]
		}
		s.breaks(pending, false)
	}
	if inner.End <= inner.Start {
		return source.Span{Start: headerEnd, End: headerEnd}
	}
	return inner
}

type breakAt struct{ start, end int }

// breaks adds line breaks. When they are folded, a single one becomes a blank, and of several the first is dropped.
func (s *sink) breaks(at []breakAt, fold bool) {
	if len(at) == 0 {
		return
	}
	if fold {
		if len(at) == 1 {
			s.made(" ", at[0].start, at[0].end)
			return
		}
		at = at[1:]
	}
	for _, b := range at {
		if b.end-b.start == 1 && s.src[b.start] == '\n' {
			s.verbatim(b.start, b.end)
		} else {
			s.made("\n", b.start, b.end)
		}
	}
}

// blockIndent returns the column of the first line with text at or after pos, or least when no such line belongs to the
// scalar. It does not move.
func (p *parser) blockIndent(least int) int {
	for i := p.pos; i < len(p.src); {
		line := i
		for i < len(p.src) && p.src[i] == ' ' {
			i++
		}
		if i >= len(p.src) {
			break
		}
		if !isBreak(p.src[i]) {
			return max(i-line, least)
		}
		for i < len(p.src) && isBreak(p.src[i]) {
			i++
		}
	}
	return max(least, 0)
}

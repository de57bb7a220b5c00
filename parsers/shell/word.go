package shell

import (
	"bytes"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// pieces collects the parts of a word.
type pieces struct {
	r     *reader
	list  []source.Piece
	known bool
}

// verbatim adds bytes of the view that stand for themselves.
func (p *pieces) verbatim(from, to int, q source.Quoting) {
	if from >= to {
		return
	}
	text := string(p.r.view[from:to])
	if p.r.fixed != nil {
		p.list = append(p.list, source.Piece{Text: text, Span: *p.r.fixed})
		return
	}
	if p.r.quoting != source.Plain {
		q = source.Unquoted // inside another level of quotes only the plainest text keeps its meaning
	}
	if n := len(p.list); n > 0 && p.list[n-1].Verbatim && p.list[n-1].Quoting == q && p.list[n-1].Span.End == p.r.base+from {
		p.list[n-1].Text += text
		p.list[n-1].Span.End = p.r.base + to
		return
	}
	p.list = append(p.list, source.Piece{Text: text, Span: source.Span{Start: p.r.base + from, End: p.r.base + to}, Verbatim: true, Quoting: q})
}

// value adds text that stands for other bytes of the file.
func (p *pieces) value(text string, span source.Span) {
	p.list = append(p.list, source.Piece{Text: text, Span: span})
}

// opaque adds something whose value is not known, as written.
func (p *pieces) opaque(text string, span source.Span) {
	p.known = false
	p.list = append(p.list, source.Piece{Text: text, Span: span, Opaque: true})
}

// word reads a word; in an assignment globs and word splitting do not happen.
func (r *reader) word(w *syntax.Word, assignment bool) Word {
	p := &pieces{r: r, known: true}
	for _, part := range w.Parts {
		r.part(p, part, source.Unquoted, assignment)
	}
	return r.finish(p, r.node(w))
}

func (r *reader) finish(p *pieces, span source.Span) Word {
	out := Word{Known: p.known, Span: span, Parts: p.list}
	if len(p.list) == 1 {
		out.Text = p.list[0].Text
		return out
	}
	var b strings.Builder
	for _, piece := range p.list {
		b.WriteString(piece.Text)
	}
	out.Text = b.String()
	return out
}

func (r *reader) part(p *pieces, part syntax.WordPart, q source.Quoting, assignment bool) {
	switch part := part.(type) {
	case *syntax.Lit:
		r.literal(p, part, q, assignment)
	case *syntax.SglQuoted:
		from, to := int(part.Left.Offset())+1, int(part.Right.Offset())
		if part.Dollar {
			from++
			if strings.Contains(part.Value, `\`) {
				p.value(ansiC(part.Value), r.node(part))
				return
			}
		}
		to = min(to, len(r.view))
		for r.joined {
			n := bytes.Index(r.view[from:to], []byte("\\\n"))
			if n < 0 {
				break
			}
			p.verbatim(from, from+n, source.SingleQuoted)
			from += n + 2
		}
		p.verbatim(from, to, source.SingleQuoted)
	case *syntax.DblQuoted:
		for _, inner := range part.Parts {
			r.part(p, inner, source.DoubleQuoted, assignment)
		}
	case *syntax.ParamExp:
		r.parameter(p, part, q, assignment)
	default:
		p.opaque(r.text(part), r.node(part))
	}
}

// literal reads bare text, or text between double quotes or in a heredoc, whose escapes differ.
func (r *reader) literal(p *pieces, lit *syntax.Lit, q source.Quoting, assignment bool) {
	from, to := int(lit.ValuePos.Offset()), min(int(lit.ValueEnd.Offset()), len(r.view))
	start := from
	for i := from; i < to; i++ {
		c := r.view[i]
		if c == '\\' && i+1 < to {
			next := r.view[i+1]
			switch {
			case next == '\n':
				p.verbatim(start, i, q)
				start = i + 2
			case q == source.Unquoted || strings.IndexByte("$`\\", next) >= 0 || next == '"' && q == source.DoubleQuoted:
				p.verbatim(start, i, q)
				p.value(string(next), r.span(offset(i), offset(i+2)))
				start = i + 2
			}
			i++
			continue
		}
		if c == '\\' && i+1 == to && to < len(r.view) && r.view[to] == '\n' {
			p.verbatim(start, i, q) // the parser ends a literal between a backslash and its newline
			start = to
			continue
		}
		if q == source.Unquoted && !assignment && (c == '*' || c == '?' || c == '[' && strings.IndexByte(string(r.view[i:to]), ']') > 0) {
			// A glob: what it becomes depends on the files that are there. A lone bracket is a program's name.
			if to-from > 1 {
				p.known = false
			}
		}
		if q == source.Unquoted && !assignment && c == '{' && strings.ContainsAny(string(r.view[i:to]), "}") && (strings.Contains(string(r.view[i:to]), ",") || strings.Contains(string(r.view[i:to]), "..")) {
			p.known = false
		}
	}
	p.verbatim(start, to, q)
}

// offset makes a position for an offset in the view.
func offset(n int) syntax.Pos { return syntax.NewPos(uint(n), 1, 1) }

// parameter reads $name and ${name}, and the forms with a default.
func (r *reader) parameter(p *pieces, e *syntax.ParamExp, q source.Quoting, assignment bool) {
	span, text := r.node(e), r.text(e)
	if e.Param == nil || e.Excl || e.Length || e.Width || e.Index != nil || e.Slice != nil || e.Repl != nil || e.Names != 0 {
		p.opaque(text, span)
		return
	}
	value, known := r.lookup(e.Param.Value)
	if e.Exp != nil {
		op := e.Exp.Op
		switch {
		case known && value != "" && (op == syntax.DefaultUnset || op == syntax.DefaultUnsetOrNull || op == syntax.ErrorUnset || op == syntax.ErrorUnsetOrNull):
		case known && op == syntax.DefaultUnset:
		case known && op == syntax.DefaultUnsetOrNull && e.Exp.Word != nil:
			for _, part := range e.Exp.Word.Parts {
				r.part(p, part, q, assignment)
			}
			return
		default:
			known = false
		}
	}
	switch {
	case !known:
		p.opaque(text, span)
	case q == source.Unquoted && !assignment && strings.ContainsAny(value, " \t\n*?["):
		p.opaque(text, span) // it becomes several words
	case value != "":
		p.value(value, span)
	}
}

func (r *reader) lookup(name string) (string, bool) {
	if v, ok := r.vars[name]; ok {
		return v.value, v.known
	}
	if r.env != nil {
		return r.env(name)
	}
	return "", false
}

// ansiC decodes the text of $'…'.
func ansiC(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		i += escape(&b, s[i:], true) - 1
	}
	return b.String()
}

// simpleEscapes are the escapes of one letter that echo -e, printf and $'…' share.
var simpleEscapes = map[byte]byte{'a': '\a', 'b': '\b', 'e': 0x1b, 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\'}

// escape decodes the escape whose text after the backslash is s, and returns how many bytes of s it took. An unknown one stays as
// it is. With bare, octal numbers need no leading zero, and quotes can be escaped.
func escape(b *strings.Builder, s string, bare bool) int {
	if c, ok := simpleEscapes[s[0]]; ok {
		b.WriteByte(c)
		return 1
	}
	switch {
	case s[0] == 'x':
		n := 1
		for n < len(s) && n < 3 && isHex(s[n]) {
			n++
		}
		if n > 1 {
			v, _ := strconv.ParseUint(s[1:n], 16, 8)
			b.WriteByte(byte(v))
			return n
		}
	case s[0] == '0' || bare && '1' <= s[0] && s[0] <= '7':
		n, limit := 0, 3
		if s[0] == '0' && !bare {
			n, limit = 1, 4
		}
		start := n
		for n < len(s) && n < limit && '0' <= s[n] && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint("0"+s[start:n], 8, 16)
		b.WriteByte(byte(v))
		return n
	case bare && (s[0] == '\'' || s[0] == '"' || s[0] == '?'):
		b.WriteByte(s[0])
		return 1
	}
	b.WriteByte('\\')
	b.WriteByte(s[0])
	return 1
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// redirs reads redirections.
func (r *reader) redirs(list []*syntax.Redirect, outer bool) []Redir {
	var out []Redir
	for _, redir := range list {
		x := Redir{Op: redir.Op.String(), FD: -1, Outer: outer}
		if redir.N != nil {
			if n, err := strconv.Atoi(redir.N.Value); err == nil {
				x.FD = n
			}
		}
		end := redir.Pos()
		if redir.Word != nil {
			x.Target = r.word(redir.Word, false)
			end = redir.Word.End()
		}
		x.Span = r.span(redir.Pos(), end)
		if redir.Op == syntax.Hdoc || redir.Op == syntax.DashHdoc {
			x.Expand = !quoted(redir.Word)
			x.Heredoc = r.heredoc(redir, x.Expand)
		}
		out = append(out, x)
	}
	return out
}

// quoted reports whether any part of a heredoc's delimiter is quoted.
func quoted(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || strings.Contains(lit.Value, `\`) {
			return true
		}
	}
	return false
}

func (r *reader) heredoc(redir *syntax.Redirect, expand bool) []source.Piece {
	if redir.Hdoc == nil {
		return []source.Piece{}
	}
	p := &pieces{r: r, known: true, list: []source.Piece{}}
	dash := redir.Op == syntax.DashHdoc
	lineStart := true
	for n, part := range redir.Hdoc.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			r.part(p, part, source.Heredoc, true)
			lineStart = false
			continue
		}
		from, to := int(lit.ValuePos.Offset()), min(int(lit.ValueEnd.Offset()), len(r.view))
		if n == len(redir.Hdoc.Parts)-1 {
			to = r.beforeDelimiter(from, to, redir)
		} else if expand && to < len(r.view) && r.view[to] == '\n' && escaped(r.view[from:to]) {
			to-- // the parser ends a literal between a backslash and its newline
		}
		for from < to {
			end := from + strings.IndexByte(string(r.view[from:to]), '\n') + 1
			if end == from {
				end = to
			}
			if dash && lineStart {
				for from < end && r.view[from] == '\t' {
					from++
				}
			}
			r.heredocLine(p, from, end, expand)
			lineStart = r.view[end-1] == '\n'
			from = end
		}
	}
	return p.list
}

// beforeDelimiter returns the end of a heredoc's body, where the parser's last literal runs on over the delimiter.
func (r *reader) beforeDelimiter(from, to int, redir *syntax.Redirect) int {
	last := from + bytes.LastIndexByte(r.view[from:to], '\n') + 1
	line := strings.TrimRight(string(r.view[last:to]), "\r")
	if redir.Op == syntax.DashHdoc {
		line = strings.TrimLeft(line, "\t")
	}
	var delimiter strings.Builder
	for _, part := range r.word(redir.Word, true).Parts {
		delimiter.WriteString(part.Text)
	}
	if line == delimiter.String() {
		return last
	}
	return to
}

// escaped reports whether a text ends in a backslash that is not escaped itself.
func escaped(b []byte) bool {
	return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1
}

func (r *reader) heredocLine(p *pieces, from, to int, expand bool) {
	if !expand {
		p.verbatim(from, to, source.Plain)
		return
	}
	start := from
	for i := from; i+1 < to; i++ {
		if r.view[i] != '\\' {
			continue
		}
		switch next := r.view[i+1]; next {
		case '\n':
			p.verbatim(start, i, source.Heredoc)
			start = i + 2
		case '$', '`', '\\':
			p.verbatim(start, i, source.Heredoc)
			p.value(string(next), r.span(offset(i), offset(i+2)))
			start = i + 2
		}
		i++
	}
	p.verbatim(start, to, source.Heredoc)
}

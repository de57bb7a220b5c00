package shell

import (
	"sort"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// text is shell text with a map from its offsets to the file's.
type text struct {
	src   string // what the shell reads; a NUL is a byte that it does not see
	limit int    // the length of the part of src that is in the file
	base  int
	// fixed is the span of the word that the text comes from if its bytes are not the file's, otherwise nil.
	fixed   *source.Span
	quoting source.Quoting // of the text as a whole
	holes   []hole         // in order
}

// hole is a part of a text that the shell around it replaces before the text is read.
type hole struct {
	start, end int
	piece      source.Piece
}

func (t *text) span(a, b int) source.Span {
	if t.fixed != nil {
		return *t.fixed
	}
	a = min(a, t.limit)
	return source.Span{Start: t.base + a, End: t.base + min(max(a, b), t.limit)}
}

// quote returns the quoting in the file of a piece whose quoting within this text is inner.
func (t *text) quote(inner source.Quoting) source.Quoting {
	switch {
	case t.quoting == source.Plain, t.quoting == inner:
		return inner
	case inner == source.Plain:
		return t.quoting
	}
	return source.Unquoted // what is safe there is safe anywhere
}

// hole returns the hole that covers the byte at i, or nil.
func (t *text) hole(i int) *hole {
	if n := t.nextHole(i); n < len(t.holes) && t.holes[n].start <= i {
		return &t.holes[n]
	}
	return nil
}

// nextHole returns the index of the first hole that ends after i.
func (t *text) nextHole(i int) int {
	return sort.Search(len(t.holes), func(n int) bool { return t.holes[n].end > i })
}

// trim moves the end of a part of the text before trailing bytes that the shell does not see: line continuations, NULs,
// the CR of a line end.
func (t *text) trim(start, end int) int {
	end = min(end, len(t.src))
	for end > start {
		switch c := t.src[end-1]; {
		case c == 0:
			end--
		case c == '\r' && end < len(t.src) && t.src[end] == '\n':
			end--
		case c == '\n':
			at := end - 1
			if at > start && t.src[at-1] == '\r' {
				at--
			}
			if at <= start || t.src[at-1] != '\\' {
				return end
			}
			end = at - 1
		case c == '\\' && end < len(t.src) &&
			(t.src[end] == '\n' || t.src[end] == '\r' && strings.HasPrefix(t.src[end:], "\r\n")):
			n := 0
			for end-n > start && t.src[end-n-1] == '\\' {
				n++
			}
			if n%2 == 0 {
				return end
			}
			end--
		default:
			return end
		}
	}
	return end
}

// mode is the role of a word, which decides how the shell expands it.
type mode int

const (
	plain    mode = iota // neither split nor matched with file names: the value of an assignment
	target               // matched with file names by some shells: the target of a redirection
	argument             // split, matched with file names, braces expanded
)

// build collects the pieces of one word.
type build struct {
	mode    mode
	start   int // of its pieces in walker.parts
	unknown bool
	quoted  bool // a part is quoted, so it is a word even when it is empty
	split   bool // a piece in w.fields will be split
	end     int  // of the bytes that belong to it
	word    int  // offset of the whole word's end, the limit when searching for the end of a glob
	bracket int  // offset of the last ']' after the first '[', 0 when it was not searched for
	braces  int  // how many '{' were checked
}

// maxBraces is the number of '{' in a word that are checked for a brace expansion.
const maxBraces = 64

func (w *walker) add(b *build, p source.Piece) {
	if p.Opaque {
		b.unknown = true
	}
	w.parts = append(w.parts, p)
}

// run adds the bytes from a to b as they are.
func (w *walker) run(b *build, from, to int, q source.Quoting) {
	to = min(to, w.limit)
	for from < to {
		if w.holes != nil {
			if h := w.hole(from); h != nil {
				w.addHole(b, h)
				from = h.end
				continue
			}
		}
		n := strings.IndexByte(w.src[from:to], 0)
		if n == 0 {
			from++
			continue
		}
		end := to
		if n > 0 {
			end = from + n
		}
		if w.holes != nil {
			if n := w.nextHole(from); n < len(w.holes) {
				end = min(end, w.holes[n].start)
			}
		}
		w.add(b,
			source.Piece{Text: w.src[from:end], Span: w.span(from, end), Verbatim: w.fixed == nil, Quoting: w.quote(q)})
		b.end = end
		from = end
	}
}

func (w *walker) addHole(b *build, h *hole) {
	p := h.piece
	p.Verbatim = false
	if w.fixed != nil {
		p.Span = *w.fixed
	}
	w.add(b, p)
	b.end = h.end
}

// derived adds text that the bytes from a to b expand to.
func (w *walker) derived(b *build, from, to int, value string, q source.Quoting) {
	if value != "" {
		w.add(b, source.Piece{Text: value, Span: w.span(from, to), Quoting: w.quote(q)})
	}
	b.end = to
}

// opaque adds the bytes from a to b, whose value is not known.
func (w *walker) opaque(b *build, from, to int, q source.Quoting) {
	to = w.trim(from, to)
	if h := w.hole(from); h != nil && h.end >= to {
		w.addHole(b, h)
		return
	}
	from = min(from, w.limit) // the parser reads one byte too many if the text ends in a backslash
	to = max(from, min(to, w.limit))
	value := w.src[from:to]
	if strings.IndexByte(value, 0) >= 0 {
		value = strings.ReplaceAll(value, "\x00", "")
	}
	w.add(b, source.Piece{Text: value, Span: w.span(from, to), Quoting: w.quote(q), Opaque: true})
	b.end = to
	b.unknown = true
}

// skip returns the offset after a line continuation at i, which is the offset of a backslash, or i if there is none.
func (w *walker) skip(i int) int {
	switch rest := w.src[i+1:]; {
	case strings.HasPrefix(rest, "\n"):
		return i + 2
	case strings.HasPrefix(rest, "\r\n"):
		return i + 3
	}
	return i
}

// bare adds unquoted literal text.
func (w *walker) bare(b *build, from, to int) {
	start := from
	flush := func(i int) {
		if start < i {
			w.run(b, start, i, source.Unquoted)
		}
	}
	for i := from; i < to; i++ {
		switch c := w.src[i]; c {
		case '\r':
			if strings.HasPrefix(w.src[i+1:], "\n") {
				flush(i)
				start = i + 1
			}
		case '\\':
			flush(i)
			if next := w.skip(i); next > i {
				i, start = next-1, next
				continue
			}
			at := i + 1
			for at < to && w.src[at] == 0 {
				at++
			}
			if at >= to {
				start = i
				continue
			}
			b.quoted = true
			if h := w.hole(at); h != nil {
				w.addHole(b, h)
				i, start = h.end-1, h.end
				continue
			}
			_, n := utf8.DecodeRuneInString(w.src[at:to])
			w.derived(b, i, at+n, w.src[at:at+n], source.Unquoted)
			i, start = at+n-1, at+n
		case '*', '?':
			if b.mode != plain {
				flush(i)
				w.opaque(b, i, i+1, source.Unquoted)
				start = i + 1
			}
		case '[':
			if b.bracket == 0 {
				b.bracket = i + strings.LastIndexByte(w.src[i:b.word], ']')
			}
			if b.mode != plain && i+1 < b.bracket {
				flush(i)
				w.opaque(b, i, i+1, source.Unquoted)
				start = i + 1
			}
		case '{':
			if b.mode == argument {
				end := 1
				if b.braces++; b.braces <= maxBraces {
					end = braces(w.src[i:b.word])
				}
				if end > 0 {
					flush(i)
					end = min(i+end, to)
					w.opaque(b, i, end, source.Unquoted)
					i, start = end-1, end
				}
			}
		}
	}
	flush(to)
}

// braces returns the length of the brace expansion that s begins with, or 0.
func braces(s string) int {
	depth, list := 0, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			list = list || depth == 1
		case '.':
			list = list || depth == 1 && i+1 < len(s) && s[i+1] == '.'
		case '}':
			if depth--; depth == 0 {
				if list {
					return i + 1
				}
				return 0
			}
		}
	}
	return 0
}

// doubleQuoted adds literal text between double quotes or, if q is Heredoc, that of a here-document.
func (w *walker) doubleQuoted(b *build, from, to int, q source.Quoting) {
	start := from
	for i := from; i < to; i++ {
		n := strings.IndexByte(w.src[i:to], '\\')
		if n < 0 {
			break
		}
		i += n
		next := w.skip(i)
		if next == i {
			at := i + 1
			for at < len(w.src) && w.src[at] == 0 {
				at++
			}
			if at >= to || w.src[at] != '$' && w.src[at] != '`' && w.src[at] != '\\' &&
				(w.src[at] != '"' || q == source.Heredoc) {
				continue
			}
			if h := w.hole(at); h == nil { // otherwise the backslash is before text that an outer shell inserted
				w.run(b, start, i, q)
				w.derived(b, i, at+1, w.src[at:at+1], q)
				i, start = at, at+1
			}
			continue
		}
		w.run(b, start, i, q)
		i, start = next-1, next
	}
	if start < to {
		w.run(b, start, to, q)
	}
}

// part adds one part of a word. q is DoubleQuoted or Heredoc if the part is inside one.
func (w *walker) part(b *build, p syntax.WordPart, q source.Quoting) {
	from, to := pos(p.Pos()), pos(p.End())
	switch p := p.(type) {
	case *syntax.Lit:
		to = pos(p.ValueEnd)
		switch {
		case w.backquotes > 0 && strings.IndexByte(w.src[from:min(to, len(w.src))], '\\') >= 0:
			w.derived(b, from, w.trim(from, to), unescape(p.Value, q), q)
		case q == source.Unquoted:
			w.bare(b, from, min(to, len(w.src)))
		default:
			w.doubleQuoted(b, from, min(to, len(w.src)), q)
		}
	case *syntax.SglQuoted:
		b.quoted = true
		to = min(pos(p.Right)+1, len(w.src))
		inner := from + 1
		if p.Dollar {
			inner++
		}
		for inner < to && w.src[inner-1] != '\'' { // NULs between $ and '
			inner++
		}
		switch {
		case p.Dollar && w.dialect != Bash:
			w.opaque(b, from, to, source.Unquoted) // a POSIX shell may not know $'…'
		case p.Dollar:
			w.ansi(b, inner, to-1)
		case w.backquotes > 0 && p.Value != w.src[inner:max(inner, to-1)]:
			w.derived(b, from, to, p.Value, source.SingleQuoted)
		default:
			w.run(b, inner, to-1, source.SingleQuoted)
		}
		b.end = to
	case *syntax.DblQuoted:
		b.quoted = true
		to = pos(p.Right) + 1
		if p.Dollar && w.dialect != Bash {
			w.opaque(b, from, to, source.Unquoted)
			w.substitutions(p)
		} else {
			for _, inner := range p.Parts {
				w.part(b, inner, source.DoubleQuoted)
			}
		}
		b.end = to
	case *syntax.ParamExp:
		if p.Short && p.Param != nil {
			to = pos(p.Param.ValueEnd)
		} else {
			to = pos(p.Rbrace) + 1
		}
		to = w.trim(from, to)
		if h := w.hole(from); h != nil {
			w.addHole(b, h)
			return
		}
		if value, ok := w.expand(p); ok {
			w.expansion(b, from, to, value, q)
			return
		}
		w.opaque(b, from, to, q)
		w.substitutions(p)
	default:
		switch p := p.(type) {
		case *syntax.CmdSubst:
			to = pos(p.Right) + 1
		case *syntax.ProcSubst:
			to = pos(p.Rparen) + 1
		case *syntax.ArithmExp:
			to = pos(p.Right) + 2
			if p.Bracket {
				to--
			}
		}
		w.opaque(b, from, to, q)
		w.substitutions(p)
	}
}

// expansion adds the value of a variable. If the shell would split it or match it with file names, the word is marked
// for that.
func (w *walker) expansion(b *build, from, to int, value string, q source.Quoting) {
	if q == source.Unquoted && b.mode != plain {
		if _, ok := w.vars.set["IFS"]; ok || strings.ContainsAny(value, `*?[\`) {
			w.opaque(b, from, to, q)
			return
		}
		if value == "" || strings.ContainsAny(value, " \t\n") {
			if b.mode != argument {
				w.opaque(b, from, to, q)
				return
			}
			b.split = true
			if value != "" {
				w.fields = append(w.fields, len(w.parts))
			}
		}
	}
	w.derived(b, from, to, value, q)
}

// maxSpent bounds the bytes that variables add to the words of one script, which may grow exponentially with its
// length.
const maxSpent = 8 << 20

// expand returns the value of a parameter expansion, if it is known.
func (w *walker) expand(p *syntax.ParamExp) (string, bool) {
	if p.Param == nil || p.Flags != nil || p.Excl || p.Length || p.Width || p.IsSet || p.Index != nil ||
		p.NestedParam != nil ||
		p.Slice != nil || p.Repl != nil || p.Names != 0 || len(p.Modifiers) > 0 || !syntax.ValidName(p.Param.Value) {
		return "", false
	}
	value, known := w.vars.lookup(p.Param.Value)
	if known {
		w.spent += len(value)
		known = w.spent <= maxSpent
	}
	if p.Exp == nil {
		return value, known
	}
	switch p.Exp.Op {
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if !known || value == "" && p.Exp.Op == syntax.AssignUnsetOrNull {
			defer w.vars.forget(p.Param.Value)
		}
	}
	if !known {
		return "", false
	}
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.AssignUnset, syntax.ErrorUnset:
		return value, true
	case syntax.ErrorUnsetOrNull:
		return value, value != ""
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull:
		if value != "" {
			return value, true
		}
		return w.operand(p.Exp.Word)
	case syntax.AlternateUnsetOrNull:
		if value == "" {
			return "", true
		}
		return w.operand(p.Exp.Word)
	case syntax.AlternateUnset:
		return w.operand(p.Exp.Word)
	}
	return "", false
}

// operand returns the text of the word in ${name:-word}. Quotes in it depend on those around the expansion, so it reads
// only plain text.
func (w *walker) operand(n *syntax.Word) (string, bool) {
	if n == nil {
		return "", true
	}
	lit := n.Lit()
	if lit == "" || strings.ContainsAny(lit, `\'"~`) {
		return "", false
	}
	return lit, true
}

// substitutions records the commands of the substitutions inside a part for follow.
func (w *walker) substitutions(p syntax.WordPart) {
	word := func(n *syntax.Word) {
		if n != nil {
			for _, p := range n.Parts {
				w.substitutions(p)
			}
		}
	}
	arith := func(x syntax.ArithmExpr) {
		arithAssigned(x, func(name string) {
			if name == "" {
				w.vars.wipe()
			} else {
				w.vars.forget(name)
			}
		})
		eachArith(x, func(x syntax.ArithmExpr) {
			if n, ok := x.(*syntax.Word); ok {
				word(n)
			}
		})
	}
	switch p := p.(type) {
	case *syntax.CmdSubst:
		w.substs = append(w.substs,
			subst{at: pos(p.Left), stmts: p.Stmts, backquotes: p.Backquotes, shared: p.TempFile || p.ReplyVar})
	case *syntax.ProcSubst:
		w.substs = append(w.substs, subst{at: pos(p.OpPos), stmts: p.Stmts})
	case *syntax.DblQuoted:
		for _, inner := range p.Parts {
			w.substitutions(inner)
		}
	case *syntax.ArithmExp:
		arith(p.X)
	case *syntax.ParamExp:
		arith(p.Index)
		if p.Slice != nil {
			arith(p.Slice.Offset)
			arith(p.Slice.Length)
		}
		if p.Repl != nil {
			word(p.Repl.Orig)
			word(p.Repl.With)
		}
		if p.Exp != nil {
			word(p.Exp.Word)
		}
	}
}

// start begins a word.
func (w *walker) start(n *syntax.Word, m mode) build {
	from := pos(n.Pos())
	return build{mode: m, start: len(w.parts), end: from, word: max(from, w.wordEnd(n))}
}

// wordEnd returns the offset of a word's end in the text.
func (w *walker) wordEnd(n *syntax.Word) int {
	if len(n.Parts) == 0 {
		return 0
	}
	last := n.Parts[len(n.Parts)-1]
	end := pos(last.End())
	switch p := last.(type) {
	case *syntax.SglQuoted:
		end = pos(p.Right) + 1
	case *syntax.DblQuoted:
		end = pos(p.Right) + 1
	case *syntax.CmdSubst:
		end = pos(p.Right) + 1
	}
	return w.trim(min(pos(n.Pos()), len(w.src)), end)
}

// word reads a word that stays one word.
func (w *walker) word(n *syntax.Word, m mode) Word {
	b := w.start(n, m)
	from := b.end
	for _, p := range n.Parts {
		w.part(&b, p, source.Unquoted)
	}
	return w.finish(&b, from)
}

// finish returns the word made of the pieces that b has collected.
func (w *walker) finish(b *build, from int) Word {
	out := w.wordOf(w.parts[b.start:], w.span(from, b.end), !b.unknown)
	w.parts = w.parts[:b.start]
	return out
}

func (w *walker) wordOf(parts []source.Piece, span source.Span, known bool) Word {
	word := Word{Known: known, Span: span, Parts: w.pieces.take(parts)}
	switch len(parts) {
	case 0:
	case 1:
		word.Text = parts[0].Text
	default:
		word.Text = joined(parts)
	}
	return word
}

func joined(parts []source.Piece) string {
	n := 0
	for i := range parts {
		n += len(parts[i].Text)
	}
	var b strings.Builder
	b.Grow(n)
	for i := range parts {
		b.WriteString(parts[i].Text)
	}
	return b.String()
}

// args reads a word of a command and appends the words that the shell expands it to: the value of an unquoted variable
// becomes as many words as it has fields.
func (w *walker) args(words []Word, n *syntax.Word) []Word {
	b := w.start(n, argument)
	from, fields := b.end, len(w.fields)
	for _, p := range n.Parts {
		w.part(&b, p, source.Unquoted)
	}
	if !b.split {
		return append(words, w.finish(&b, from))
	}
	span := w.span(from, b.end)
	var field []source.Piece
	began := b.quoted // it stays a word even when it is empty
	pending := w.fields[fields:]
	flush := func() {
		if began || len(field) > 0 {
			words = append(words, w.wordOf(field, span, !anyOpaque(field)))
		}
		field, began = field[:0], false
	}
	for i, p := range w.parts[b.start:] {
		if len(pending) == 0 || pending[0] != b.start+i {
			field = append(field, p)
			continue
		}
		pending = pending[1:]
		value := p.Text
		for value != "" {
			n := strings.IndexAny(value, " \t\n")
			if n != 0 {
				if n < 0 {
					n = len(value)
				}
				p.Text = value[:n]
				field = append(field, p)
				value = value[n:]
				continue
			}
			if len(field) > 0 {
				flush()
			}
			value = strings.TrimLeft(value, " \t\n")
		}
	}
	flush()
	w.parts = w.parts[:b.start]
	w.fields = w.fields[:fields]
	return words
}

func anyOpaque(parts []source.Piece) bool {
	for i := range parts {
		if parts[i].Opaque {
			return true
		}
	}
	return false
}

// unescape removes the backslashes of literal text.
func unescape(s string, q source.Quoting) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (q == source.Unquoted || strings.IndexByte("$`\\", s[i+1]) >= 0 ||
			s[i+1] == '"' && q == source.DoubleQuoted) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ansi adds the text between $' and '.
func (w *walker) ansi(b *build, from, to int) {
	start := from
	for i := from; i < to; i++ {
		if w.src[i] != '\\' {
			continue
		}
		w.run(b, start, i, source.SingleQuoted)
		n, value := ansiEscape(w.src[i:to])
		if value == "\x00" {
			return // it ends the string
		}
		w.derived(b, i, i+n, value, source.SingleQuoted)
		i, start = i+n-1, i+n
	}
	w.run(b, start, to, source.SingleQuoted)
}

// ansiEscape decodes the escape at the start of s as bash does in $'…', and returns its length.
func ansiEscape(s string) (int, string) {
	if len(s) < 2 {
		return len(s), s
	}
	if v, ok := simpleEscape(s[1]); ok {
		return 2, v
	}
	switch c := s[1]; c {
	case 'e', 'E':
		return 2, "\x1b"
	case '\'', '"', '?':
		return 2, s[1:2]
	case 'x':
		if v, n := digits(s[2:], 16, 2); n > 0 {
			return 2 + n, string([]byte{byte(v)})
		}
	case 'u', 'U':
		limit := 4
		if c == 'U' {
			limit = 8
		}
		if v, n := digits(s[2:], 16, limit); n > 0 {
			return 2 + n, string(rune(v))
		}
	case 'c':
		if len(s) > 2 {
			return 3, string([]byte{s[2] & 0x1f})
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v, n := digits(s[1:], 8, 3)
		return 1 + n, string([]byte{byte(v)})
	}
	return 2, s[:2]
}

// simpleEscape returns the character for a letter after a backslash, which is the same wherever escapes are known.
func simpleEscape(c byte) (string, bool) {
	switch c {
	case 'a':
		return "\a", true
	case 'b':
		return "\b", true
	case 'f':
		return "\f", true
	case 'n':
		return "\n", true
	case 'r':
		return "\r", true
	case 't':
		return "\t", true
	case 'v':
		return "\v", true
	case '\\':
		return "\\", true
	}
	return "", false
}

// digits reads up to limit digits in a base.
func digits(s string, base, limit int) (value, n int) {
	for n < len(s) && n < limit {
		d := 99
		switch c := s[n]; {
		case '0' <= c && c <= '9':
			d = int(c - '0')
		case 'a' <= c && c <= 'f':
			d = int(c-'a') + 10
		case 'A' <= c && c <= 'F':
			d = int(c-'A') + 10
		}
		if d >= base {
			break
		}
		value = value*base + d
		n++
	}
	return value, n
}

func pos(p syntax.Pos) int { return int(p.Offset()) }

package shell

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Echo is what echo in /bin/sh does with backslashes, which depends on the program that /bin/sh is. It does not matter
// for the dialect Bash.
type Echo int

const (
	// EchoUnknown: the output of an escape is not known, unless an option such as -e shows that the shell is not dash.
	EchoUnknown Echo = iota
	// EchoKeeps: echo writes escapes as they are unless -e is given, as in bash and busybox.
	EchoKeeps
	// EchoExpands: echo always expands escapes, and writes -e as text, as in dash.
	EchoExpands
)

// maxPipe is the number of pipes through which a text is followed.
const maxPipe = 16

// Output returns the text that a command writes to its standard output, if that is known without running it: for echo,
// printf with a known format, cat and tee with known input, and commands that are known to print nothing. Parts of the
// text that are not known are opaque. The newline that echo adds has the span of its last word.
func (c *Command) Output(echo Echo) ([]source.Piece, bool) { return c.output(echo, 0) }

func (c *Command) output(echo Echo, depth int) ([]source.Piece, bool) {
	if !c.dialect.POSIX() { // whose echo keeps quotes and blanks
		return nil, false
	}
	if depth > maxPipe {
		return nil, false
	}
	if c.silent {
		return nil, true
	}
	switch c.Name {
	case "echo":
		return c.echo(echo), true
	case "printf":
		return c.printf()
	case "cat":
		reads, files := false, false
		for _, word := range c.Words[1:] {
			switch {
			case !word.Known:
				return nil, false
			case word.Text == "-u" || word.Text == "--":
			case word.Text == "/dev/null":
				files = true
			case (word.Text == "-" || word.Text == "/dev/stdin") && !reads:
				reads = true
			default:
				return nil, false
			}
		}
		if files && !reads {
			return nil, true
		}
		return c.stdin(echo, depth)
	case "tee":
		return c.stdin(echo, depth)
	}
	return nil, false
}

// stdin returns the text of a command's standard input.
func (c *Command) stdin(echo Echo, depth int) ([]source.Piece, bool) {
	for i := len(c.Redirs) - 1; i >= 0; i-- {
		if r := &c.Redirs[i]; !r.Outer && r.readsInput() {
			return r.text()
		}
	}
	in := c.in
	switch {
	case in == nil || in.readers > 1:
		return nil, false
	case in.redir != nil:
		return in.redir.text()
	case in.pipe.unknown:
		return nil, false
	}
	var out []source.Piece
	for i, from := range in.pipe.writers {
		text, ok := from.output(echo, depth+1)
		if !ok {
			return nil, false
		}
		if i == 0 {
			out = slices.Clip(text)
		} else {
			out = append(out, text...)
		}
	}
	return out, true
}

// text returns the text that a redirection provides as input.
func (r *Redir) text() ([]source.Piece, bool) {
	switch r.Op {
	case "<<", "<<-":
		return r.Heredoc, true
	case "<<<":
		return append(slices.Clip(r.Target.Parts), newline(r.Target.Span)), true
	case "<":
		return nil, r.Target.Known && r.Target.Text == "/dev/null"
	}
	return nil, false
}

func newline(at source.Span) source.Piece { return source.Piece{Text: "\n", Span: at} }

// printed returns the pieces of a word as a program prints them.
func printed(word Word) []source.Piece {
	first := true
	for i, p := range word.Parts {
		// bash also expands the tilde in NAME=~.
		if isTilde(p) &&
			(first && p.Text[0] == '~' || strings.Contains(p.Text, "=~") || strings.Contains(p.Text, ":~")) {
			parts := slices.Clone(word.Parts)
			parts[i].Opaque, parts[i].Verbatim = true, false
			return parts
		}
		first = false
	}
	return word.Parts
}

// echo returns the output of an echo.
func (c *Command) echo(echo Echo) []source.Piece {
	sh := c.dialect == Sh
	if !sh || c.external {
		echo = EchoKeeps
	}
	words := c.Words[1:]
	style, end := keepEscapes, true
	expand, keep, last := false, false, keepEscapes
	switch echo {
	case EchoUnknown:
		style = guessEscapes
	case EchoExpands:
		style = dashEscapes
	}
	var out []source.Piece
	for len(words) > 0 && words[0].Known && isEchoOption(words[0].Text) {
		letters := words[0].Text[1:]
		if letters != "n" {
			if echo == EchoExpands {
				break
			}
			if style == guessEscapes {
				// dash would print the option, so whoever wrote it knows that the shell is another one
				style = keepEscapes
			}
		}
		for i := range len(letters) {
			switch letters[i] {
			case 'n':
				end = false
			case 'e':
				expand, last = true, bashEscapes
			case 'E':
				keep, last = true, keepEscapes
			}
		}
		words = words[1:]
		if echo == EchoExpands {
			break // only the first -n is an option
		}
		switch {
		case expand && keep && sh:
			style = guessEscapes // in busybox, the last option does not win
		case expand && sh:
			style = shEscapes
		case expand || keep:
			style = last
		}
	}
	for i, word := range words {
		if i > 0 {
			at := source.Span{Start: words[i-1].Span.End, End: word.Span.Start}
			if at.End < at.Start {
				at = word.Span // several words from one variable
			}
			out = append(out, source.Piece{Text: " ", Span: at})
		}
		pieces, stop := expandEscapes(printed(word), style)
		out = append(out, pieces...)
		if stop {
			return out
		}
	}
	if end {
		out = append(out, newline(c.Words[len(c.Words)-1].Span))
	}
	return out
}

func isEchoOption(s string) bool {
	return len(s) > 1 && s[0] == '-' && strings.Trim(s[1:], "neE") == ""
}

// style is the set of escapes that a program knows.
type style int

const (
	keepEscapes  style = iota // none
	guessEscapes              // the shell is not known: escapes that only some shells expand are opaque
	bashEscapes               // those of bash's echo -e
	shEscapes                 // those that the echo -e of bash and busybox have in common; the others are opaque
	dashEscapes               // those of dash's echo
	percentB                  // those of printf's %b that all shells have in common; the others are opaque
	formatSh                  // those of printf's format that all shells have in common; the others are opaque
	formatBash                // those of bash's printf
)

// meaning is the kind of an escape.
type meaning int

const (
	itself  meaning = iota // not an escape
	value                  // the returned text
	stops                  // the end of the output
	unknown                // differs between shells
)

// escape reads the escape that s begins with and returns its length.
func (st style) escape(s string) (n int, text string, m meaning) {
	if len(s) < 2 || st == keepEscapes {
		return 1, "", itself
	}
	c := s[1]
	simple, ok := simpleEscape(c)
	octal := '0' <= c && c <= '7'
	if st == guessEscapes {
		switch {
		case ok, c == 'c', c == 'e':
			return 2, "", unknown
		case octal:
			_, n := digits(s[1:], 8, 4)
			return 1 + n, "", unknown
		}
		return 1, "", itself
	}
	if ok {
		return 2, simple, value
	}
	format := st == formatSh || st == formatBash
	switch {
	case c == 'c' && !format:
		return len(s), "", stops
	case c == 'c':
		return 2, "", unknown
	case octal && format:
		v, n := digits(s[1:], 8, 3)
		return 1 + n, string([]byte{byte(v)}), value
	case c == '0':
		v, n := digits(s[2:], 8, 3)
		return 2 + n, string([]byte{byte(v)}), value
	case octal && st != bashEscapes:
		_, n := digits(s[1:], 8, 3)
		return 1 + n, "", unknown
	case octal:
		return 1, "", itself
	}
	switch st {
	case bashEscapes, formatBash:
		switch c {
		case 'e', 'E':
			return 2, "\x1b", value
		case 'x':
			if v, n := digits(s[2:], 16, 2); n > 0 {
				return 2 + n, string([]byte{byte(v)}), value
			}
		case 'u', 'U':
			return 2, "", unknown // it depends on the locale
		case '"':
			if format {
				return 2, `"`, value
			}
		case '\'', '?':
			if format {
				return 2, s[1:2], value
			}
		}
	default:
		switch c {
		case 'e', 'E', 'x', 'u', 'U':
			if st != dashEscapes || c == 'e' {
				return 2, "", unknown
			}
		case '"', '\'', '?':
			if st == formatSh || st == percentB {
				return 2, "", unknown
			}
		}
	}
	return 1, "", itself
}

// flat is the text of pieces with the offset of each.
type flat struct {
	text   string
	pieces []source.Piece
	starts []int
}

func flatten(pieces []source.Piece) flat {
	f := flat{pieces: pieces, starts: make([]int, len(pieces)+1)}
	n := 0
	for i := range pieces {
		f.starts[i] = n
		n += len(pieces[i].Text)
	}
	f.starts[len(pieces)] = n
	if len(pieces) == 1 {
		f.text = pieces[0].Text
	} else {
		f.text = joined(pieces)
	}
	return f
}

// cut appends the text from a to b to out, piece by piece. i is the index of a piece at or before a.
func (f *flat) cut(out []source.Piece, i, a, b int) []source.Piece {
	for ; a < b; i++ {
		if f.starts[i+1] <= a {
			continue
		}
		p := f.pieces[i]
		from, to := a-f.starts[i], min(b, f.starts[i+1])-f.starts[i]
		p.Text = p.Text[from:to]
		if p.Verbatim {
			p.Span = source.Span{Start: p.Span.Start + from, End: p.Span.Start + to}
		}
		out = append(out, p)
		a = f.starts[i] + to
	}
	return out
}

// span returns the span in the file of the text from a to b. i is the index of a piece at or before a.
func (f *flat) span(i, a, b int) source.Span {
	var s source.Span
	for first := true; a < b; i++ {
		if f.starts[i+1] <= a {
			continue
		}
		from, to := a-f.starts[i], min(b, f.starts[i+1])-f.starts[i]
		at := f.pieces[i].Span
		if f.pieces[i].Verbatim {
			at = source.Span{Start: at.Start + from, End: at.Start + to}
		}
		if first {
			s, first = at, false
		} else {
			s = s.Join(at)
		}
		a = f.starts[i] + to
	}
	return s
}

// known returns the end of the known text from a on. i is the index of the piece that contains a.
func (f *flat) known(i int) int {
	for i < len(f.pieces) && !f.pieces[i].Opaque {
		i++
	}
	return f.starts[i]
}

// expandEscapes replaces the escapes in a text. It reports true when one of them ends all output.
func expandEscapes(pieces []source.Piece, st style) (out []source.Piece, stop bool) {
	if st == keepEscapes || !slices.ContainsFunc(pieces, func(p source.Piece) bool {
		return strings.IndexByte(p.Text, '\\') >= 0 && !p.Opaque
	}) {
		return pieces, false
	}
	f := flatten(pieces)
	start, piece, startPiece := 0, 0, 0
	for i := 0; i < len(f.text); {
		for f.starts[piece+1] <= i {
			piece++
		}
		if f.pieces[piece].Opaque {
			i = f.starts[piece+1]
			continue
		}
		if f.text[i] != '\\' {
			next := strings.IndexByte(f.text[i:f.starts[piece+1]], '\\')
			if next < 0 {
				next = f.starts[piece+1] - i
			}
			i += next
			continue
		}
		end := f.known(piece)
		n, text, m := st.escape(f.text[i:end])
		if m == itself {
			if i+n == end && end < len(f.text) {
				m, n = unknown, 1 // what it escapes is not known
			} else {
				i += n
				continue
			}
		}
		out = f.cut(out, startPiece, start, i)
		if m == stops {
			return out, true
		}
		p := source.Piece{Text: text, Span: f.span(piece, i, i+n), Quoting: f.pieces[piece].Quoting}
		if m == unknown {
			p.Text, p.Opaque = f.text[i:i+n], true
		}
		if p.Text != "" {
			out = append(out, p)
		}
		i += n
		start, startPiece = i, piece
	}
	return f.cut(out, startPiece, start, len(f.text)), false
}

// printf returns the output of a printf.
func (c *Command) printf() ([]source.Piece, bool) {
	words := c.Words[1:]
	if len(words) > 0 && words[0].Known && words[0].Text == "--" {
		words = words[1:]
	} else if len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
		return nil, false
	}
	if len(words) == 0 {
		return nil, false
	}
	format, args := words[0], words[1:]
	if len(args) > 0 && !format.Known {
		return nil, false
	}
	st := formatSh
	if c.dialect == Bash && !c.external {
		st = formatBash
	}
	var out []source.Piece
	f := flatten(printed(format))
	for {
		used, done, ok := f.format(&out, args, st, format.Span)
		if !ok {
			return nil, false
		}
		if used > 1 {
			for i := range args {
				if !args[i].Known && splits(args[i]) {
					return nil, false // it may be several arguments
				}
			}
		}
		args = args[min(used, len(args)):]
		if done || used == 0 || len(args) == 0 {
			return out, true
		}
	}
}

// splits reports whether the shell may split a word into several, or drop it.
func splits(word Word) bool {
	return slices.ContainsFunc(word.Parts, func(p source.Piece) bool {
		return p.Opaque && p.Quoting == source.Unquoted
	})
}

// format appends the output of one pass through a format and returns how many arguments it used. done says that the
// output ends there.
func (f *flat) format(out *[]source.Piece, args []Word, st style, at source.Span) (used int, done, ok bool) {
	start, piece, startPiece := 0, 0, 0
	add := func(text string, span source.Span) {
		if text != "" {
			*out = append(*out, source.Piece{Text: text, Span: span})
		}
	}
	for i := 0; i < len(f.text); {
		for f.starts[piece+1] <= i {
			piece++
		}
		if f.pieces[piece].Opaque {
			i = f.starts[piece+1]
			continue
		}
		if f.text[i] != '\\' && f.text[i] != '%' {
			next := strings.IndexAny(f.text[i:f.starts[piece+1]], `\%`)
			if next < 0 {
				next = f.starts[piece+1] - i
			}
			i += next
			continue
		}
		end := f.known(piece)
		*out = f.cut(*out, startPiece, start, i)
		n := 0
		if f.text[i] == '\\' {
			var text string
			var m meaning
			n, text, m = st.escape(f.text[i:end])
			switch {
			case m == value:
				add(text, f.span(piece, i, i+n))
			case m == itself && i+n < end:
				*out = f.cut(*out, piece, i, i+n)
			case m == itself && end == len(f.text):
				return 0, false, false // shells differ in a backslash at the end
			default:
				*out = append(*out, source.Piece{Text: f.text[i : i+n], Span: f.span(piece, i, i+n), Opaque: true})
			}
		} else {
			n = 2
			if i+1 >= end {
				return 0, false, false
			}
			span := f.span(piece, i, i+n)
			switch f.text[i+1] {
			case '%':
				add("%", span)
			case 's', 'b':
				if used < len(args) {
					text := printed(args[used])
					if f.text[i+1] == 'b' {
						var stop bool
						if text, stop = expandEscapes(text, percentB); stop {
							*out = append(*out, text...)
							return used + 1, true, true
						}
					}
					*out = append(*out, text...)
				}
				used++
			case 'd', 'i':
				switch {
				case used >= len(args):
					add("0", span)
				case args[used].Known && isDecimal(args[used].Text):
					*out = append(*out, args[used].Parts...)
				case args[used].Known:
					return 0, false, false
				default:
					*out = append(*out, source.Piece{Text: args[used].Text, Span: args[used].Span, Opaque: true})
				}
				used++
			default:
				return 0, false, false
			}
		}
		i += n
		start, startPiece = i, piece
	}
	*out = f.cut(*out, startPiece, start, len(f.text))
	return used, false, true
}

// isDecimal reports whether %d prints s as it is.
func isDecimal(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return len(digits) > 0 && len(digits) < 18 && strings.Trim(digits, "0123456789") == "" &&
		(digits[0] != '0' || s == "0")
}

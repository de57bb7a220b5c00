package dockerfile

import (
	"math"
	"strings"
	"text/scanner"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// takesHeredocs reports whether BuildKit looks for here-documents in the instruction.
func (i *Instruction) takesHeredocs() bool {
	if i.Name == "ONBUILD" && i.Trigger != nil {
		i = i.Trigger
	}
	return !i.Exec && (i.Name == "RUN" || i.Name == "COPY" || i.Name == "ADD")
}

// readHeredocs reads the here-documents that the line opens, and consumes their lines.
func (r *reader) readHeredocs(i *Instruction) {
	if !i.takesHeredocs() || !strings.Contains(r.line.text, "<<") {
		return
	}
	words, ok := splitShellWords(r.line.text)
	if !ok {
		r.fault(i.Keyword, "line nests more than %d substitutions", maxNesting)
		return
	}
	for _, w := range words {
		if digits := strings.TrimLeft(w.text, "0123456789"); !strings.HasPrefix(digits, "<<") {
			continue
		}
		at := r.line.span(w.start, w.end)
		word, original := legible(w.text)
		doc, err := parser.ParseHeredoc(word)
		if err != nil {
			r.fault(at, "heredoc delimiter in %s cannot be read: %s", quote(w.text), original(err.Error()))
			continue
		}
		if doc == nil {
			continue
		}
		h := Heredoc{Name: original(doc.Name), Expand: doc.Expand, Chomp: doc.Chomp,
			FD: int(min(doc.FileDescriptor, math.MaxInt32)), Operator: at}
		r.readBody(&h)
		i.Heredocs = append(i.Heredocs, h)
		i.Span.End = max(h.End.End, h.Body.End)
	}
}

// readBody consumes the lines of h. If no line ends the here-document, a line whose delimiter has blanks around it is
// used as its end, so that the rest can be read; without such a line it runs to the end of the file.
func (r *reader) readBody(h *Heredoc) {
	begin := r.pos
	h.Body = source.Span{Start: begin, End: len(r.text)}
	h.End = source.Span{Start: len(r.text), End: len(r.text)}
	key := "-" + h.Name
	if !h.Chomp {
		key = h.Name + "\n"
	}
	limit := 16*len(r.text) + 1<<20 // bytes to search in vain: many unclosed heredocs must not take quadratic time
	var near line
	if !r.noEnd[key] {
		for {
			l, ok := r.nextLine()
			if !ok {
				break
			}
			text := r.text[l.start:l.end]
			if h.Chomp {
				text = strings.TrimLeft(text, "\t")
			}
			if text == h.Name {
				h.Body.End, h.End = l.start, source.Span{Start: l.start, End: l.end}
				return
			}
			if near.next == 0 && strings.TrimSpace(text) == h.Name {
				near = l
			}
		}
		if r.noEnd == nil {
			r.noEnd = map[string]bool{}
		}
		r.noEnd[key] = true
		r.searched += len(r.text) - begin
	} else if r.searched < limit {
		for near.next == 0 {
			l, ok := r.nextLine()
			if !ok {
				r.searched += len(r.text) - begin
				break
			}
			if strings.TrimSpace(r.text[l.start:l.end]) == h.Name {
				near = l
			}
		}
	}
	if near.next == 0 || r.searched >= limit {
		r.pos = len(r.text)
		r.fault(h.Operator, "heredoc %s has no end, since no line consists of its delimiter alone", quote(h.Name))
		return
	}
	h.Body.End, h.End = near.start, source.Span{Start: near.start, End: near.end}
	r.pos = near.next
	if r.longLine.next > near.next { // it will be read again
		r.longLine = line{}
	}
	r.fault(h.End, "heredoc %s has no end, since this line has spaces around the delimiter", quote(h.Name))
}

// shellWord is a word of a line as BuildKit's shell lexer splits it to look for here-documents.
type shellWord struct {
	text       string
	start, end int // in the line
}

// maxNesting is how deeply substitutions may nest in a line with a here-document.
const maxNesting = 100

// splitShellWords splits a line as shell.Lex of BuildKit v0.34.2 does with raw quotes, raw escapes, unset variables
// kept and '\' as the escape character, which is how its parser looks for here-documents, and keeps the position of
// each word. A line that the lexer refuses has no words. It reports false when substitutions nest too deeply to be
// read.
func splitShellWords(s string) ([]shellWord, bool) {
	x := shellLexer{src: s, raw: true}
	_, state := x.until(scanner.EOF, true, false)
	switch state {
	case lexTooDeep:
		return nil, false
	case lexError:
		return nil, true
	}
	return x.words, true
}

type lexState int

const (
	lexOK lexState = iota
	lexError
	lexTooDeep
)

// lexRune is a rune of output with its place in the line.
type lexRune struct {
	r       rune
	at, end int
}

type shellLexer struct {
	src   string
	pos   int
	raw   bool // escape characters are kept
	twice bool // and doubled inside quotes, since the text is the pattern of a substitution
	depth int

	word   []lexRune // of the outermost level; inner levels empty it, as they do in BuildKit
	inWord bool
	words  []shellWord
}

func (x *shellLexer) peek() rune {
	if x.pos >= len(x.src) {
		return scanner.EOF
	}
	r, _ := utf8.DecodeRuneInString(x.src[x.pos:])
	return r
}

func (x *shellLexer) next() lexRune {
	if x.pos >= len(x.src) {
		return lexRune{scanner.EOF, len(x.src), len(x.src)}
	}
	r, n := utf8.DecodeRuneInString(x.src[x.pos:])
	c := lexRune{r, x.pos, x.pos + n}
	x.pos += n
	return c
}

func (x *shellLexer) endWord() {
	if len(x.word) == 0 {
		return
	}
	text := make([]byte, 0, len(x.word))
	for _, c := range x.word {
		text = utf8.AppendRune(text, c.r)
	}
	x.words = append(x.words, shellWord{string(text), x.word[0].at, x.word[len(x.word)-1].end})
	x.word, x.inWord = x.word[:0], false
}

// add adds characters to the word, or ends it at white space.
func (x *shellLexer) add(chars ...lexRune) {
	for _, c := range chars {
		switch {
		case !unicode.IsSpace(c.r):
			x.addRaw(c)
		case x.inWord:
			x.endWord()
		}
	}
}

func (x *shellLexer) addRaw(chars ...lexRune) {
	x.word = append(x.word, chars...)
	x.inWord = true
}

// until reads up to and including stop. Only the outermost level, which reads to the end, collects words.
func (x *shellLexer) until(stop rune, raw, pattern bool) ([]lexRune, lexState) {
	if x.depth++; x.depth > maxNesting {
		return nil, lexTooDeep
	}
	rawBefore, twiceBefore := x.raw, x.twice
	x.raw, x.twice = raw, pattern
	defer func() { x.raw, x.twice = rawBefore, twiceBefore; x.depth-- }()

	x.word = x.word[:0]
	outermost := stop == scanner.EOF
	var out []lexRune
	emit := func(quoted bool, chars ...lexRune) {
		switch {
		case !outermost:
			out = append(out, chars...)
		case quoted:
			x.addRaw(chars...)
		default:
			x.add(chars...)
		}
	}
	for x.pos < len(x.src) {
		ch := x.peek()
		if !outermost && ch == stop {
			x.next()
			return out, lexOK
		}
		switch ch {
		case '\'':
			quoted, state := x.singleQuoted()
			if state != lexOK {
				return nil, state
			}
			emit(true, quoted...)
		case '"':
			quoted, state := x.doubleQuoted()
			if state != lexOK {
				return nil, state
			}
			emit(true, quoted...)
		case '$':
			value, state := x.dollar()
			if state != lexOK {
				return nil, state
			}
			emit(false, value...)
		case '<':
			emit(true, x.next())
			if x.peek() == '<' {
				emit(true, x.next())
				for c := x.peek(); c == ' ' || c == '\t' || c == '\r'; c = x.peek() {
					emit(true, x.next())
				}
			}
		case '\\':
			c := x.next()
			if x.raw {
				emit(true, c)
			}
			if x.pos < len(x.src) {
				emit(true, x.next())
			}
		default:
			emit(false, x.next())
		}
	}
	if !outermost {
		return nil, lexError
	}
	x.endWord()
	return nil, lexOK
}

func (x *shellLexer) singleQuoted() ([]lexRune, lexState) {
	out := []lexRune{x.next()}
	for {
		c := x.next()
		if c.r == scanner.EOF {
			return nil, lexError
		}
		if c.r == '\\' && x.twice {
			out = append(out, c)
		}
		out = append(out, c)
		if c.r == '\'' {
			return out, lexOK
		}
	}
}

func (x *shellLexer) doubleQuoted() ([]lexRune, lexState) {
	out := []lexRune{x.next()}
	for {
		switch x.peek() {
		case scanner.EOF:
			return nil, lexError
		case '"':
			return append(out, x.next()), lexOK
		case '$':
			value, state := x.dollar()
			if state != lexOK {
				return nil, state
			}
			out = append(out, value...)
		case '\\':
			c := x.next()
			switch x.peek() {
			case scanner.EOF:
				return nil, lexError
			case '"', '$', '\\':
				if x.raw {
					out = append(out, c)
				}
				c = x.next()
			default:
				if x.raw && x.twice {
					out = append(out, c)
				}
			}
			out = append(out, c)
		default:
			out = append(out, x.next())
		}
	}
}

// dollar reads a variable or substitution. No variable is set, so it stays as it is except for escapes in its word.
func (x *shellLexer) dollar() ([]lexRune, lexState) {
	out := []lexRune{x.next()}
	if x.peek() != '{' {
		return append(out, x.name()...), lexOK
	}
	out = append(out, x.next())
	switch x.peek() {
	case scanner.EOF, '{', '}', ':':
		return nil, lexError
	}
	out = append(out, x.name()...)
	ch := x.next()
	out = append(out, ch)
	switch ch.r {
	case '}':
		return out, lexOK
	case ':':
		ch = x.next()
		if ch.r == '#' || ch.r == '%' {
			return nil, lexError
		}
		out = append(out, ch)
		fallthrough
	case '+', '-', '?', '#', '%':
		pattern := ch.r == '#' || ch.r == '%'
		word, state := x.until('}', pattern, pattern)
		if state != lexOK {
			return nil, state
		}
		return append(append(out, word...), lexRune{'}', x.pos - 1, x.pos}), lexOK
	case '/':
		if x.peek() == '/' {
			x.next()
		}
		pattern, state := x.until('/', true, true)
		if state != lexOK {
			return nil, state
		}
		out = append(append(out, pattern...), lexRune{'/', x.pos - 1, x.pos})
		replacement, state := x.until('}', true, false)
		if state != lexOK {
			return nil, state
		}
		return append(append(out, replacement...), lexRune{'}', x.pos - 1, x.pos}), lexOK
	}
	return nil, lexError
}

func (x *shellLexer) name() []lexRune {
	var out []lexRune
	first := x.peek()
	switch first {
	case '@', '*', '#', '?', '-', '$', '!':
		return []lexRune{x.next()}
	}
	for r := first; unicode.IsDigit(r) || !unicode.IsDigit(first) && (unicode.IsLetter(r) || r == '_'); r = x.peek() {
		out = append(out, x.next())
	}
	return out
}

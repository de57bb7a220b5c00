// Package nixexpr reads settings of Nix out of files in the Nix language: the attribute set nixConfig of a flake.nix
// (Flake), and the options nix.settings and nix.extraOptions of modules of NixOS, nix-darwin and home-manager
// (Modules).
// It reads only literal values; of the rest of the language it only finds where an expression ends.
//
// There is no maintained Go parser of the Nix language; this one follows src/libexpr/lexer.l and parser.y of Nix 2.34.
package nixexpr

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Set is an attribute set of settings. It is immutable.
type Set struct {
	Source *source.File
	// Settings are its attributes, in order of position. There are none when the file could not be read to its end.
	Settings []Setting
}

// Setting is one attribute of a Set.
type Setting struct {
	// Name is the attribute's name.
	Name source.Piece
	// Value is the text of the value as Nix passes it to the setting: lists joined by blanks. A value that is not a
	// literal, or that nix.conf cannot express (with a line break, or with a "#", which does not begin a comment here),
	// is one opaque piece.
	Value []source.Piece
	// List says that the value is a literal list.
	List bool
	// Span runs from the attribute's path to the end of the value.
	Span source.Span
}

// Fragment returns the settings as nix.conf text, one line each, in the order in which Nix applies them, which is that
// of their names.
func (f *Set) Fragment() *source.Fragment {
	settings := slices.Clone(f.Settings)
	slices.SortStableFunc(settings, func(a, b Setting) int { return strings.Compare(a.Name.Text, b.Name.Text) })
	var pieces []source.Piece
	for _, s := range settings {
		after := source.Span{Start: s.Name.Span.End, End: s.Name.Span.End}
		end := source.Span{Start: s.Span.End, End: s.Span.End}
		pieces = append(pieces, s.Name, source.Piece{Text: " = ", Span: after})
		pieces = append(append(pieces, s.Value...), source.Piece{Text: "\n", Span: end})
	}
	return source.NewFragment(f.Source, pieces)
}

// maxDepth bounds the nesting that is read.
const maxDepth = 200

// Flake reads nixConfig of a flake.nix. It never fails: a file that is not an attribute set, or that is cut off, gives
// no settings.
func Flake(f *source.File) *Set {
	out := &Set{Source: f}
	if !bytes.Contains(f.Bytes, []byte("nixConfig")) {
		return out
	}
	p := &parser{src: f.Bytes}
	if bytes.HasPrefix(p.src, []byte("\ufeff")) {
		p.pos = len("\ufeff")
	}
	p.blanks()
	if !p.take('{') {
		return out
	}
	settings, ok := p.set(0)
	p.blanks()
	if ok && p.pos == len(p.src) {
		out.Settings = settings
	}
	return out
}

type parser struct {
	src   []byte
	pos   int
	depth int
}

func (p *parser) at(n int) byte {
	if p.pos+n < len(p.src) {
		return p.src[p.pos+n]
	}
	return 0
}

func (p *parser) has(s string) bool { return bytes.HasPrefix(p.src[p.pos:], []byte(s)) }

func (p *parser) take(c byte) bool {
	if p.pos < len(p.src) && p.src[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// blanks skips blanks and comments.
func (p *parser) blanks() {
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.pos++
		case c == '#':
			n := bytes.IndexByte(p.src[p.pos:], '\n')
			if n < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += n
		case p.has("/*"):
			n := bytes.Index(p.src[p.pos+2:], []byte("*/"))
			if n < 0 {
				p.pos = len(p.src)
				return
			}
			p.pos += n + 4
		default:
			return
		}
	}
}

// set reads the bindings of an attribute set up to its closing brace. At level 0, that of the flake, it returns only
// those of nixConfig; at level 1, all of them.
func (p *parser) set(level int) (settings []Setting, ok bool) {
	for {
		p.blanks()
		if p.take('}') {
			return settings, true
		}
		start := p.pos
		path, ok := p.path()
		if !ok {
			return nil, false
		}
		if len(path) == 0 { // inherit
			if !p.skip() {
				return nil, false
			}
			continue
		}
		p.blanks()
		if !p.take('=') || p.at(0) == '=' {
			return nil, false
		}
		p.blanks()
		name := path[len(path)-1]
		switch {
		case level == 0 && path[0].Text == "nixConfig" && len(path) == 1 && p.at(0) == '{':
			p.pos++
			inner, ok := p.set(1)
			if !ok {
				return nil, false
			}
			p.blanks()
			if p.at(0) != ';' {
				inner = nil // the set is part of an expression
			}
			settings = append(settings, inner...)
			if !p.skip() {
				return nil, false
			}
		case level == 0 && path[0].Text == "nixConfig" && len(path) == 2, level == 1 && len(path) == 1:
			list := p.at(0) == '['
			value, end, ok := p.value()
			if !ok {
				return nil, false
			}
			settings = append(settings,
				Setting{Name: name, Value: value, List: list, Span: source.Span{Start: start, End: end}})
		default:
			if !p.skip() {
				return nil, false
			}
		}
	}
}

// path reads the path of an attribute. For inherit it returns an empty path and true.
func (p *parser) path() ([]source.Piece, bool) {
	var out []source.Piece
	for {
		p.blanks()
		start := p.pos
		switch c := p.at(0); {
		case isName(c) && !isDigit(c) && c != '-' && c != '\'':
			for isName(p.at(0)) {
				p.pos++
			}
			text := string(p.src[start:p.pos])
			if text == "inherit" && len(out) == 0 {
				return nil, true
			}
			out = append(out, source.Piece{Text: text, Span: source.Span{Start: start, End: p.pos}, Verbatim: true,
				Quoting: source.Unquoted})
		case c == '"':
			pieces, ok := p.quoted()
			if !ok {
				return nil, false
			}
			name := source.Piece{Span: source.Span{Start: start, End: p.pos}, Opaque: true}
			if len(pieces) == 1 && pieces[0].Verbatim {
				name = pieces[0]
			}
			out = append(out, name)
		default:
			return nil, false
		}
		p.blanks()
		if !p.take('.') {
			return out, true
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '-' || c == '\''
}

// value reads a value and its semicolon. end is the end of the value.
func (p *parser) value() (pieces []source.Piece, end int, ok bool) {
	start := p.pos
	pieces, literal := p.literal()
	end = p.pos
	p.blanks()
	if literal && p.take(';') {
		text := ""
		for _, piece := range pieces {
			text += piece.Text
		}
		if !strings.ContainsAny(text, "#\n") {
			return pieces, end, true
		}
		p.pos--
	}
	p.pos = start
	if !p.skip() {
		return nil, 0, false
	}
	end = len(bytes.TrimRight(p.src[start:p.pos-1], " \t\r\n")) + start
	return []source.Piece{{Text: "x", Span: source.Span{Start: start, End: end}, Opaque: true}}, end, true
}

// literal reads a string, a list of strings, an integer or a boolean.
func (p *parser) literal() ([]source.Piece, bool) {
	if !p.take('[') {
		return p.scalar()
	}
	out := []source.Piece{}
	for {
		p.blanks()
		if p.take(']') {
			return out, true
		}
		at := p.pos
		item, ok := p.scalar()
		if !ok {
			return nil, false
		}
		if len(out) > 0 {
			out = append(out, source.Piece{Text: " ", Span: source.Span{Start: at, End: at}})
		}
		out = append(out, item...)
	}
}

func (p *parser) scalar() ([]source.Piece, bool) {
	start := p.pos
	switch c := p.at(0); {
	case c == '"':
		return p.quoted()
	case p.has("''"):
		if !p.indented() {
			return nil, false
		}
		inner := source.Span{Start: start + 2, End: p.pos - 2}
		text := string(p.src[inner.Start:inner.End])
		if strings.ContainsAny(text, "\n$'") {
			return nil, false
		}
		return []source.Piece{{Text: text, Span: inner, Verbatim: true, Quoting: source.SingleQuoted}}, true
	case c == '-' && isDigit(p.at(1)):
		p.pos++
	case !isName(c):
		return nil, false
	}
	for isName(p.at(0)) {
		p.pos++
	}
	text := string(p.src[start:p.pos])
	if text != "true" && text != "false" && strings.Trim(strings.TrimPrefix(text, "-"), "0123456789") != "" ||
		p.at(0) == '.' {
		return nil, false
	}
	return []source.Piece{{Text: text, Span: source.Span{Start: start, End: p.pos}, Verbatim: true,
		Quoting: source.Unquoted}}, true
}

// quoted reads a string between double quotes.
func (p *parser) quoted() ([]source.Piece, bool) {
	out := []source.Piece{}
	p.pos++
	start := p.pos
	flush := func() {
		if start < p.pos {
			out = append(out,
				source.Piece{Text: string(p.src[start:p.pos]), Span: source.Span{Start: start, End: p.pos},
					Verbatim: true, Quoting: source.DoubleQuoted})
		}
	}
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			flush()
			p.pos++
			return out, true
		case c == '\\' && p.pos+1 < len(p.src):
			flush()
			text := string(p.src[p.pos+1])
			switch text {
			case "n":
				text = "\n"
			case "t":
				text = "\t"
			case "r":
				text = "\r"
			}
			out = append(out, source.Piece{Text: text, Span: source.Span{Start: p.pos, End: p.pos + 2}})
			p.pos += 2
			start = p.pos
		case p.has("$$"):
			p.pos += 2
		case p.has("${"):
			flush()
			at := p.pos
			if !p.interpolation() {
				return nil, false
			}
			out = append(out, source.Piece{Text: "x", Span: source.Span{Start: at, End: p.pos}, Opaque: true})
			start = p.pos
		default:
			p.pos++
		}
	}
	return nil, false
}

// indented skips an indented string, which has two single quotes on each side.
func (p *parser) indented() bool {
	p.pos += 2
	for p.pos < len(p.src) {
		switch {
		case p.has("'''"), p.has("''$"), p.has("$$"):
			p.pos += len("'''")
			if p.src[p.pos-3] == '$' {
				p.pos--
			}
		case p.has("''\\"):
			p.pos += len("''\\") + 1
		case p.has("''"):
			p.pos += 2
			return true
		case p.has("${"):
			if !p.interpolation() {
				return false
			}
		default:
			p.pos++
		}
	}
	return false
}

// interpolation skips ${ … } in a string.
func (p *parser) interpolation() bool {
	p.pos += 2
	return p.until('}')
}

// skip moves behind the semicolon that ends a binding.
func (p *parser) skip() bool { return p.until(';') }

// until moves past the next end, a closing sign, that is not part of a nested expression.
func (p *parser) until(end token) bool {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return false
	}
	e := expression{open: []token{end}}
	for {
		t, ok := p.token()
		if !ok {
			return false
		}
		if done, ok := e.next(t); done || !ok {
			return ok
		}
	}
}

// expression is the state of an expression that is skipped: what is still open in it.
type expression struct {
	open  []token // what ends the nested expressions, innermost last; tokenIn for a let
	extra int     // semicolons of with and assert that are still to come, at the outermost level
}

// next takes the next token. done says that it ends the expression; ok is false for a token that cannot be there.
func (e *expression) next(t token) (done, ok bool) {
	last := e.open[len(e.open)-1]
	switch t {
	case '{':
		e.open = append(e.open, '}')
	case '(':
		e.open = append(e.open, ')')
	case '[':
		e.open = append(e.open, ']')
	case tokenLet:
		e.open = append(e.open, tokenIn)
	case tokenWith:
		if last == ';' {
			e.extra++
		}
	case ';':
		switch {
		case last != ';': // of a binding, in a set or after let
		case e.extra > 0:
			e.extra--
		default:
			return true, true
		}
	case '}', ')', ']', tokenIn:
		if last != t {
			return false, false
		}
		e.open = e.open[:len(e.open)-1]
		return len(e.open) == 0, true
	}
	return false, true
}

// token is a token that matters for the end of an expression: a bracket or a semicolon stands for itself.
type token byte

const (
	tokenOther token = iota // any other token: a string, a name, a number, a path, an operator
	tokenLet                // let
	tokenIn                 // in
	tokenWith               // with or assert, which have a semicolon of their own
	tokenEnd                // the end of the file
)

// token reads the next token. It reports false at the end of the file and for a string that is not closed.
func (p *parser) token() (t token, ok bool) {
	p.blanks()
	if p.pos >= len(p.src) {
		return tokenOther, false
	}
	switch c := p.src[p.pos]; {
	case c == '"':
		_, ok := p.quoted()
		return tokenOther, ok
	case p.has("''"):
		return tokenOther, p.indented()
	case p.has("${"):
		p.pos += 2
		return '{', true
	case strings.IndexByte("{}()[];", c) >= 0:
		p.pos++
		return token(c), true
	case isName(c) || c == '/' || c == '~' || c == '<':
		return p.word(), true
	}
	p.pos++
	return tokenOther, true
}

// word reads a keyword, a name, a number, a path or a URL, or else one byte.
func (p *parser) word() token {
	start := p.pos
	for isName(p.at(0)) || p.at(0) != 0 && strings.IndexByte("/.+~", p.at(0)) >= 0 && !p.has("//") && !p.has("/*") {
		p.pos++
	}
	if p.has("://") { // a URL without quotes
		for p.at(0) > ' ' && p.at(0) != ';' {
			p.pos++
		}
	}
	switch string(p.src[start:p.pos]) {
	case "let":
		return tokenLet
	case "in":
		return tokenIn
	case "with", "assert":
		return tokenWith
	}
	p.pos = max(p.pos, start+1)
	return tokenOther
}

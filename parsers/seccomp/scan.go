package seccomp

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// maxDepth is how deep JSON may be nested. A profile needs 6 levels, in a bundle 8.
const maxDepth = 200

// scanner reads JSON text once from front to back, without recursion. It finds what is no JSON and says so in its own
// words, and makes the text that hujson reads: the same bytes at the same offsets, up to the end of the first value,
// with blanks for the byte order mark and comments. What it passes, hujson passes.
type scanner struct {
	file *source.File
	b    []byte // the bytes of the file; a copy once something was blanked
	pos  int

	problems []source.Problem
	surplus  []source.Span
	stack    []bracket
	// member, if set, is called with each key of the outermost object and where its value begins. Returning false
	// ends the scan.
	member func(key []byte, value int) bool
	copied bool
}

// bracket is an object or array that is not closed yet.
type bracket struct {
	open byte
	at   int
}

// scan reads the whole file. It returns the text for hujson; ok is false when there is none, because of the last of
// the problems.
func (s *scanner) scan() (text []byte, ok bool) {
	s.b = s.file.Bytes
	if utf16(s.b) {
		s.fail(source.Span{Start: 0, End: 2}, "file is UTF-16 text; the programs that read profiles read UTF-8 only")
		return nil, false
	}
	if bom := "\xef\xbb\xbf"; bytes.HasPrefix(s.b, []byte(bom)) {
		s.blank(source.Span{Start: 0, End: len(bom)},
			"byte order mark before the JSON text, which makes every program refuse the file")
		s.pos = len(bom)
	}
	if !s.space() {
		return nil, false
	}
	if s.pos == len(s.b) {
		what := "is empty"
		if len(s.b) > 0 {
			what = "has no JSON value in it"
		}
		s.fail(source.Span{Start: s.pos, End: s.pos}, "file %s", what)
		return nil, false
	}
	if !s.value() {
		return nil, false
	}
	end := s.pos
	if s.space() && s.pos < len(s.b) {
		rest := bytes.TrimRight(s.b[s.pos:], " \t\r\n\x00")
		message := "text after the end of the profile"
		switch s.b[s.pos] {
		case '{', '[':
			message = "second JSON value after the end of the profile"
		case '}', ']':
			message = fmt.Sprintf("%q closes nothing; the profile has ended", s.b[s.pos:s.pos+1])
		}
		s.fail(source.Span{Start: s.pos, End: s.pos + max(len(rest), 1)}, "%s", message)
	}
	return s.b[:end], true
}

// utf16 reports whether b is UTF-16 text: with a byte order mark, or with every second one of the first four bytes NUL.
func utf16(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) ||
		len(b) >= 4 && (b[0] == 0) != (b[1] == 0) && b[0] == 0 == (b[2] == 0) && b[1] == 0 == (b[3] == 0)
}

// fail records a problem and returns false.
func (s *scanner) fail(at source.Span, format string, args ...any) bool {
	s.problems = append(s.problems, source.Problem{Span: at, Kind: KindJSON, Message: fmt.Sprintf(format, args...)})
	return false
}

// blank records bytes that JSON does not have but that can be read over, and hides them from hujson.
func (s *scanner) blank(at source.Span, message string) {
	s.fail(at, "%s", message)
	s.surplus = append(s.surplus, at)
	if !s.copied {
		s.b, s.copied = slices.Clone(s.b), true
	}
	for i := at.Start; i < at.End; i++ {
		s.b[i] = ' '
	}
}

// space moves over blanks and comments.
func (s *scanner) space() bool {
	for s.pos < len(s.b) {
		switch c := s.b[s.pos]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			s.pos++
		case c == '#' || c == '/' && s.next('/'):
			end := len(s.b)
			if n := bytes.IndexByte(s.b[s.pos:], '\n'); n >= 0 {
				end = s.pos + n
			}
			if end > s.pos && s.b[end-1] == '\r' {
				end--
			}
			s.comment(end)
		case c == '/' && s.next('*'):
			n := bytes.Index(s.b[s.pos+2:], []byte("*/"))
			if n < 0 {
				return s.fail(source.Span{Start: s.pos, End: s.pos + 2},
					"comment is not closed before the end of the file")
			}
			s.comment(s.pos + 2 + n + 2)
		default:
			return true
		}
	}
	return true
}

func (s *scanner) comment(end int) {
	at := source.Span{Start: s.pos, End: end}
	who := "Docker, Podman, containerd and runc refuse"
	if s.b[s.pos] == '#' {
		who = "every program refuses"
	}
	s.blank(at, "comment, which JSON does not have; "+who+" the file")
	s.pos = end
}

func (s *scanner) next(c byte) bool { return s.pos+1 < len(s.b) && s.b[s.pos+1] == c }

// value reads one value with everything in it. The blanks before it are already read.
func (s *scanner) value() bool {
	comma := -1 // offset of the comma before, or -1
	for {
		// Here a value, a key or the end of an empty object or array begins.
		if !s.space() {
			return false
		}
		if s.pos == len(s.b) {
			return s.ended()
		}
		if n := len(s.stack); n > 0 {
			top := s.stack[n-1]
			if c := s.b[s.pos]; c == '}' || c == ']' {
				if c != top.open+2 {
					return s.mismatch(c, top)
				}
				if comma >= 0 {
					at := source.Span{Start: comma, End: comma + 1}
					s.fail(at, "comma before %q, which JSON does not allow", string(c))
					s.surplus = append(s.surplus, at)
				}
				if done := s.close(); done {
					return true
				}
				more, ok := s.after(&comma)
				if !ok || !more {
					return ok
				}
				continue
			}
			if top.open == '{' {
				if !s.key(n == 1) {
					return false
				}
			}
		}
		switch c := s.b[s.pos]; c {
		case '{', '[':
			if len(s.stack) == maxDepth {
				return s.fail(source.Span{Start: s.pos, End: s.pos + 1}, "JSON is nested more than %d levels deep",
					maxDepth)
			}
			s.stack = append(s.stack, bracket{c, s.pos})
			s.pos++
			comma = -1
			continue
		case '"':
			if !s.str() {
				return false
			}
		default:
			if !s.literal() {
				return false
			}
		}
		if len(s.stack) == 0 {
			return true
		}
		more, ok := s.after(&comma)
		if !ok || !more {
			return ok
		}
	}
}

// close ends the innermost object or array, and reports whether it was the outermost.
func (s *scanner) close() bool {
	s.stack = s.stack[:len(s.stack)-1]
	s.pos++
	return len(s.stack) == 0
}

// after reads what follows a value inside an object or array: the comma before the next one, or closing brackets.
// More is false when the outermost one was closed.
func (s *scanner) after(comma *int) (more, ok bool) {
	for {
		if !s.space() {
			return false, false
		}
		if s.pos == len(s.b) {
			return false, s.ended()
		}
		top := s.stack[len(s.stack)-1]
		switch c := s.b[s.pos]; c {
		case ',':
			*comma = s.pos
			s.pos++
			return true, true
		case '}', ']':
			if c != top.open+2 {
				return false, s.mismatch(c, top)
			}
			if s.close() {
				return false, true
			}
		default:
			return false, s.noComma(c, top)
		}
	}
}

// key reads the name of a member and the colon, to the first byte of the value.
func (s *scanner) key(outermost bool) bool {
	start := s.pos
	if s.b[s.pos] != '"' {
		if s.b[s.pos] == ',' {
			return s.strayComma()
		}
		if s.quote() {
			return false
		}
		if word := s.word(); len(word) > 0 {
			return s.fail(source.Span{Start: start, End: start + len(word)}, "key %q is not between double quotes",
				clip(word))
		}
		return s.unexpected()
	}
	if !s.str() {
		return false
	}
	key := s.b[start+1 : s.pos-1]
	if !s.space() {
		return false
	}
	if s.pos == len(s.b) {
		return s.ended()
	}
	if c := s.b[s.pos]; c != ':' {
		at := source.Span{Start: s.pos, End: s.pos + 1}
		switch c {
		case '=', ';':
			return s.fail(at, "%q stands where the colon after key %q belongs", string(c), clip(key))
		case ',', '}':
			return s.fail(at, "key %q has no value", clip(key))
		}
		if c >= utf8.RuneSelf || c < ' ' {
			return s.unexpected()
		}
		return s.fail(at, "colon is missing after key %q", clip(key))
	}
	s.pos++
	if !s.space() {
		return false
	}
	if s.pos == len(s.b) {
		return s.ended()
	}
	if c := s.b[s.pos]; c == ',' || c == '}' || c == ']' {
		return s.fail(source.Span{Start: s.pos, End: s.pos + 1}, "key %q has no value", clip(key))
	}
	if outermost && s.member != nil && !s.member(key, s.pos) {
		return false
	}
	return true
}

// str reads a string.
func (s *scanner) str() bool {
	start := s.pos
	for i := s.pos + 1; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.pos = i + 1
			return true
		case c == '\\':
			n := 2
			if i+1 < len(s.b) && s.b[i+1] == 'u' {
				n = 6
			}
			if !escape(s.b[i:min(i+n, len(s.b))]) {
				end := i + 1
				if end < len(s.b) {
					_, size := utf8.DecodeRune(s.b[end:])
					end += size
				}
				if n == 6 {
					for end < min(i+n, len(s.b)) && s.b[end] != '"' && s.b[end] > ' ' && s.b[end] < utf8.RuneSelf {
						end++
					}
				}
				return s.fail(source.Span{Start: i, End: end}, "%q is not an escape sequence of JSON", s.b[i:end])
			}
			i += n - 1
		case c == '\n' || c == '\r':
			return s.fail(source.Span{Start: start, End: i}, "string is not closed before the end of the line")
		case c < ' ':
			return s.fail(source.Span{Start: i, End: i + 1}, "control character U+%04X stands in a string", c)
		}
	}
	return s.fail(source.Span{Start: start, End: len(s.b)}, "string is not closed before the end of the file")
}

// escape reports whether e is one whole escape sequence.
func escape(e []byte) bool {
	if len(e) < 2 {
		return false
	}
	if e[1] != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), e[1]) >= 0
	}
	if len(e) < 6 {
		return false
	}
	for _, c := range e[2:6] {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// literal reads true, false, null or a number.
func (s *scanner) literal() bool {
	if s.b[s.pos] == ',' {
		return s.strayComma()
	}
	if s.quote() {
		return false
	}
	word := s.word()
	if len(word) == 0 {
		return s.unexpected()
	}
	at := source.Span{Start: s.pos, End: s.pos + len(word)}
	switch c := word[0]; {
	case string(word) == "true" || string(word) == "false" || string(word) == "null":
	case c == '-' || c == '+' || c == '.' || '0' <= c && c <= '9':
		if number(word) {
			break
		}
		digits := bytes.TrimLeft(word, "+-")
		switch {
		case len(digits) > 2 && digits[0] == '0' &&
			(digits[1]|0x20 == 'x' || digits[1]|0x20 == 'o' || digits[1]|0x20 == 'b'):
			return s.fail(at, "number %q is not decimal; JSON has decimal numbers only", clip(word))
		case len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9':
			return s.fail(at, "number %q begins with a zero, which JSON does not allow", clip(word))
		}
		return s.fail(at, "%q is not a JSON number", clip(word))
	default:
		switch lower := string(bytes.ToLower(word)); lower {
		case "true", "false", "null":
			return s.fail(at, "%q is not a JSON value; JSON spells it %q", clip(word), lower)
		case "none", "nil", "undefined":
			return s.fail(at, "%q is not a JSON value; JSON spells it \"null\"", clip(word))
		}
		return s.fail(at, "%q is not a JSON value; a string stands between double quotes", clip(word))
	}
	s.pos = at.End
	return true
}

// number reports whether word is a number of JSON.
func number(word []byte) bool {
	digits := func(w []byte) (rest []byte, ok bool) {
		n := 0
		for n < len(w) && '0' <= w[n] && w[n] <= '9' {
			n++
		}
		return w[n:], n > 0
	}
	w := bytes.TrimPrefix(word, []byte("-"))
	ok := true
	if bytes.HasPrefix(w, []byte("0")) {
		w = w[1:]
	} else if w, ok = digits(w); !ok {
		return false
	}
	if bytes.HasPrefix(w, []byte(".")) {
		if w, ok = digits(w[1:]); !ok {
			return false
		}
	}
	if len(w) > 0 && w[0]|0x20 == 'e' {
		w = w[1:]
		if len(w) > 0 && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		if w, ok = digits(w); !ok {
			return false
		}
	}
	return len(w) == 0
}

// word returns the run of bytes at pos that names and numbers are made of.
func (s *scanner) word() []byte {
	n := s.pos
	for n < len(s.b) {
		c := s.b[n]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '+' ||
			c == '.' || c == '$') {
			break
		}
		n++
	}
	return s.b[s.pos:n]
}

// quote records a problem, and reports true, where a string begins with other quotes than JSON's.
func (s *scanner) quote() bool {
	kind, size := "", 1
	switch r, n := utf8.DecodeRune(s.b[s.pos:]); r {
	case '\'':
		kind = "single quotes"
	case '`':
		kind = "backquotes"
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2018', '\u2019', '\u00ab', '\u00bb':
		kind, size = "typographic quotes", n
	default:
		return false
	}
	s.fail(source.Span{Start: s.pos, End: s.pos + size}, "string stands between %s; JSON has double quotes only", kind)
	return true
}

func (s *scanner) strayComma() bool {
	return s.fail(source.Span{Start: s.pos, End: s.pos + 1}, "comma stands where a value belongs")
}

func (s *scanner) unexpected() bool {
	r, size := utf8.DecodeRune(s.b[s.pos:])
	at := source.Span{Start: s.pos, End: s.pos + size}
	switch {
	case r == utf8.RuneError && size == 1:
		return s.fail(at, "byte 0x%02X is not UTF-8 text", s.b[s.pos])
	case !unicode.IsPrint(r):
		return s.fail(at, "character U+%04X stands between JSON values", r)
	}
	return s.fail(at, "unexpected %q", string(r))
}

// noComma says what is wrong with a byte that follows a value.
func (s *scanner) noComma(c byte, top bracket) bool {
	at := source.Span{Start: s.pos, End: s.pos + 1}
	switch {
	case c == ':' && top.open == '[':
		return s.fail(at, "colon in an array; only an object, between braces, has keys")
	case c == ';' || c == ':' || c == '=' || c == '|':
		return s.fail(at, "%q stands where a comma or %q belongs", string(c), string(top.open+2))
	case c == '{' || c == '[':
		return s.fail(at, "comma is missing before %q", string(c))
	case c == '"':
		end := s.pos + 1
		for end < len(s.b) && s.b[end] != '"' && s.b[end] >= ' ' {
			end++
		}
		at.End = min(end+1, len(s.b))
		return s.fail(at, "comma is missing before %q", clip(s.b[s.pos+1:end]))
	}
	if word := s.word(); len(word) > 0 {
		at.End = s.pos + len(word)
		return s.fail(at, "comma is missing before %q", clip(word))
	}
	return s.unexpected()
}

func (s *scanner) mismatch(c byte, top bracket) bool {
	return s.fail(source.Span{Start: s.pos, End: s.pos + 1},
		"%q stands where the %s that begins on line %d ends with %q", string(c), top.kind(), s.file.LineOf(top.at),
		string(top.open+2))
}

// ended says what is still open at the end of the text.
func (s *scanner) ended() bool {
	end := len(bytes.TrimRight(s.b, " \t\r\n"))
	top := s.stack[len(s.stack)-1]
	return s.fail(source.Span{Start: end, End: end}, "file ends inside the %s that begins on line %d", top.kind(),
		s.file.LineOf(top.at))
}

func (t bracket) kind() string {
	if t.open == '{' {
		return "object"
	}
	return "array"
}

// clip shortens text that a message quotes.
func clip(b []byte) string {
	const most = 60
	if len(b) <= most {
		return string(b)
	}
	n := most
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + "…"
}

package dockerfile

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// readWords reads the instruction in the bytes from a to b of the logical line, which have no white space at either
// end: keyword, flags, arguments and trigger.
func (r *reader) readWords(i *Instruction, a, b int) {
	l := &r.line
	end := skipWord(l.text, a, b)
	i.Keyword = l.span(a, end)
	i.Name = canonicalKeyword(l.text[a:end])
	args := r.readFlags(i, skipBlanks(l.text, end, b), b)
	args, b = trimSpace(l.text, args, b)
	i.Args = l.span(args, b)
	i.Span = l.span(a, b)

	switch i.Name {
	case "RUN", "CMD", "ENTRYPOINT":
		r.readExec(i, args, b)
	case "SHELL":
		if !r.readExec(i, args, b) && args < b && len(r.faults) == 0 {
			r.fault(i.Args, `SHELL needs a JSON array of strings, such as ["/bin/bash", "-c"]`)
		}
	case "COPY", "ADD", "VOLUME":
		if !r.readExec(i, args, b) {
			r.readFields(i, args, b)
		}
	case "EXPOSE", "FROM":
		r.readFields(i, args, b)
	case "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR":
		if args < b {
			i.Words = r.keep([]Word{l.word(args, b)})
		}
	case "ENV", "LABEL":
		r.readPairs(i, args, b)
	case "ARG":
		r.readArgs(i, args, b)
	case "HEALTHCHECK":
		r.readHealthcheck(i, args, b)
	case "ONBUILD":
		if args < b {
			i.Trigger = r.newInstruction()
			r.readTrigger(i.Trigger, args, b)
		}
	}
}

// readTrigger reads the instruction inside ONBUILD. An ONBUILD inside ONBUILD is not allowed and is not read.
func (r *reader) readTrigger(i *Instruction, a, b int) {
	l := &r.line
	if end := skipWord(l.text, a, b); canonicalKeyword(l.text[a:end]) == "ONBUILD" {
		i.Name, i.Keyword, i.Span = "ONBUILD", l.span(a, end), l.span(a, b)
		i.Args = l.span(skipBlanks(l.text, end, b), b)
		return
	}
	r.readWords(i, a, b)
}

// canonicalKeyword returns a keyword in upper case.
func canonicalKeyword(s string) string {
	var buf [16]byte
	if len(s) <= len(buf) {
		for n := 0; n < len(s); n++ {
			c := s[n]
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			buf[n] = c
		}
		if name, ok := keywordSet()[string(buf[:len(s)])]; ok {
			return name
		}
	}
	// BuildKit lowers by Unicode's rules, which turn some other characters, such as the Kelvin sign, into ASCII
	// letters.
	return strings.ToUpper(strings.ToLower(s))
}

// readFlags reads the flags at the start of the bytes from a to b and returns where they end.
func (r *reader) readFlags(i *Instruction, a, b int) int {
	s := r.line.text
	for {
		for a < b && isLatinSpace(s[a]) {
			a++
		}
		if b-a < 2 || s[a] != '-' || s[a+1] != '-' {
			return a
		}
		end, equals, word := r.flagWord(a, b)
		if word == "--" {
			return end
		}
		name, value, has := strings.Cut(word[2:], "=")
		f := Flag{Name: name, Unquoted: value, Span: r.line.span(a, end)}
		if has {
			f.Value = r.line.word(equals+1, end)
		}
		i.Flags = append(i.Flags, f)
		a = end
	}
}

// flagWord reads the flag that begins at a. It returns its end, the offset of its first '=', and its text with quotes
// and escapes removed.
func (r *reader) flagWord(a, b int) (end, equals int, word string) {
	s := r.line.text
	for end = a; end < b; end++ {
		c := s[end]
		switch {
		case isLatinSpace(c):
			return end, equals, s[a:end]
		case c == '\'' || c == '"' || c == r.file.Escape || c >= utf8.RuneSelf:
			return r.quotedFlagWord(a, b)
		case c == '=' && equals == 0:
			equals = end
		}
	}
	return end, equals, s[a:end]
}

func (r *reader) quotedFlagWord(a, b int) (end, equals int, word string) {
	s := r.line.text
	var text []byte
	var quote byte
	for end = a; end < b; end++ {
		c := s[end]
		switch {
		case quote == 0 && isLatinSpace(c):
			return end, equals, string(text)
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			continue
		case quote != 0 && c == quote:
			quote = 0
			continue
		case c == r.file.Escape:
			if end+1 == b {
				continue
			}
			end++
			c = s[end]
		}
		if c == '=' && equals == 0 {
			equals = end
		}
		text = utf8.AppendRune(text, rune(c)) // BuildKit reads flags as Latin-1
	}
	return end, equals, string(text)
}

// readFields splits the bytes from a to b at white space.
func (r *reader) readFields(i *Instruction, a, b int) {
	s := r.line.text
	words := r.scratch[:0]
	for a < b {
		end := skipWord(s, a, b)
		words = append(words, r.line.word(a, end))
		a = skipBlanks(s, end, b)
	}
	r.scratch = words
	i.Words = r.keep(words)
}

// readExec reads the bytes from a to b as a JSON array of strings, and reports whether they are one.
func (r *reader) readExec(i *Instruction, a, b int) bool {
	s := r.line.text
	a = skipSpace(s, a, b)
	if a == b || s[a] != '[' {
		return false
	}
	words := r.scratch[:0]
	odd := source.Span{} // the first element that is not a string
	at := skipJSONSpace(s, a+1, b)
	closed := at < b && s[at] == ']'
	for !closed {
		end, plain, ok := jsonString(s, at, b)
		if ok {
			w := r.line.word(at, end)
			w.Text = w.Text[1 : len(w.Text)-1]
			if !plain {
				var text string
				if json.Unmarshal([]byte(s[at:end]), &text) != nil {
					return false
				}
				w.Text = text
			}
			words = append(words, w)
		} else {
			if end = skipJSONValue(s, at, b); end == at {
				return false
			}
			if odd.IsEmpty() {
				odd = r.line.span(at, end)
			}
		}
		at = skipJSONSpace(s, end, b)
		if at == b || s[at] != ',' && s[at] != ']' {
			return false
		}
		closed = s[at] == ']'
		if !closed {
			at = skipJSONSpace(s, at+1, b)
		}
	}
	r.scratch = words
	if at+1 != b && skipJSONSpace(s, at+1, b) != b {
		return false
	}
	if !odd.IsEmpty() {
		var array []any
		if json.Unmarshal([]byte(s[a:b]), &array) == nil {
			r.fault(odd, "array of %s has an element that is not a string", i.Name)
		}
		return false
	}
	i.Words = r.keep(words)
	i.Exec = true
	return true
}

// jsonString reads the JSON string that begins at a. It returns its end, and whether it is plain: ASCII without
// escapes.
func jsonString(s string, a, b int) (end int, plain, ok bool) {
	if a >= b || s[a] != '"' {
		return a, false, false
	}
	plain = true
	for a++; a < b; a++ {
		switch c := s[a]; {
		case c == '"':
			return a + 1, plain, true
		case c == '\\':
			plain = false
			a++
		case c < 0x20:
			return a, false, false
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return b, false, false
}

// skipJSONValue returns the end of the value that begins at a. It accepts any text: validity is checked elsewhere.
func skipJSONValue(s string, a, b int) int {
	depth := 0
	for a < b {
		switch s[a] {
		case '"':
			end, _, ok := jsonString(s, a, b)
			if !ok {
				return b
			}
			a = end
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return a
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return a
			}
		}
		a++
	}
	return b
}

func skipJSONSpace(s string, a, b int) int {
	for a < b && (s[a] == ' ' || s[a] == '\t' || s[a] == '\r' || s[a] == '\n') {
		a++
	}
	return a
}

// quotedWord reads the next word of ENV, LABEL and ARG, where quotes and escapes keep white space in a word and are
// part of it. The word is [start, end), and the text after it begins at next. It returns false when there is no word.
func (r *reader) quotedWord(a, b int) (start, end, next int, ok bool) {
	s, esc := r.line.text, r.file.Escape
	a = skipSpace(s, a, b)
	start = a
	var quote byte
	quoted := false
	for a < b {
		c := s[a]
		n := 1
		if c >= utf8.RuneSelf {
			var ch rune
			ch, n = utf8.DecodeRuneInString(s[a:b])
			if quote == 0 && unicode.IsSpace(ch) {
				break
			}
			a += n
			continue
		}
		switch {
		case quote == 0 && (isBlank(c) || c == '\n'):
			return start, a, a, true
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, quoted = c, true
		case c == esc && quote != '\'':
			if a+1 == b { // BuildKit drops an escape character with nothing to escape
				return start, a, b, quoted || a > start
			}
			_, width := utf8.DecodeRuneInString(s[a+1 : b])
			n += width
		}
		a += n
	}
	return start, a, a, a > start
}

// quotedWords reads all words from a to b.
func (r *reader) quotedWords(a, b int) []Word {
	words := r.scratch[:0]
	for {
		start, end, next, ok := r.quotedWord(a, b)
		if !ok {
			break
		}
		words = append(words, r.line.word(start, end))
		a = next
	}
	r.scratch = words
	return r.keep(words)
}

// readPairs reads the keys and values of ENV and LABEL.
func (r *reader) readPairs(i *Instruction, a, b int) {
	s := r.line.text
	start, end, _, ok := r.quotedWord(a, b)
	if !ok {
		return
	}
	if !strings.Contains(s[start:end], "=") {
		end = skipWord(s, a, b)
		value := skipBlanks(s, end, b)
		key := r.line.word(a, end)
		if value == b {
			i.Words = r.keep([]Word{key})
			r.fault(key.Span, "%s has the key %s without a value", i.Name, quote(key.Text))
			return
		}
		i.Words = r.keep([]Word{key, r.line.word(value, b)})
		i.Pairs = []Pair{{Key: key, Value: i.Words[1], HasValue: true, Legacy: true}}
		return
	}
	i.Words = r.quotedWords(a, b)
	i.Pairs = make([]Pair, 0, len(i.Words))
	at := a
	for _, w := range i.Words {
		start, end, next, _ := r.quotedWord(at, b)
		at = next
		p := r.pair(start, end)
		if !p.HasValue {
			r.fault(w.Span, "%s has the word %s without '='", i.Name, quote(w.Text))
			continue
		}
		if p.Key.Text == "" {
			r.fault(w.Span, "%s has the value %s without a key", i.Name, quote(w.Text))
			continue
		}
		i.Pairs = append(i.Pairs, p)
	}
}

// pair splits the word from a to b at its first '='.
func (r *reader) pair(a, b int) Pair {
	equals := strings.IndexByte(r.line.text[a:b], '=')
	if equals < 0 {
		return Pair{Key: r.line.word(a, b), Value: Word{Span: r.line.span(b, b)}}
	}
	return Pair{Key: r.line.word(a, a+equals), Value: r.line.word(a+equals+1, b), HasValue: true}
}

// readArgs reads the names and defaults of ARG.
func (r *reader) readArgs(i *Instruction, a, b int) {
	i.Words = r.quotedWords(a, b)
	if len(i.Words) == 0 {
		return
	}
	i.Pairs = make([]Pair, 0, len(i.Words))
	for _, w := range i.Words {
		start, end, next, _ := r.quotedWord(a, b)
		a = next
		p := r.pair(start, end)
		if p.Key.Text == "" {
			r.fault(w.Span, "ARG has the value %s without a name", quote(w.Text))
			continue
		}
		i.Pairs = append(i.Pairs, p)
	}
}

// readHealthcheck reads the type of a health check and, for CMD, the command as its trigger.
func (r *reader) readHealthcheck(i *Instruction, a, b int) {
	s := r.line.text
	end := a
	for end < b && !isLatinSpace(s[end]) {
		end++
	}
	if end == a {
		return
	}
	next := end
	for next < b && isLatinSpace(s[next]) {
		next++
	}
	word := r.line.word(a, end)
	i.Words = r.keep([]Word{word})
	switch strings.ToUpper(word.Text) {
	case "NONE":
		if next < b {
			r.fault(r.line.span(next, b), "HEALTHCHECK NONE takes no arguments")
		}
	case "CMD":
		t := r.newInstruction()
		t.Name, t.Keyword, t.Args, t.Span = "CMD", word.Span, r.line.span(next, b), r.line.span(a, b)
		i.Trigger = t
		if r.readExec(t, next, b) && len(t.Words) == 0 || next == b {
			r.fault(word.Span, "HEALTHCHECK CMD has no command")
		}
	default:
		r.faultNear(word.Span, word.Text, []string{"CMD", "NONE"},
			"type of HEALTHCHECK is %s; it can only be CMD or NONE", quote(word.Text))
	}
}

package dockerfile

import (
	"sort"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// segment maps a part of a logical line to the file.
type segment struct {
	at  int // offset in the logical line
	off int // offset in the file
}

// logical is an instruction's line after its continuation lines have been joined, as BuildKit joins them: without the
// escape characters at line ends, comment lines and empty lines. It is valid until the reader reads the next one.
type logical struct {
	text string
	segs []segment // none is empty, except for a line with nothing but an escape character
}

// off returns the file offset of the byte at p, which is inside the line.
func (l *logical) off(p int) int {
	if len(l.segs) == 1 {
		return l.segs[0].off + p
	}
	n := sort.Search(len(l.segs), func(n int) bool { return l.segs[n].at > p }) - 1
	return l.segs[n].off + p - l.segs[n].at
}

// span returns the span in the file of the bytes from a to b. An empty range is directly after the byte before it.
func (l *logical) span(a, b int) source.Span {
	if a < b {
		return source.Span{Start: l.off(a), End: l.off(b-1) + 1}
	}
	off := l.segs[0].off
	if a > 0 {
		off = l.off(a-1) + 1
	}
	return source.Span{Start: off, End: off}
}

// word returns the bytes from a to b as a word.
func (l *logical) word(a, b int) Word { return Word{Text: l.text[a:b], Span: l.span(a, b)} }

// isBlank reports whether BuildKit splits arguments at c. Other Unicode white space does not split them.
func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'
}

// isLatinSpace reports whether c is white space for BuildKit where it reads text byte by byte, as if it were Latin-1.
func isLatinSpace(c byte) bool {
	return isBlank(c) || c == '\n' || c == 0x85 || c == 0xa0
}

// skipBlanks returns the offset of the first byte from a on, and before b, at which BuildKit would not split.
func skipBlanks(s string, a, b int) int {
	for a < b && isBlank(s[a]) {
		a++
	}
	return a
}

// skipWord returns the offset of the first byte from a on, and before b, at which BuildKit would split.
func skipWord(s string, a, b int) int {
	for a < b && !isBlank(s[a]) {
		a++
	}
	return a
}

// skipSpace returns the offset of the first rune from a on, and before b, that is not Unicode white space.
func skipSpace(s string, a, b int) int {
	for a < b {
		if c := s[a]; c < utf8.RuneSelf {
			if !isBlank(c) && c != '\n' {
				break
			}
			a++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[a:b])
		if !unicode.IsSpace(r) {
			break
		}
		a += n
	}
	return a
}

// trimSpace returns the bounds of s[a:b] without Unicode white space at either end.
func trimSpace(s string, a, b int) (int, int) {
	a = skipSpace(s, a, b)
	for b > a {
		if c := s[b-1]; c < utf8.RuneSelf {
			if !isBlank(c) && c != '\n' {
				break
			}
			b--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s[a:b])
		if !unicode.IsSpace(r) {
			break
		}
		b -= n
	}
	return a, b
}

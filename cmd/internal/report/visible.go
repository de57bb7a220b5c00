package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Visible returns s in a form that is safe to print on a terminal and hides nothing: control characters (tabs too),
// invalid UTF-8 and characters that change the direction of the text become visible signs.
func Visible(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(glyph(r, s[i:i+n]))
		i += n
	}
	return b.String()
}

// glyph returns the visible form of one character, whose bytes are raw.
func glyph(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf("<%02X>", raw[0])
	case r < ' ':
		return string('\u2400' + r)
	case r == 0x7f:
		return "\u2421"
	case r < 0x7f:
		return raw
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return fmt.Sprintf("<U+%04X>", r)
	}
	return raw
}

// columns returns how many terminal columns shown, the glyph of r, takes. A tab counts as one.
func columns(r rune, shown string) int {
	switch {
	case len(shown) == 1:
		return 1
	case shown[0] == '<':
		return len(shown)
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// stripANSI returns s without terminal escape sequences.
func stripANSI(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != 0x1b {
			b.WriteByte(s[i])
			i++
			continue
		}
		i = escapeEnd(s, i)
	}
	return b.String()
}

// escapeEnd returns where the escape sequence that begins at i ends.
func escapeEnd(s string, i int) int {
	i++
	if i == len(s) {
		return i
	}
	switch s[i] {
	case '[': // CSI: parameters, then one final byte
		for i++; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return i
			}
		}
		return i
	case ']': // OSC: up to BEL or ESC \
		for j := i + 1; j < len(s); j++ {
			switch {
			case s[j] == 0x07:
				return j + 1
			case s[j] == 0x1b && j+1 < len(s) && s[j+1] == '\\':
				return j + 2
			case s[j] == '\n':
				return j
			}
		}
		return len(s)
	}
	if s[i] >= 0x20 && s[i] <= 0x7e {
		return i + 1
	}
	return i
}

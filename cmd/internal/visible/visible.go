// Package visible makes text that may hold anything safe to show: nothing in it is hidden, and nothing in it changes
// how the text around it is shown.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with visible signs instead of control characters (tabs too), invalid UTF-8 and characters that have no
// form of their own or change the direction of the text.
func Text(s string) string {
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
		b.WriteString(Glyph(r, s[i:i+n]))
		i += n
	}
	return b.String()
}

// Code returns a line of source as Text does, but with its tabs.
func Code(s string) string {
	if strings.IndexByte(s, '\t') < 0 {
		return Text(s)
	}
	parts := strings.Split(s, "\t")
	for n, part := range parts {
		parts[n] = Text(part)
	}
	return strings.Join(parts, "\t")
}

// Glyph returns the visible form of one character, whose bytes are raw.
func Glyph(r rune, raw string) string {
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

package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/sandlint/sandlint/cmd/internal/visible"
)

// Visible returns s in a form that is safe to print on a terminal and hides nothing: see visible.Text.
func Visible(s string) string { return visible.Text(s) }

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

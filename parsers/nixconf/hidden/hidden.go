// Package hidden knows the characters that mislead a reader of nix.conf: invisible ones, and those that look like a
// blank, a dash, an equals sign or a quote but mean nothing to Nix.
package hidden

import (
	"fmt"
	"unicode/utf8"
)

// Kind says how a character misleads.
type Kind int

const (
	// None is any other character.
	None Kind = iota
	// Nothing is an invisible character, such as a byte order mark.
	Nothing
	// Blank is a character that looks like a blank, but is not one to Nix.
	Blank
	// Dash and Equals are characters that look like '-' and '='.
	Dash
	Equals
	// Quote is a typographic quote.
	Quote
)

// KindOf returns whether a character is invisible, or looks like another one that has a meaning in nix.conf. Nix takes
// SPACE, TAB, CR and LF as blanks, and every other character as part of a word.
func KindOf(r rune) Kind {
	switch {
	case r == '\v' || r == '\f':
		return Blank
	case r < 0x80:
		return None
	case r == 0xfeff, r == 0xad, 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x2064,
		0x2066 <= r && r <= 0x2069:
		return Nothing
	case r == 0x85, r == 0xa0, r == 0x1680, 0x2000 <= r && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f,
		r == 0x205f, r == 0x3000:
		return Blank
	case 0x2010 <= r && r <= 0x2015, r == 0x2212, r == 0xff0d:
		return Dash
	case r == 0xff1d:
		return Equals
	case 0x2018 <= r && r <= 0x201f, r == 0xab, r == 0xbb:
		return Quote
	}
	return None
}

// Name returns the name of a character for a message: "U+00A0 (no-break space)".
func Name(r rune) string {
	what := ""
	switch r {
	case '\v':
		what = "vertical tab"
	case '\f':
		what = "form feed"
	case 0xa0:
		what = "no-break space"
	case 0xad:
		what = "soft hyphen"
	case 0x200b:
		what = "zero-width space"
	case 0x2011:
		what = "non-breaking hyphen"
	case 0x2013:
		what = "en dash"
	case 0x2014:
		what = "em dash"
	case 0x2212:
		what = "minus sign"
	case 0xfeff:
		what = "byte order mark"
	default:
		what = [...]string{"character", "invisible character", "space", "dash", "equals sign",
			"typographic quote"}[KindOf(r)]
	}
	return fmt.Sprintf("U+%04X (%s)", r, what)
}

// First returns the offset in s of the first character whose kind is not None; ok is false where there is none.
func First(s string) (at int, r rune, ok bool) {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf && c != '\v' && c != '\f' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if KindOf(r) != None {
			return i, r, true
		}
		i += n
	}
	return 0, 0, false
}

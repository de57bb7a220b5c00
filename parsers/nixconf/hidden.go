package nixconf

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/source"
)

// HiddenKind tells how a character misleads.
type HiddenKind int

const (
	// NotHidden is any other character.
	NotHidden HiddenKind = iota
	// HiddenNothing is a character that shows as nothing, such as a byte order mark.
	HiddenNothing
	// HiddenBlank is a character that shows as a blank, and is none to Nix.
	HiddenBlank
	// HiddenDash and HiddenEquals are characters that show as '-' and '='.
	HiddenDash
	HiddenEquals
	// HiddenQuote is a typographic quote.
	HiddenQuote
)

// Hidden tells whether a character looks like nothing, or like another one that has a meaning in nix.conf. Nix knows SPACE, TAB, CR and LF as
// blanks, and takes every other character as part of a word.
func Hidden(r rune) HiddenKind {
	switch {
	case r == '\v' || r == '\f':
		return HiddenBlank
	case r < 0x80:
		return NotHidden
	case r == 0xfeff, r == 0xad, 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x2064, 0x2066 <= r && r <= 0x2069:
		return HiddenNothing
	case r == 0x85, r == 0xa0, r == 0x1680, 0x2000 <= r && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return HiddenBlank
	case 0x2010 <= r && r <= 0x2015, r == 0x2212, r == 0xff0d:
		return HiddenDash
	case r == 0xff1d:
		return HiddenEquals
	case 0x2018 <= r && r <= 0x201f, r == 0xab, r == 0xbb:
		return HiddenQuote
	}
	return NotHidden
}

// HiddenName names a character for a message: "U+00A0 (no-break space)".
func HiddenName(r rune) string {
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
		what = [...]string{"character", "invisible character", "blank", "dash", "equals sign", "typographic quote"}[Hidden(r)]
	}
	return fmt.Sprintf("U+%04X (%s)", r, what)
}

// FirstHidden returns the place in s of the first character that Hidden tells something of; ok is false where there is none.
func FirstHidden(s string) (at int, r rune, ok bool) {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf && c != '\v' && c != '\f' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if Hidden(r) != NotHidden {
			return i, r, true
		}
		i += n
	}
	return 0, 0, false
}

// Shown returns the words that a reader sees where these stand: hidden blanks part words, what shows as nothing is left out, and what looks
// like '-' or '=' is that. It returns words itself where nothing is hidden. Spans are those of the text.
func Shown(words []Word) []Word {
	hidden := false
	for _, w := range words {
		if _, _, ok := FirstHidden(w.Text); ok {
			hidden = true
			break
		}
	}
	if !hidden {
		return words
	}
	var out []Word
	for _, w := range words {
		out = appendShown(out, w)
	}
	return out
}

func appendShown(out []Word, w Word) []Word {
	var b strings.Builder
	var s source.Span
	flush := func() {
		if b.Len() > 0 {
			out = append(out, Word{Text: b.String(), Span: s})
			b.Reset()
		}
	}
	for i := 0; i < len(w.Text); {
		r, n := utf8.DecodeRuneInString(w.Text[i:])
		text := w.Text[i : i+n]
		at := source.Span{Start: w.Span.Start + i, End: w.Span.Start + i + n}
		i += n
		switch Hidden(r) {
		case HiddenBlank:
			flush()
			continue
		case HiddenNothing, HiddenQuote:
			continue
		case HiddenDash:
			text = "-"
		case HiddenEquals:
			text = "="
		}
		if b.Len() == 0 {
			s = at
		}
		s.End = at.End
		b.WriteString(text)
	}
	flush()
	return out
}

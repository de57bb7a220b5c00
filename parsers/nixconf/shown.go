package nixconf

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/source"
)

// Shown returns the words that a reader sees: hidden blanks separate words, invisible characters are left out, and what
// looks like '-' or '=' is one. It returns words itself where nothing is hidden. Spans are those of the text.
func Shown(words []Word) []Word {
	misleads := func(w Word) bool { _, _, ok := hidden.First(w.Text); return ok }
	if !slices.ContainsFunc(words, misleads) {
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
		switch hidden.KindOf(r) {
		case hidden.Blank:
			flush()
			continue
		case hidden.Nothing, hidden.Quote:
			continue
		case hidden.Dash:
			text = "-"
		case hidden.Equals:
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

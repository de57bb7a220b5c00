package report

import (
	"strings"
	"unicode/utf8"
)

// leastWidth is the narrowest terminal for which messages are wrapped.
const leastWidth = 20

// wrap splits text at blanks into lines that fit into width columns. The first line has first columns less, and the
// others have indent less. A word that is wider than a line gets one of its own and is not broken. With a width of 0,
// there is one line.
func wrap(text string, width, first, indent int) []string {
	if width < leastWidth {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	room := width - first
	used := 0
	for n, word := range strings.Split(text, " ") {
		need := textColumns(word)
		if n > 0 {
			if used+1+need <= room {
				line.WriteByte(' ')
				used++
			} else {
				lines = append(lines, line.String())
				line.Reset()
				used, room = 0, width-indent
			}
		} else if need > room && first > indent {
			lines = append(lines, "")
			room = width - indent
		}
		line.WriteString(word)
		used += need
	}
	return append(lines, line.String())
}

// textColumns returns how many columns of a terminal a text takes that Visible returned.
func textColumns(s string) int {
	n := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r < utf8.RuneSelf {
			n++
		} else {
			n += columns(r, s[i:i+size])
		}
		i += size
	}
	return n
}

package report

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/parsers/secret"
)

// Line returns s as one line that may be printed anywhere: it holds no control characters, no password and nothing that
// the runner of a GitHub job takes for a command.
func Line(s string) string { return strings.ReplaceAll(secret.Mask(Visible(s)), "##[", "## [") }

// VisibleLines returns text as it may be printed on a terminal: each line is Visible, but for tabs.
func VisibleLines(text []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		body, found := bytes.CutSuffix(line, []byte("\n"))
		for n, part := range strings.Split(string(body), "\t") {
			if n > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(Visible(part))
		}
		if found {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

// NoCommandInJSON returns JSON that means the same, in which the runner of a GitHub job sees no command, and a terminal
// no control character: "##[" and the characters from U+007F to U+009F are escaped. Both occur only in strings.
func NoCommandInJSON(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("##["), []byte(`#\u0023[`))
	if !bytes.ContainsAny(text, "\x7f") && !bytes.Contains(text, []byte{0xc2}) {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	const hex = "0123456789abcdef"
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == 0x7f:
			out = append(out, `\u007f`...)
		case c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0:
			i++
			out = append(out, '\\', 'u', '0', '0', hex[text[i]>>4], hex[text[i]&15])
		default:
			out = append(out, c)
		}
	}
	return out
}

package nixconf

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// AppendCommand returns the shell command that appends lines to the nix.conf of the system, and false where it cannot
// hold one of them in single quotes.
func AppendCommand(lines []string) (string, bool) {
	for _, line := range lines {
		if strings.ContainsAny(line, "'\\\n\r\x00") {
			return "", false
		}
	}
	switch len(lines) {
	case 0:
		return "", false
	case 1:
		return "echo '" + lines[0] + "' >> " + nixuse.SystemConf, true
	}
	return "printf '%s\\n' '" + strings.Join(lines, "' '") + "' >> " + nixuse.SystemConf, true
}

// Line returns an entry as a line of its own, with one blank between words.
func Line(e *nixconf.Entry) string {
	return strings.TrimRight(e.Name.Text+" = "+strings.Join(strings.Fields(e.Value), " "), " ")
}

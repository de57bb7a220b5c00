// Package write makes the instructions that write settings to the nix.conf of an image.
package write

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

// Instruction returns the RUN that appends settings to the nix.conf of the system, each a line "name = value", and
// false where the shell would take a character of them for its own. makeFolder says that the folder may not exist.
func Instruction(lines []string, makeFolder bool) (string, bool) {
	command, ok := Command(lines)
	if makeFolder {
		command = "mkdir -p /etc/nix && " + command
	}
	return "RUN " + command, ok
}

// Command returns the shell command that appends settings to the nix.conf of the system; see Instruction.
func Command(lines []string) (string, bool) {
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

// Line returns an entry as a line of its own.
func Line(e *nixconf.Entry) string {
	return strings.TrimRight(e.Name.Text+" = "+strings.Join(strings.Fields(e.Value), " "), " ")
}

// Reads reports whether an event runs as root with nothing that makes Nix read another file than the nix.conf of the
// system, so settings written there by an instruction before or after it hold.
func Reads(e *nixuse.Event) bool {
	if !image.IsRoot(e.User) {
		return false
	}
	for _, at := range e.Image.Timeline() {
		if at.Kind == nixuse.SetEnv && at.Name == "NIX_CONF_DIR" {
			return false
		}
	}
	return true
}

// Package shellcheck has one rule, which reports what ShellCheck finds in the scripts that a Dockerfile runs.
//
// ShellCheck is a program of its own. Rules start no programs, so whoever runs the rules provides it as a Program.
package shellcheck

import (
	"embed"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Script is a text to check.
type Script struct {
	// Dialect is the language, by ShellCheck's name: "sh", "bash", "dash" or "ksh"; "" where the first line of the text
	// says it.
	Dialect string
	// Text is the script.
	Text string
}

// Comment is something that ShellCheck found. Lines and columns count from 1, columns in code points; the end is
// exclusive.
type Comment struct {
	Line, Column       int
	EndLine, EndColumn int
	// Level is "error", "warning", "info" or "style", and Code the number after "SC".
	Level   string
	Code    int
	Message string
	// Fix are the replacements that together mend it, none where there is no fix.
	Fix []Replacement
}

// Replacement is one edit of a fix: the text between two places is replaced.
type Replacement struct {
	Line, Column       int
	EndLine, EndColumn int
	Text               string
}

// Program is ShellCheck. It may be called from several goroutines, and the same text gives the same comments.
type Program interface {
	// Check returns the comments on each script. The error is that of the program; there are no comments then.
	Check(scripts []Script) ([][]Comment, error)
}

// Pack is the pack "shellcheck", whose rule finds nothing without a program.
func Pack(program Program) rules.Pack {
	return rules.Pack{Name: "shellcheck", Pages: pages, Rules: []*rules.Rule{script(program)}}
}

// Scripts returns the scripts of a Dockerfile that the rule asks a Program about, so that many can be checked at once.
func Scripts(d *image.Dockerfile) []Script {
	var out []Script
	for _, u := range unitsOf(d) {
		out = append(out, u.script)
	}
	return out
}

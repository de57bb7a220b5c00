package dockerfile

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var consecutiveRuns = &rules.Rule{
	ID:       "dockerfile/consecutive-runs",
	Aliases:  []string{"DL3059"},
	Summary:  "a RUN with one command follows another one, which makes a layer for each",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Docker documentation, Building best practices: RUN",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		d := s.Dockerfile()
		if s.Image == nil || s.Onbuild != nil || s.Index == 0 || d.Foreign() {
			return
		}
		before := d.Instructions[s.Index-1]
		if before.Name != "RUN" || before.Stage != s.Stage || !sameFlags(before, s.Instruction) ||
			!oneCommand(d, before) || !oneCommand(d, s.Instruction) {
			return
		}
		message := "this RUN and the one above have one command each; joined by && they make one layer"
		if script := d.Script(s.Instruction); !script.Dialect.POSIX() {
			message = "this RUN and the one above have one command each; joined they make one layer"
		}
		p.Report(rules.Finding{File: d.Source, Span: s.Keyword, Message: message})
	}, "RUN"),
}

// oneCommand reports whether a RUN has one command, those of substitutions counted, and no heredoc.
func oneCommand(d *image.Dockerfile, i *dockerfile.Instruction) bool {
	script := d.Script(i)
	if script == nil || script.Problem != nil || i.Broken || len(i.Heredocs) > 0 {
		return false
	}
	if !script.Dialect.POSIX() {
		return oneWindowsCommand(d.Source.Bytes[i.Args.Start:i.Args.End])
	}
	count := 0
	for _, c := range script.Commands {
		if c.Quoting == source.Plain { // not in the text of a sh -c
			count++
		}
	}
	return count == 1
}

// oneWindowsCommand reports whether a text for PowerShell or cmd has nothing outside of quotes that joins two commands.
func oneWindowsCommand(text []byte) bool {
	quote := byte(0)
	for n, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ';' || c == '|':
			return false
		case c == '&': // in a URL, it stands between others
			if n == 0 || n+1 == len(text) || strings.IndexByte(" \t&\r\n", text[n+1]) >= 0 {
				return false
			}
		}
	}
	return len(bytes.TrimSpace(text)) > 0
}

// sameFlags reports whether two instructions have the same flags with the same values.
func sameFlags(a, b *dockerfile.Instruction) bool {
	return slices.EqualFunc(a.Flags, b.Flags, func(a, b dockerfile.Flag) bool {
		return a.Name == b.Name && a.Unquoted == b.Unquoted
	})
}

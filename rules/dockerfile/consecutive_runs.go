package dockerfile

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
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
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Docker documentation, Building best practices: RUN",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		d := s.Dockerfile()
		if s.Image == nil || s.Onbuild != nil || s.Index == 0 || d.Foreign() || !follows(d, s.Index) {
			return
		}
		message := "this RUN and the one above have one command each; joined by && they make one layer"
		if script := d.Script(s.Instruction); !script.Dialect.POSIX() {
			message = "this RUN and the one above have one command each; joined they make one layer"
		}
		finding := rules.Finding{File: d.Source, Span: s.Keyword, Message: message}
		if !follows(d, s.Index-1) {
			if fix, ok := joinAll(d, s.Index-1); ok {
				finding.Fixes = []fixers.Fix{fix}
			}
		}
		p.Report(finding)
	}, "RUN"),
}

// follows reports whether an instruction is a RUN with one command behind such a one with the same flags.
func follows(d *image.Dockerfile, index int) bool {
	if index < 1 {
		return false
	}
	before, i := d.Instructions[index-1], d.Instructions[index]
	return before.Name == "RUN" && i.Name == "RUN" && before.Stage == i.Stage && sameFlags(before, i) &&
		oneCommand(d, before) && oneCommand(d, i)
}

// joinAll returns the fix that joins the RUN at an index and as many of those behind it as can be.
func joinAll(d *image.Dockerfile, first int) (fixers.Fix, bool) {
	fix := fixers.Fix{
		Title: "Join them by &&, so they make one layer and are cached as one", Safety: fixers.Unsafe,
	}
	var added []string
	last, ok := joinable(d, d.Instructions[first])
	for n := first + 1; ok && n < len(d.Instructions) && follows(d, n) && !leavesState(last); n++ {
		before, i := d.Instructions[n-1], d.Instructions[n]
		gap := d.Source.Text(source.Span{Start: before.Span.End, End: i.Span.Start})
		if last, ok = joinable(d, i); !ok || strings.TrimSpace(gap) != "" { // a comment
			break
		}
		end := "\n"
		if strings.Contains(gap, "\r\n") {
			end = "\r\n"
		}
		fix.Edits = append(fix.Edits, fixers.Edit{
			File: d.Source, Span: source.Span{Start: before.Args.End, End: i.Args.Start}, Text: " \\" + end + "    && ",
		})
		added = append(added, d.Source.Text(last.Span))
	}
	if len(added) == 0 {
		return fixers.Fix{}, false
	}
	fix.Changes = fixers.Changes{fixdocker.RemovedInstructions{"RUN"}, fixdocker.Commands{Added: added}}
	return fix, true
}

// joinable returns the command of a RUN whose text is one simple command of sh or bash, from its first byte to its
// last.
func joinable(d *image.Dockerfile, i *dockerfile.Instruction) (*shell.Command, bool) {
	script := d.Script(i)
	if i.Exec || d.Escape != '\\' || !script.Dialect.POSIX() || len(script.Commands) == 0 {
		return nil, false
	}
	c := script.Commands[0]
	return c, c.Span == i.Args && c.Function == "" && !c.Subshell && !c.Background && !c.Ignored && c.Parent == nil
}

// leavesState reports whether what follows a command in the same shell may depend on it.
func leavesState(c *shell.Command) bool {
	switch c.Name {
	case "", "cd", "pushd", "popd", "set", "shopt", "export", "unset", "readonly", "declare", "typeset", "local",
		"umask", "ulimit", "alias", "unalias", "eval", "exec", "exit", "return", "trap", "source", ".", "shift", "hash",
		"enable", "read", "getopts", "wait":
		return true
	}
	return false
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

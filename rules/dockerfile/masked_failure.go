package dockerfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var maskedFailure = &rules.Rule{
	ID:       "dockerfile/masked-failure",
	Summary:  "a semicolon after commands that are joined by && loses their failure",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"POSIX.1-2024, Shell Command Language, 2.9.3 Lists, and set: errexit ignores all but the last command of an " +
			"AND-OR list",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Onbuild != nil && !s.Deferred || s.Exec || s.Broken || s.Dockerfile().Foreign() ||
			shells.MayBeWindows(s) {
			return
		}
		view, base, ok := s.ShellView()
		if script := s.Script(); !ok || len(s.Heredocs) > 0 || script == nil || !script.Dialect.POSIX() ||
			script.Problem != nil || bytes.IndexByte(view, ';') < 0 {
			return
		} else if at, chain := brokenChain(script); chain != nil {
			reportChain(p, s, script, view, base, at, chain)
		}
	}, "RUN"),
}

// topStatements returns the commands of a script by statement of its top level, without those of nested scripts.
func topStatements(script *shell.Script) [][]*shell.Command {
	var out [][]*shell.Command
	for _, c := range script.Commands {
		switch n := len(out); {
		case c.Parent != nil:
		case n > 0 && out[n-1][0].Statement == c.Statement:
			out[n-1] = append(out[n-1], c)
		default:
			out = append(out, []*shell.Command{c})
		}
	}
	return out
}

// brokenChain returns the index of the first statement that is a chain of && after which the script goes on whatever
// happened, and its commands.
func brokenChain(script *shell.Script) (int, []*shell.Command) {
	all := topStatements(script)
	for n, commands := range all[:max(len(all)-1, 0)] {
		if isPlainChain(script, commands) && len(commands) > 1 && asksNothing(all[n+1][0]) {
			return n, commands
		}
	}
	return 0, nil
}

// isPlainChain reports whether a statement is one command, or several that are joined by && and of which none is a
// test.
func isPlainChain(script *shell.Script, commands []*shell.Command) bool {
	if len(commands) > 1 && len(script.Chain(commands[0])) != len(commands) {
		return false
	}
	return !slices.ContainsFunc(commands, func(c *shell.Command) bool {
		return c.Maybe || c.Ignored || c.Background || c.Function != "" || c.Name == "exit" || c.Name == "exec" ||
			c.Name == "" && len(c.Words) > 0
	})
}

// asksNothing reports whether a command does not ask what became of the one before it.
func asksNothing(c *shell.Command) bool {
	return c.Name != "exit" && !slices.ContainsFunc(c.Words, func(w shell.Word) bool {
		return strings.Contains(w.Text, "$?")
	}) && !slices.ContainsFunc(c.Assigns, func(a shell.Assign) bool { return strings.Contains(a.Value.Text, "$?") })
}

// reportChain reports the chain that is statement number at of a script.
func reportChain(
	p *rules.Pass, s *image.Step, script *shell.Script, view []byte, base, at int, chain []*shell.Command,
) {
	all := topStatements(script)
	f := s.Dockerfile().Source
	semicolon := func(n int) (source.Span, bool) {
		gap := source.Span{Start: all[n][0].Statement.End, End: all[n+1][0].Statement.Start}
		if gap.Start < base || gap.End > base+len(view) || gap.Start > gap.End {
			return source.Span{}, false
		}
		text := string(view[gap.Start-base : gap.End-base])
		i := strings.IndexByte(text, ';')
		if i < 0 || strings.Trim(text, "; \t\r\n\\") != "" || strings.Count(text, ";") != 1 {
			return source.Span{}, false
		}
		return source.Span{Start: gap.Start + i, End: gap.Start + i + 1}, f.Text(gap)[i] == ';'
	}
	span, ok := semicolon(at)
	if !ok {
		return
	}
	last := chain[len(chain)-1]
	name := chain[0].Name
	if n := slices.IndexFunc(chain, mayFail); n >= 0 {
		name = chain[n].Name
	}
	finding := rules.Finding{
		File: f, Span: span,
		Message: fmt.Sprintf("the build goes on where %q fails, since what follows this semicolon runs all the same",
			name),
	}
	fix := fixers.Fix{
		Title: "Write &&", Safety: fixers.Unsafe, Changes: fixers.Changes{fixdocker.Chained{}},
	}
	for n := at; n < len(all)-1; n++ {
		span, ok := semicolon(n)
		if !ok || !isPlainChain(script, all[n+1]) || !isPlainChain(script, all[n]) {
			fix.Edits = nil
			break
		}
		text := "&&"
		if c := f.Bytes[span.Start-1]; c != ' ' && c != '\t' {
			text = " " + text
		}
		fix.Edits = append(fix.Edits, fixers.Edit{File: f, Span: span, Text: text})
	}
	if fix.Edits != nil && last.Name != "" {
		finding.Fixes = []fixers.Fix{fix}
	}
	p.Report(finding)
}

// mayFail reports whether a command is none of the builtins that do not fail when they are used as usual.
func mayFail(c *shell.Command) bool {
	switch c.Name {
	case "", ":", "echo", "export", "printf", "set", "true", "umask", "unset":
		return false
	}
	return true
}

package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/shells"
)

var heredocWithoutErrexit = &rules.Rule{
	ID:       "dockerfile/heredoc-without-errexit",
	Summary:  "the commands of a here-document go on after a failure, and only the last one decides about the build",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"POSIX.1-2024, Shell Command Language, 2.9.3 Lists, and the option errexit of set",
		"hadolint issue 882",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Onbuild != nil && !s.Deferred || s.Broken || len(s.Heredocs) == 0 ||
			s.Dockerfile().Foreign() || shells.MayBeWindows(s) {
			return
		}
		h, view, base, ok := s.HeredocScript()
		if !ok {
			return
		}
		script := s.Script()
		if script == nil || !script.Dialect.POSIX() || script.Problem != nil || shells.Of(s).Has("errexit") {
			return
		}
		var statements []source.Span // those at the top level
		var failing *image.Command
		for _, c := range s.Commands() {
			if c.Script != script || c.Function != "" {
				continue
			}
			if shells.Sets(c, "errexit") {
				return
			}
			if c.Parent != nil {
				continue
			}
			if n := len(statements); n == 0 || statements[n-1] != c.Statement {
				statements = append(statements, c.Statement)
			}
			if failing == nil && commandCanFail(c) {
				failing = c
			}
		}
		if failing == nil || failing.Statement == statements[len(statements)-1] {
			return
		}
		f := s.Dockerfile().Source
		newline := "\n"
		if strings.Contains(f.Text(h.Body), "\r\n") {
			newline = "\r\n"
		}
		finding := rules.Finding{
			File: f, Span: failing.Words[0].Span,
			Message: fmt.Sprintf("the build goes on where %q fails, since the script does not begin with set -e and "+
				"only the status of its last command counts", failing.Words[0].Text),
		}
		if !strings.HasPrefix(string(view), "#!") {
			finding.Fixes = []fixers.Fix{{
				Title: "Begin with set -e", Safety: fixers.Unsafe,
				Edits:   []fixers.Edit{{File: f, Span: source.Span{Start: base, End: base}, Text: "set -e" + newline}},
				Changes: fixers.Changes{fixdocker.Commands{Added: []string{"set -e"}}},
			}}
		}
		p.Report(finding)
	}, "RUN"),
}

// rarelyFail are commands that hardly ever fail, or whose failure decides nothing.
var rarelyFail = []string{
	"", ":", "[", "[[", "((", "alias", "declare", "echo", "export", "false", "local", "printf", "read", "readonly",
	"set", "shift", "shopt", "sleep", "test", "trap", "true", "umask", "unset", "exit", "return",
}

// commandCanFail reports whether a command may fail, and nothing in its statement asks whether it did.
func commandCanFail(c *image.Command) bool {
	return len(c.Words) > 0 && !c.Ignored && !c.Maybe && !c.Background && c.PipesTo == nil &&
		!slices.Contains(rarelyFail, c.Name) && !c.Calls &&
		!strings.Contains(c.File.Text(c.Statement), "||")
}

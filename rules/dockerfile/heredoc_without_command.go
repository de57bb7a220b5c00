package dockerfile

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var heredocWithoutCommand = &rules.Rule{
	ID:       "dockerfile/heredoc-without-command",
	Summary:  "here-documents of a RUN are the input of no command, so nothing of them runs",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert.go: dispatchRun runs a here-document only " +
			"where it is alone",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Onbuild != nil || s.Exec || s.Broken || len(s.Heredocs) == 0 ||
			s.Dockerfile().Foreign() {
			return
		}
		script := s.Script()
		if _, _, ok := s.ShellView(); !ok || script == nil || !script.Dialect.POSIX() || script.Problem != nil ||
			len(script.Commands) != 1 {
			return
		}
		c := script.Commands[0]
		if len(c.Words)+len(c.Assigns) > 0 || len(c.Redirs) < len(s.Heredocs) {
			return
		}
		f := s.Dockerfile().Source
		finding := rules.Finding{
			File: f,
			Span: source.Span{Start: s.Heredocs[0].Operator.Start, End: s.Heredocs[len(s.Heredocs)-1].Operator.End},
			Message: "no command stands before the here-documents, so the shell reads them and runs nothing of them; " +
				"BuildKit runs a here-document only where it is alone",
		}
		if len(s.Heredocs) == 1 {
			finding.Message = "no command stands before the redirections, so the shell reads the here-document and " +
				"runs nothing of it; BuildKit runs a here-document only where it is alone"
		}
		if fix, ok := severalRuns(s); ok {
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "RUN"),
}

// severalRuns returns the fix that writes a RUN for each here-document.
func severalRuns(s *image.Step) (fixers.Fix, bool) {
	f := s.Dockerfile().Source
	var operators []string
	for _, h := range s.Heredocs {
		operators = append(operators, f.Text(h.Operator))
	}
	if len(operators) < 2 || strings.Join(strings.Fields(f.Text(s.Args)), " ") != strings.Join(operators, " ") {
		return fixers.Fix{}, false
	}
	head := f.Text(source.Span{Start: s.Span.Start, End: s.Args.Start})
	newline := "\n"
	if strings.Contains(f.Text(s.Lines), "\r\n") {
		newline = "\r\n"
	}
	fix := fixers.Fix{
		Title: "Write a RUN for each here-document", Safety: fixers.Unsafe,
		Changes: fixers.Changes{fixdocker.Instructions{}},
		Edits: []fixers.Edit{{
			File: f,
			Span: source.Span{Start: s.Heredocs[0].Operator.End, End: s.Heredocs[len(s.Heredocs)-1].Operator.End},
		}},
	}
	for n, h := range s.Heredocs[1:] {
		end := s.Heredocs[n].End.End
		fix.Edits = append(fix.Edits, fixers.Edit{
			File: f, Span: source.Span{Start: end, End: end}, Text: newline + head + f.Text(h.Operator),
		})
	}
	return fix, true
}

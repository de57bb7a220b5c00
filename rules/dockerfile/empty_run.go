package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
)

var emptyRun = &rules.Rule{
	ID:       "dockerfile/empty-run",
	Summary:  "a RUN has an array without words, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, client/llb/exec.go: \"arguments are required\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Exec && len(s.Words) == 0 && !s.Broken && !grammar.Again(s) && !s.Dockerfile().Foreign() {
			p.Report(grammar.Trigger(s, rules.Finding{
				File: s.Dockerfile().Source, Span: s.Args,
				Message: "this RUN has no program to run, so the build fails",
			}))
		}
	}, "RUN"),
}

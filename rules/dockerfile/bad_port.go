package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/ports"
)

var badPort = &rules.Rule{
	ID:       "dockerfile/bad-port",
	Aliases:  []string{"DL3011"},
	Summary:  "EXPOSE has something that is not a port, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_expose.go: \"invalid containerPort\"",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || grammar.Again(s) || s.Dockerfile().Foreign() {
			return
		}
		for _, port := range ports.Of(s) {
			if fault := port.Fault(); fault != "" {
				p.Report(grammar.Trigger(s, rules.Finding{
					File: s.Dockerfile().Source, Span: port.Span,
					Message: fault + ", so the build fails",
				}))
			}
		}
	}, "EXPOSE"),
}

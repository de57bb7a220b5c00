package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var unterminatedValue = &rules.Rule{
	ID:       "dockerfile/unterminated-value",
	Summary:  "a word that BuildKit expands has a quote without end, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/shell/lex.go: processSingleQuote, processDoubleQuote",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		for w := range words.Of(s) {
			if w.Fault == dockerfile.FaultQuote {
				p.Report(rules.Finding{
					File: s.Dockerfile().Source, Span: w.Span,
					Message: fmt.Sprintf("%q has a quote without end, so the build fails", w.Text),
				})
			}
		}
	}, "FROM", "ARG", "ENV", "LABEL", "COPY", "ADD", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "EXPOSE", "RUN"),
}

package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var emptyVolume = &rules.Rule{
	ID:       "dockerfile/empty-volume",
	Summary:  "a VOLUME is empty, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/commands.go: VolumeCommand.Expand",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || grammar.Again(s) || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		for _, w := range s.Words {
			if _, empty := words.Empty(s, w); empty {
				p.Report(grammar.Trigger(s, rules.Finding{
					File: f, Span: w.Span,
					Message: fmt.Sprintf("%s is empty, and a volume needs a path, so the build fails", f.Text(w.Span)),
				}))
			}
		}
	}, "VOLUME"),
}

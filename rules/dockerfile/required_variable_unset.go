package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var requiredVariableUnset = &rules.Rule{
	ID:       "dockerfile/required-variable-unset",
	Summary:  "a ${x:?message} requires a variable that is not set, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/shell/lex.go: processDollar",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		for w := range words.Of(s) {
			if w.Fault != dockerfile.FaultRequired {
				continue
			}
			name, why := "", ""
			for _, u := range w.Unset {
				name = u.Name
			}
			if name == "" {
				continue // it is set, and empty
			}
			if s.Image != nil && s.Name != "FROM" {
				if sets, known := s.Image.BaseSets(name); sets || !known {
					continue
				}
				why = "nothing sets it in this stage"
			} else {
				why = "no ARG before the first FROM declares it, so --build-arg cannot set it"
			}
			f := s.Dockerfile().Source
			p.Report(rules.Finding{
				File: f, Span: w.At(f, name),
				Message: fmt.Sprintf("%s is required here and %s; the build fails", name, why),
			})
		}
	}, "FROM", "ARG", "ENV", "LABEL", "COPY", "ADD", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "EXPOSE", "RUN"),
}

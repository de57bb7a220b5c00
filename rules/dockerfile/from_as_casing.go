package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var fromAsCasing = &rules.Rule{
	ID:       "dockerfile/from-as-casing",
	Aliases:  []string{"FromAsCasing"},
	Summary:  "FROM and AS of a stage are written in different cases",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go: doesFromCaseMatchAsCase",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if len(s.Words) != 3 || s.Broken || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		from, as := f.Text(s.Keyword), s.Words[1].Text
		want := as
		switch from { // a keyword in mixed case is the matter of dockerfile/instruction-casing
		case strings.ToLower(from):
			want = strings.ToLower(as)
		case strings.ToUpper(from):
			want = strings.ToUpper(as)
		}
		if want == as || f.Text(s.Words[1].Span) != as {
			return
		}
		p.Report(rules.Finding{
			File: f, Span: s.Words[1].Span,
			Message: fmt.Sprintf("%q is in another case than %q", as, from),
			Fixes: []fixers.Fix{{
				Title: "Write " + want, Safety: fixers.Safe,
				Edits: []fixers.Edit{{File: f, Span: s.Words[1].Span, Text: want}},
			}},
		})
	}, "FROM"),
}

package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var emptyBaseImage = &rules.Rule{
	ID:       "dockerfile/empty-base-image",
	Aliases:  []string{"InvalidDefaultArgInFrom"},
	Summary:  "without build arguments, the name of the base image is empty or invalid",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateBaseImagesWithDefaultArgs",
		"cypress-io/cypress-docker-images#1197, devcontainers/cli#1271",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Dockerfile().Foreign() {
			return
		}
		stage := s.Image.Stage
		e := s.Dockerfile().Expansion(stage.From, stage.Base.Text)
		if !e.Known || len(e.Unset) > 0 || e.Text == stage.Base.Text || stage.Parent != nil ||
			image.ReferenceFault(e.Text) == "" {
			return
		}
		finding := rules.Finding{
			File: s.Dockerfile().Source, Span: stage.Base.Span,
			Message: fmt.Sprintf("without --build-arg this is %q, which is not the name of an image", e.Text),
		}
		demanded := false
		for _, arg := range s.Dockerfile().Steps("ARG") {
			if arg.Image != nil {
				break
			}
			for n := range arg.Pairs {
				pair := &arg.Pairs[n]
				if !uses(stage.Base.Text, pair.Key.Text) {
					continue
				}
				if p.Workspace.Passes(s.Dockerfile(), pair.Key.Text) {
					return
				}
				demanded = demanded || !pair.HasValue
				finding.Related = append(finding.Related, rules.Related{
					File: s.Dockerfile().Source, Span: pair.Key.Span, Message: "the argument",
				})
			}
		}
		if demanded {
			finding.Message += "; a build has to give the argument, since the ARG has no default"
		}
		p.Report(finding)
	}, "FROM"),
}

// uses reports whether a word reads a variable.
func uses(word, name string) bool {
	for n := range len(word) {
		if word[n] != '$' {
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimPrefix(word[n+1:], "{"), name)
		if ok && (rest == "" || !isName("x"+rest[:1])) {
			return true
		}
	}
	return false
}

package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var stageNameCasing = &rules.Rule{
	ID:       "dockerfile/stage-name-casing",
	Aliases:  []string{"StageNameCasing"},
	Summary:  "a stage name has upper-case letters, which BuildKit makes lower-case",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go: parseBuildStageName",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		stage := s.Image.Stage
		name := stage.NameWord.Text
		if name == "" || name == stage.Name || stage.From.Broken {
			return
		}
		f := s.Dockerfile().Source
		p.Report(rules.Finding{
			File: f, Span: stage.NameWord.Span,
			Message: fmt.Sprintf(
				"stage name %q has upper-case letters; BuildKit makes it %q, and FROM %s does not find it",
				name, stage.Name, name),
			Fixes: []fixers.Fix{{
				Title: "Write " + stage.Name, Safety: fixers.Safe,
				Edits: []fixers.Edit{{File: f, Span: stage.NameWord.Span, Text: stage.Name}},
			}},
		})
	}, "FROM"),
}

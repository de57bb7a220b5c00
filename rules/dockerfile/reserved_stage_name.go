package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var reservedStageName = &rules.Rule{
	ID:       "dockerfile/reserved-stage-name",
	Aliases:  []string{"ReservedStageName", "DL3063"},
	Summary:  "a stage is named scratch or context, which BuildKit uses itself",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: reservedStageNames",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Dockerfile().Foreign() {
			return
		}
		consequence := ""
		switch s.Image.Stage.Name {
		case "scratch":
			consequence = "FROM scratch below means this stage instead of the empty image"
		case "context":
			consequence = "it is also the name of the build context, and a named context cannot replace the stage"
		default:
			return
		}
		p.Report(rules.Finding{
			File: s.Dockerfile().Source, Span: s.Image.Stage.NameWord.Span,
			Message: fmt.Sprintf("%q is a reserved name: %s", s.Image.Stage.Name, consequence),
		})
	}, "FROM"),
}

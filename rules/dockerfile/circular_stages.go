package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/sources"
)

var circularStages = &rules.Rule{
	ID:       "dockerfile/circular-stages",
	Aliases:  []string{"DL3023"},
	Summary:  "stages take files from each other, or a stage from itself, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateCircularDependency",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		uses := sources.Of(d)
		cyclic := sources.Cyclic(uses)
		for _, use := range uses {
			here := use.Step.Image.Stage
			if use.Stage == nil || !cyclic[here] || use.Stage.Index < here.Index {
				continue // of a circle, only the way down is reported
			}
			finding := rules.Finding{File: d.Source, Span: use.Span}
			switch {
			case use.Stage == here:
				finding.Message = "the stage takes files from itself, so the build fails"
			case cyclic[use.Stage]:
				finding.Message = fmt.Sprintf("this stage needs %q, which needs this stage, so the build "+
					"fails", use.Name)
				finding.Related = []rules.Related{
					{File: d.Source, Span: use.Stage.From.Keyword, Message: "the other stage"},
				}
			default:
				continue
			}
			p.Report(finding)
		}
	}),
}

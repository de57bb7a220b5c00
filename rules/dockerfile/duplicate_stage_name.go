package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var duplicateStageName = &rules.Rule{
	ID:       "dockerfile/duplicate-stage-name",
	Aliases:  []string{"DuplicateStageName", "DL3024"},
	Summary:  "two stages have the same name",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb: validateStageNames, findStateByName",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		first := map[string]*dockerfile.Stage{}
		for _, stage := range d.Stages {
			if stage.Name == "" || stage.From.Broken {
				continue
			}
			if first[stage.Name] == nil {
				first[stage.Name] = stage
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: stage.NameWord.Span,
				Message: fmt.Sprintf("a stage above is named %q too; --target and COPY --from take the last of them",
					stage.Name),
				Related: []rules.Related{{
					File: d.Source, Span: first[stage.Name].NameWord.Span, Message: "the first stage of that name",
				}},
			})
		}
	}),
}

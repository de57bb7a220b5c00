package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var foreignFrontend = &rules.Rule{
	ID:       "dockerfile/foreign-frontend",
	Summary:  "a file in the language of another frontend, whose syntax is not checked",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md, v0.34.2: the parser directive syntax",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if f := d.Frontend; f != nil && f.Foreign && len(d.Problems) > 0 {
			p.Report(rules.Finding{
				File: d.Source, Span: f.At,
				Message: fmt.Sprintf("the syntax of this file is not checked: the frontend %q reads it, "+
					"and it is not in the grammar of %s", f.Image, dockerfile.Grammar),
			})
		}
	}),
}

package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/images"
)

var unpinnedBaseImage = &rules.Rule{
	ID:       "dockerfile/unpinned-base-image",
	Aliases:  []string{"DL3006"},
	Summary:  "the base image has neither tag nor digest, so the build takes whatever is the latest",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"Dockerfile reference: FROM, the builder assumes the tag latest",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, stage := range d.Stages {
			r, ok := images.Base(d, stage)
			if !ok || r.Tag != "" || r.Digest != "" || images.Replaced(p, d, r) {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: r.Span,
				Message: fmt.Sprintf("%q has no tag, so the build takes %s:latest, which is another image later",
					r.Text, r.Name),
			})
		}
	}),
}

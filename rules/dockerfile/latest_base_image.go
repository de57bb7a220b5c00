package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/images"
)

var latestBaseImage = &rules.Rule{
	ID:       "dockerfile/latest-base-image",
	Aliases:  []string{"DL3007"},
	Summary:  "the base image has the tag latest, which is another image with each release",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Building best practices: Pin base image versions",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, stage := range d.Stages {
			r, ok := images.Base(d, stage)
			if written := image.Unquote(stage.Base.Text); !ok && stage.Image == "" && stage.Parent == nil &&
				strings.Contains(written, "$") && !stage.From.Broken {
				r, ok = images.Parse(written), true // the tag is known, whatever the name is
				r.Span = stage.Base.Span
			}
			if !ok || r.Tag != "latest" || r.Digest != "" || images.Replaced(p, d, r) {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: r.Span,
				Message: fmt.Sprintf("%q is another image with each release, so a later build may fail or differ",
					r.Text),
			})
		}
	}),
}

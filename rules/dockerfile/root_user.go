package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/stages"
)

var rootUser = &rules.Rule{
	ID:       "dockerfile/root-user",
	Aliases:  []string{"DL3002"},
	Summary:  "the last USER of an image is root, so its containers run as root",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Building best practices: USER",
		"aquasecurity/trivy#3966: the last USER of another stage is not that of the image",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		seen := map[*dockerfile.Instruction]bool{}
		for _, img := range d.Images {
			user := img.EndUser()
			if user.From == nil || seen[user.From] || !user.Known || user.Text == "" || !image.IsRoot(user.Text) ||
				strings.Contains(d.Source.Text(user.Span), "$") || !img.Final() {
				continue
			}
			seen[user.From] = true
			finding := rules.Finding{
				File: d.Source, Span: user.Span,
				Message: "the last USER of the image is root, so whatever breaks out of its containers is root on " +
					"the host",
			}
			if from := user.From.Stage; from != nil && from != img.Stage {
				finding.Message = fmt.Sprintf("stage %s, which is shipped, inherits this USER, so its containers run "+
					"as root", stages.Name(img))
				finding.Related = []rules.Related{{
					File: d.Source, Span: img.Stage.From.Keyword, Message: "the stage that is shipped",
				}}
			}
			p.Report(finding)
		}
	}),
}

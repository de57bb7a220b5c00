package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var namedUser = &rules.Rule{
	ID:       "dockerfile/named-user",
	Aliases:  []string{"DL3066"},
	Summary:  "the last USER of an image is a name, so Kubernetes cannot verify that it is not root",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Kubernetes, pkg/kubelet/kuberuntime/security_context.go: " +
			"\"image has non-numeric user (…), cannot verify user is non-root\"",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		seen := map[*dockerfile.Instruction]bool{}
		for _, img := range d.Images {
			user := img.EndUser()
			if user.From == nil || seen[user.From] || !user.Known || user.Text == "" ||
				strings.Trim(user.Text, "0123456789") == "" || img.Windows() ||
				strings.Contains(d.Source.Text(user.Span), "$") || !img.Final() {
				continue
			}
			seen[user.From] = true
			p.Report(rules.Finding{
				File: d.Source, Span: user.Span,
				Message: fmt.Sprintf("%q is a name, so Kubernetes cannot verify that it is not root and refuses to "+
					"start the image where runAsNonRoot is set", user.Text),
			})
		}
	}),
}

package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var guixSandboxDisabled = &rules.Rule{
	ID:       "sandbox/guix-sandbox-disabled",
	Summary:  "guix-daemon builds packages without its sandbox",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"GNU Guix manual, \"Invoking guix-daemon\": --disable-chroot",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Guix().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "guix-daemon builds " +
				"without a chroot and namespaces, so packages can pick up whatever the machine has"})
		})
	}),
}

package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var portageSandboxDisabled = &rules.Rule{
	ID:       "sandbox/portage-sandbox-disabled",
	Summary:  "Portage builds packages without its sandbox",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"make.conf(5): FEATURES, sandbox and usersandbox",
		"Gentoo wiki, Sandbox (Portage)",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Portage().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "Portage builds " +
				"without its sandbox, so a package that writes outside of its build folder goes unnoticed"})
		})
	}),
}

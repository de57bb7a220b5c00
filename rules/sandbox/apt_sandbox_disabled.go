package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var aptSandboxDisabled = &rules.Rule{
	ID:       "sandbox/apt-sandbox-disabled",
	Summary:  "apt downloads packages as root",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"apt.conf(5): APT::Sandbox::User; apt's changelog, 1.1",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Apt().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "apt downloads as " +
				"root instead of as _apt, so a server that exploits the downloader gets the rights of root"})
		})
	}),
}

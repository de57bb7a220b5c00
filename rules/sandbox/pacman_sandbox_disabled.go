package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var pacmanSandboxDisabled = &rules.Rule{
	ID:       "sandbox/pacman-sandbox-disabled",
	Summary:  "pacman downloads packages without its sandbox",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"pacman(8): --disable-sandbox; pacman.conf(5): DisableSandbox, DownloadUser",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Pacman().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "pacman downloads " +
				"without its sandbox, so a server that exploits the downloader gets the rights of root"})
		})
	}),
}

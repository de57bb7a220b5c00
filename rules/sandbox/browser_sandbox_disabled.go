package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var browserSandboxDisabled = &rules.Rule{
	ID:       "sandbox/browser-sandbox-disabled",
	Summary:  "a browser runs without its sandbox",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Chromium, docs/linux/sandboxing.md: what the sandbox's layers are, and that --no-sandbox is for testing only",
		"jessfraz/dockerfiles etc/docker/seccomp/chrome.json: a profile under which the sandbox works in Docker",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Browser().Find(d, func(u disables.Use) {
			message := u.Program + " runs without its sandbox: " +
				"a page that takes over a renderer gets all rights of the container's user"
			if u.Variable != "" {
				message = u.Variable + " disables the browser engine's sandbox " +
					"in every program in the image that uses it"
			}
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: message})
		})
	}),
}

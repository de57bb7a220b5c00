package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var homebrewSandboxDisabled = &rules.Rule{
	ID:       "sandbox/homebrew-sandbox-disabled",
	Summary:  "Homebrew builds and tests formulae without its sandbox",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Homebrew, Library/Homebrew/env_config.rb: HOMEBREW_NO_SANDBOX, HOMEBREW_NO_SANDBOX_LINUX",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Homebrew().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "Homebrew runs the " +
				"build and test scripts of formulae without its sandbox, so they can change the whole image"})
		})
	}),
}

package sandbox

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var swiftSandboxDisabled = &rules.Rule{
	ID:       "sandbox/swift-sandbox-disabled",
	Summary:  "an option of the Swift package manager has no effect on Linux",
	Severity: rules.Info,
	Category: rules.Correctness,
	Optional: true,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Swift package manager, Sources/Basics/Sandbox.swift: the sandbox is sandbox-exec, on macOS alone",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Swift().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Fixes: u.Delete(d), Message: "--disable-sandbox " +
				"has no effect here: the Swift package manager has a sandbox on macOS alone"})
		})
	}),
}

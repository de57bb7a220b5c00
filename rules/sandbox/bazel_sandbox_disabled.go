package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var bazelSandboxDisabled = &rules.Rule{
	ID:       "sandbox/bazel-sandbox-disabled",
	Summary:  "Bazel runs actions without its sandbox",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Bazel, command-line reference: --spawn_strategy, --genrule_strategy, --strategy; docs/sandboxing",
		"bazelbuild/bazel#418",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Bazel().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: "Bazel runs actions " +
				"without its sandbox, so undeclared inputs go unnoticed and results depend on the machine"})
		})
	}),
}

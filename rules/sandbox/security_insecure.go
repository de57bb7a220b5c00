package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var securityInsecure = &rules.Rule{
	ID:       "sandbox/security-insecure",
	Summary:  "a RUN gets all privileges of the build machine",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md: " +
			"RUN --security=insecure is `docker run --privileged`, and needs the entitlement security.insecure",
	},
	Check: rules.OnStep(func(p *rules.Pass, run *image.Step) {
		if security, ok := run.Flag("security"); ok && security.Value == "insecure" {
			p.Report(rules.Finding{
				File: run.Dockerfile().Source, Span: security.Span,
				Message: "this RUN has all capabilities and devices of the build machine, " +
					"and no seccomp profile or AppArmor",
			})
		}
	}, "RUN"),
}

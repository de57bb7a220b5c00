package sandbox

import (
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var securityInsecure = &rules.Rule{
	ID:       "sandbox/security-insecure",
	Summary:  "a RUN gets all privileges of the build machine",
	Severity: rules.Error,
	Category: "security",
	Since:    "0.1.0",
	References: []string{
		"BuildKit, frontend/dockerfile/docs/reference.md: RUN --security=insecure is `docker run --privileged`, and needs the entitlement security.insecure",
	},
	Dockerfile: func(p *rules.Pass, d *workspace.Dockerfile) {
		for _, i := range d.Instructions {
			run := i
			if i.Name == "ONBUILD" && i.Trigger != nil {
				run = i.Trigger
			}
			if run.Name != "RUN" {
				continue
			}
			if flag := run.Flag("security"); flag != nil && flag.Value.Text == "insecure" {
				p.Report(rules.Finding{
					File: d.Source, Span: flag.Span,
					Message: "this RUN has all capabilities and devices of the build machine, and no seccomp profile or AppArmor",
				})
			}
		}
	},
}

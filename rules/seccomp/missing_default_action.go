package seccomp

import (
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var missingDefaultAction = &rules.Rule{
	ID:       "seccomp/missing-default-action",
	Summary:  "the profile has rules but no default action, so runtimes refuse it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"runc, libcontainer/specconv/spec_linux.go: SetupSeccomp",
		"crun, src/libcrun/seccomp.c: \"seccomp misses the default action\"",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if _, what := disables(profile); what != "" {
			return // seccomp/profile-disables-seccomp
		}
		for _, problem := range profile.Problems {
			if problem.Kind == seccomp.KindNoDefault {
				p.Report(report.At(profile, problem.Span, problem.Message+", so runc and crun refuse it"))
			}
		}
	}),
}

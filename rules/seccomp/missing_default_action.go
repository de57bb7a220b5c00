package seccomp

import (
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var missingDefaultAction = &rules.Rule{
	ID:       "seccomp/missing-default-action",
	Summary:  "the profile has no default action, so that it is refused or, without rules, switches seccomp off",
	Severity: rules.Error,
	Category: "security",
	Since:    "0.1.0",
	References: []string{
		"moby/profiles, seccomp/seccomp_linux.go: \"No default action specified, no syscalls listed, assume seccomp disabled\"",
		"runc, libcontainer/specconv/spec_linux.go: SetupSeccomp",
	},
	Seccomp: func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range profile.Problems {
			if problem.Kind != seccomp.KindNoDefault {
				continue
			}
			message := problem.Message + ", so that runc and crun refuse it"
			if len(profile.Rules) == 0 {
				message = problem.Message + " and no rules, with which Docker, Podman, containerd and runc run containers without any filter"
			}
			p.Report(at(profile, problem.Span, message))
		}
	},
}

package seccomp

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var nullRule = &rules.Rule{
	ID:       "seccomp/null-rule",
	Summary:  "a rule is null, on which Docker and Podman crash and runtimes refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: setupSeccomp; containers/common v0.67.0, pkg/seccomp: nil " +
			"dereference",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27 with \"syscalls\": [null]",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range report.Problems(profile, seccomp.KindNullRule) {
			finding := report.At(profile, problem.Span, problem.Message)
			if profile.Dialect == seccomp.Bundle { // which runtimes read themselves
				what, _, _ := strings.Cut(problem.Message, ",")
				finding.Message = what + ", so runc and crun refuse the profile"
			}
			finding.Fixes = fixes.Edited(profile, "Delete the null", fixers.Safe,
				fixseccomp.RemoveElement(profile.Profile, problem.Span), fixers.Changes{fixers.Repair{}})
			p.Report(finding)
		}
	}),
}

package seccomp

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var emptyNames = &rules.Rule{
	ID:          "seccomp/empty-names",
	Summary:     "a rule names no syscall and does nothing",
	Severity:    rules.Error,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: names MUST contain at least one entry",
		"runc 1.1.5 and crun 1.8.1 with \"names\": []",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range report.Problems(profile, seccomp.KindEmptyNames) {
			rule, i := report.RuleAt(profile, problem.Span)
			if rule == nil || rule.LegacyName { // Docker and Podman read name then
				continue
			}
			finding := report.At(profile, problem.Span, problem.Message)
			finding.Fixes = fixes.Edited(profile, "Delete the rule", fixers.Safe, fixes.DropRule(profile, i),
				fixers.Changes{}.When(profile.Dialect == seccomp.SPO, fixers.Repair{}))
			p.Report(finding)
		}
	}),
}

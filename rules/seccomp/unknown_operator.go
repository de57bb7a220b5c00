package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownOperator = &rules.Rule{
	ID:       "seccomp/unknown-operator",
	Summary:  "an argument condition has no operator that runtimes know, so they refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp",
		"runc, libcontainer/seccomp/config.go: ConvertStringToOperator; crun, src/libcrun/seccomp.c: " +
			"get_seccomp_operator",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range report.Problems(profile, seccomp.KindOperator) {
			p.Report(report.At(profile, problem.Span,
				report.WithEffect(problem, ", so runc and crun refuse the profile")))
		}
		for _, rule := range profile.Rules {
			for _, arg := range rule.Args {
				if !arg.Op.Span.IsEmpty() && !slices.Contains(seccomp.Operators(), arg.Op.Text) {
					reportOperator(p, profile, arg.Op)
				}
			}
		}
	}),
}

func reportOperator(p *rules.Pass, profile *workspace.Profile, op seccomp.String) {
	finding := report.At(profile, op.Span,
		fmt.Sprintf("operator %q is unknown, so runc and crun refuse the profile", op.Text))
	if near := seccomp.NearestOperator(op.Text); near != "" {
		finding.Message += fmt.Sprintf("; did you mean %q?", near)
		finding.Fixes = fixes.Replace(profile, "Rename to "+near, fixers.Unsafe, op.Span, phrase.Quote(near),
			fixers.Changes{fixers.Repair{}, fixers.Reveals{}})
	}
	p.Report(finding)
}

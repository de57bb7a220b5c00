package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var emptyName = &rules.Rule{
	ID:       "seccomp/empty-name",
	Summary:  "the name of a syscall is empty, so runc refuses the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"runc, libcontainer/seccomp/seccomp_linux.go: matchCall, \"empty string is not a valid syscall\"",
		"containers/common v0.67.0, pkg/seccomp/validate.go: ValidateProfile",
		"runc 1.1.5 and crun 1.8.1 with an empty string and with null among the names",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range report.Problems(profile, seccomp.KindEmptyName) {
			rule, i := report.RuleAt(profile, problem.Span)
			if rule == nil {
				continue
			}
			finding := report.At(profile, problem.Span, report.WithEffect(problem, ", so runc refuses the profile"))
			if readers.Only(p, "crun") {
				finding.Severity = rules.Warning
				finding.Message = report.WithEffect(problem, ", which crun silently leaves out")
			}
			title, edits := "Delete the empty name", dropName(profile, rule, problem.Span)
			if fixseccomp.OnlyElement(profile.Profile, problem.Span) ||
				profile.Dialect == seccomp.SPO && len(rule.Names) == 1 {
				title, edits = "Delete the rule, which names nothing else", fixes.DropRule(profile, i)
			}
			finding.Fixes = fixes.Edited(profile, title, fixers.Safe, edits, fixers.Changes{fixers.Repair{}})
			p.Report(finding)
		}
	}),
}

// dropName returns the edits that delete an element of a rule's names.
func dropName(profile *workspace.Profile, rule *seccomp.Rule, name source.Span) []fixers.Edit {
	if i := slices.IndexFunc(rule.Names, func(s seccomp.String) bool { return s.Span == name }); i >= 0 {
		if edits := fixseccomp.RemoveString(profile.Profile, rule.Names, i); edits != nil {
			return edits
		}
	}
	return fixseccomp.RemoveElement(profile.Profile, name) // a null, or beside one
}

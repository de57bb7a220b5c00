package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var sameConditionTwice = &rules.Rule{
	ID:       "seccomp/same-condition-twice",
	Summary:  "two rules give one condition different actions, and libseccomp refuses the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.5.4 and v2.6.1, src/db.c: db_col_rule_add returns EEXIST",
		"runc 1.1.5 and 1.5.1: \"error adding conditional filter rule for syscall …: file exists\"; crun 1.8.1 " +
			"and 1.27: \"seccomp_rule_add_array: File exists\"",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if len(conditions.Syscalls(profile)) == 0 {
			return
		}
		seen := conditions.Pairs{}
		for _, f := range profile.Usual(p.Targets().Seccomp) {
			for _, c := range f.Conflicts() {
				if !seen.Add(c.Earlier, c.Rule) {
					continue
				}
				finding := report.At(profile, c.Name.Span,
					fmt.Sprintf("libseccomp refuses this rule about %q (\"file exists\"), and the profile with it: "+
						"for %s an earlier rule has %s, and this one %s",
						c.Name.Text, conditions.InWords(c.Conds), c.EarlierOutcome, c.Outcome))
				if c.Through != "" {
					finding.Message += fmt.Sprintf(", as seen through %s on %s", c.Through, c.Arch.ABI)
				}
				finding.Related = []rules.Related{
					{File: profile.Source, Span: c.EarlierName.Span, Message: "the earlier rule"},
				}
				p.Report(finding)
			}
		}
	}),
}

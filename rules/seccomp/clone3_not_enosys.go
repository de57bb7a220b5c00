package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var clone3NotENOSYS = &rules.Rule{
	ID:       "seccomp/clone3-not-enosys",
	Summary:  "clone is allowed and clone3 neither runs nor fails with ENOSYS, so programs cannot start threads",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"glibc 2.42, sysdeps/unix/sysv/linux/clone-internal.c and spawni.c: clone is tried after ENOSYS only",
		"moby/moby#42680, moby/moby#42681; actions/runner-images#3812",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := programs.Filters(p, profile)
		for _, g := range programs.Groups(p, all, programs.CloneEffects(profile, all)) {
			e := g.Effects[0]
			finding := report.At(profile, e.Cause,
				fmt.Sprintf("clone3 %s%s, so glibc 2.34 and newer do not fall back to clone and cannot start threads "+
					"or processes", programs.InsteadOfENOSYS(e.Outcome, false), g.Where))
			finding.Severity = g.Severity
			finding.Fixes = requirement.Requirement{ENOSYS: []string{"clone3"}}.Fix(p, profile)
			p.Report(finding)
		}
	}),
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var clone3NotENOSYS = &rules.Rule{
	ID:       "seccomp/clone3-not-enosys",
	Summary:  "clone is allowed and clone3 neither runs nor is answered with ENOSYS, so that programs cannot start threads",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"glibc 2.42, sysdeps/unix/sysv/linux/clone-internal.c and spawni.c: clone is tried after ENOSYS only",
		"moby/moby#42680, moby/moby#42681; actions/runner-images#3812",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := filters(p, profile)
		for _, g := range groups(p, all, cloneEffects(profile, all)) {
			e := g.effects[0]
			finding := at(profile, e.cause, fmt.Sprintf("clone3 %s, so that glibc 2.34 and newer do not fall back to clone: they start no thread and no process%s", insteadOfENOSYS(e.outcome, false), g.where))
			finding.Severity = g.severity
			finding.Fixes = wish{enosys: []string{"clone3"}}.fix(p, profile)
			p.Report(finding)
		}
	}),
}

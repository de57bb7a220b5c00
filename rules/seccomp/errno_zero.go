package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/errnos"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var errnoZero = &rules.Rule{
	ID:       "seccomp/errno-zero",
	Summary:  "the errno of a refused syscall is 0, so the call appears to succeed",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"seccomp(2), SECCOMP_RET_ERRNO: the low 16 bits are passed to user space as errno without executing the " +
			"system call",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27: chmod with errnoRet 0 returns 0",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, e := range errnos.All(p, profile) {
			if !e.Known || e.Number != 0 || e.Action.Text != "SCMP_ACT_ERRNO" {
				continue
			}
			finding := report.At(profile, e.Span,
				fmt.Sprintf("%q is 0, so %s does nothing and reports success", e.Field, e.Affected()))
			if !e.Other {
				finding.Fixes = fixes.Edited(profile, fmt.Sprintf("Remove %s, which gives EPERM", e.Field),
					fixers.Unsafe, e.Remove(profile), e.Changes())
			}
			p.Report(finding)
		}
	}),
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var errnoZero = &rules.Rule{
	ID:       "seccomp/errno-zero",
	Summary:  "the errno of a refused syscall is 0, so that the program is told that it succeeded",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"seccomp(2), SECCOMP_RET_ERRNO: the low 16 bits are passed to user space as errno without executing the system call",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27: chmod with errnoRet 0 returns 0",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, e := range errnos(p, profile) {
			if !e.known || e.number != 0 || e.action.Text != "SCMP_ACT_ERRNO" {
				continue
			}
			finding := at(profile, e.span, fmt.Sprintf("%q is 0, so that %s does nothing and reports success", e.field, e.affected()))
			if !e.other {
				finding.Fixes = edited(profile, fmt.Sprintf("Remove %s, which gives EPERM", e.field), fixers.Unsafe, e.remove(profile), e.changes())
			}
			p.Report(finding)
		}
	}),
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var speculationAllowed = &rules.Rule{
	ID:       "seccomp/speculation-allowed",
	Summary:  "a flag switches off the kernel's protection against speculative store bypass",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"seccomp(2), man-pages 6.9: SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"Linux, Documentation/userspace-api/spec_ctrl.rst; since Linux 5.16 a filter no longer switches the " +
			"protection on by itself",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, flag := range profile.Flags {
			if flag.Text == "SECCOMP_FILTER_FLAG_SPEC_ALLOW" {
				p.Report(report.At(profile, flag.Span,
					fmt.Sprintf("flag %q leaves the processes without the kernel's protection against speculative "+
						"store bypass", flag.Text)))
			}
		}
	}),
}

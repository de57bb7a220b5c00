package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var defaultAllow = &rules.Rule{
	ID:       "seccomp/default-allow",
	Summary:  "the default action allows every syscall that no rule names",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Linux, Documentation/userspace-api/seccomp_filter.rst, Pitfalls",
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		switch action := profile.DefaultAction; action.Text {
		case "SCMP_ACT_ALLOW":
			p.Report(report.At(profile, action.Span,
				fmt.Sprintf("default action %q allows every syscall that no rule names, including those of newer "+
					"kernels", action.Text)))
		case "SCMP_ACT_LOG":
			p.Report(report.At(profile, action.Span,
				fmt.Sprintf("default action %q allows every syscall that no rule names, and writes a line to the "+
					"system log for each", action.Text)))
		case "SCMP_ACT_TRACE":
			finding := report.At(profile, action.Span,
				fmt.Sprintf("default action %q hands every syscall that no rule names to a tracer; without one the "+
					"call fails with ENOSYS", action.Text))
			finding.Severity = rules.Error
			p.Report(finding)
		}
	}),
}

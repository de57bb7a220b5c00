package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/seccomp"
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
			finding := report.At(profile, action.Span,
				fmt.Sprintf("default action %q allows every syscall that no rule names, including those of newer "+
					"kernels", action.Text))
			if singlesOut(profile) {
				finding.Severity = rules.Info
			}
			p.Report(finding)
		case "SCMP_ACT_LOG":
			finding := report.At(profile, action.Span,
				fmt.Sprintf("default action %q allows every syscall that no rule names, and writes a line to the "+
					"system log for each", action.Text))
			if singlesOut(profile) {
				finding.Severity = rules.Info
			}
			p.Report(finding)
		case "SCMP_ACT_TRACE":
			finding := report.At(profile, action.Span,
				fmt.Sprintf("default action %q hands every syscall that no rule names to a tracer; without one the "+
					"call fails with ENOSYS", action.Text))
			finding.Severity = rules.Error
			p.Report(finding)
		}
	}),
}

// singlesOut reports whether the rules of a profile that allows by default are there to do something to the syscalls
// that they name: to refuse them, hand them to an agent, or log them. It is false for a profile whose rules mostly
// allow syscalls, which are allowed without them: that is an allowlist with the wrong default action. Names that no
// syscall has count for nothing.
func singlesOut(profile *workspace.Profile) bool {
	const acted, allowed = 1, 2
	names := map[string]int{}
	for _, rule := range profile.Rules {
		does := acted
		switch rule.Action.Text {
		case "SCMP_ACT_ALLOW", profile.DefaultAction.Text:
			does = allowed
		default:
			if _, ok := seccomp.LookupAction(rule.Action.Text); !ok {
				continue
			}
		}
		list := rule.Names
		if len(list) == 0 && rule.Name.Text != "" {
			list = []seccomp.String{rule.Name}
		}
		for _, name := range list {
			if _, ok := seccomp.LookupSyscall(name.Text); ok {
				names[name.Text] |= does
			}
		}
	}
	count := 0
	for _, does := range names {
		if does == allowed {
			count--
		} else {
			count++ // also where other calls of the same syscall are allowed
		}
	}
	return count > 0
}

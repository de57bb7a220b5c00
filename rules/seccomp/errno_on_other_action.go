package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var errnoOnOtherAction = &rules.Rule{
	ID:       "seccomp/errno-on-other-action",
	Summary:  "an errno is given for an action that has none, so that crun refuses the profile",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: \"when the action doesn't support an errno, the runtime MUST print and error and fail\"",
		"crun, src/libcrun/seccomp.c: \"errno value specified for action\"",
		"runc, libcontainer/seccomp/seccomp_linux.go: getAction looks at errnoRet for ERRNO and TRACE only",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		runtimes := p.Targets().Seccomp.Runtimes()
		for _, e := range errnos(p, profile) {
			action, ok := seccomp.LookupAction(e.action.Text)
			if !ok || action.Errno {
				continue
			}
			finding := at(profile, e.span, fmt.Sprintf("%q means nothing with action %q", e.field, e.action.Text))
			switch {
			case !slices.Contains(runtimes, "crun"):
				finding.Message += ", and runc ignores it"
				finding.Severity = rules.Info
			case len(runtimes) == 1:
				finding.Message += ", and crun refuses the profile"
			default:
				finding.Message += "; runc ignores it, and crun refuses the profile"
			}
			finding.Fixes = edited(profile, "Remove "+e.field, fixers.Safe, e.remove(profile), fixers.Changes{})
			p.Report(finding)
		}
	}),
}

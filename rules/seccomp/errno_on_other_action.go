package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/errnos"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var errnoOnOtherAction = &rules.Rule{
	ID:       "seccomp/errno-on-other-action",
	Summary:  "an errno is given for an action that has none, so crun refuses the profile",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: \"when the action doesn't support an errno, " +
			"the runtime MUST print and error and fail\"",
		"crun, src/libcrun/seccomp.c: \"errno value specified for action\"",
		"runc, libcontainer/seccomp/seccomp_linux.go: getAction looks at errnoRet for ERRNO and TRACE only",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		runtimes := p.Targets().Seccomp.Runtimes()
		for _, e := range errnos.All(p, profile) {
			action, ok := seccomp.LookupAction(e.Action.Text)
			if !ok || action.Errno {
				continue
			}
			finding := report.At(profile, e.Span,
				fmt.Sprintf("%q means nothing with action %q", e.Field, e.Action.Text))
			switch {
			case !slices.Contains(runtimes, "crun"):
				finding.Message += ", and runc ignores it"
				finding.Severity = rules.Info
			case len(runtimes) == 1:
				finding.Message += ", and crun refuses the profile"
			default:
				finding.Message += "; runc ignores it, and crun refuses the profile"
			}
			finding.Fixes = fixes.Edited(profile, "Remove "+e.Field, fixers.Safe, e.Remove(profile), fixers.Changes{})
			p.Report(finding)
		}
	}),
}

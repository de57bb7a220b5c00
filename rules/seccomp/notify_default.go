package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var notifyDefault = &rules.Rule{
	ID:       "seccomp/notify-default",
	Summary:  "the default action notifies a listener, so no container starts",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"runc 1.1.5 and 1.5.1, libcontainer/seccomp/seccomp_linux.go: \"SCMP_ACT_NOTIFY cannot be used as default " +
			"action\"",
		"crun 1.8.1 and 1.27: the start fails without a message",
		"containers/common v0.67.0, ValidateProfile; youki, crates/libcontainer/src/seccomp",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if profile.DefaultAction.Text == notify {
			p.Report(report.At(profile, profile.DefaultAction.Span,
				fmt.Sprintf("action %q is the default, which runc refuses and with which crun cannot start a container",
					notify)))
		}
	}),
}

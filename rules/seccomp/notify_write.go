package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var notifyWrite = &rules.Rule{
	ID:       "seccomp/notify-write",
	Summary:  "a rule notifies a listener of write, which runc itself needs to hand the listener over",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"runc 1.1.5, libcontainer/seccomp/seccomp_linux.go: \"SCMP_ACT_NOTIFY cannot be used for the write syscall\"",
		"youki, crates/libcontainer/src/seccomp: the same check",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if readers.Only(p, "crun") { // which has no such check
			return
		}
		for _, rule := range profile.Rules {
			if rule.Action.Text != notify || !inEveryFilter(p, profile, rule) {
				continue
			}
			for _, name := range rule.Names {
				if name.Text == "write" {
					p.Report(report.At(profile, name.Span,
						fmt.Sprintf("syscall %q has the action %q, so runc refuses the profile", name.Text, notify)))
				}
			}
		}
	}),
}

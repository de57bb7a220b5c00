package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var waitKillableWithoutNotify = &rules.Rule{
	ID: "seccomp/wait-killable-without-notify",
	Summary: "the flag SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is set and no rule notifies, so the kernel refuses " +
		"the filter",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"seccomp(2): SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; Linux, kernel/seccomp.c: seccomp_set_mode_filter",
		"runc 1.5.1: \"error loading seccomp filter: invalid argument\"; crun 1.8.1 and 1.27: a second attempt " +
			"without flags",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if profile.DefaultAction.Text == notify ||
			slices.ContainsFunc(profile.Rules, func(r *seccomp.Rule) bool { return r.Action.Text == notify }) {
			return
		}
		for i, name := range profile.Flags {
			if name.Text != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" {
				continue
			}
			finding := report.At(profile, name.Span,
				`flag "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" is set and no rule has the action "SCMP_ACT_NOTIFY", `+
					`so runc cannot load the filter and crun sets no flag at all`)
			if readers.Only(p, "crun") {
				finding.Severity = rules.Warning
				finding.Message = `flag "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" is set and no rule has the action ` +
					`"SCMP_ACT_NOTIFY", so crun sets no flag at all`
			}
			finding.Fixes = deleteFlag(profile, i)
			p.Report(finding)
		}
	}),
}

// notify is the action that hands a call to another program.
const notify = "SCMP_ACT_NOTIFY"

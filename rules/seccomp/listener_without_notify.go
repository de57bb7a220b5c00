package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var listenerWithoutNotify = &rules.Rule{
	ID:       "seccomp/listener-without-notify",
	Summary:  "the profile names a listener and no rule notifies it",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: listenerPath",
		"runc 1.1.5 and 1.5.1: the container runs; crun 1.8.1 and 1.27: \"connect socket to … : No such file or " +
			"directory\"",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if profile.ListenerPath.Text == "" || profile.DefaultAction.Text == notify ||
			slices.ContainsFunc(profile.Rules, func(r *seccomp.Rule) bool { return r.Action.Text == notify }) {
			return
		}
		finding := report.At(profile, profile.ListenerPath.Span,
			`listenerPath is given and no rule has the action "SCMP_ACT_NOTIFY"; runc ignores it, and crun starts `+
				`no container unless a program listens there`)
		safety := fixers.Unsafe
		switch {
		case readers.Only(p, "runc"):
			safety = fixers.Safe
			finding.Message = `listenerPath is given and no rule has the action "SCMP_ACT_NOTIFY", so runc ignores it`
		case p.Targets().Seccomp.Given("crun"):
			finding.Severity = rules.Error
		}
		finding.Fixes = fixes.Edited(profile, "Delete listenerPath", safety,
			fixseccomp.RemoveField(profile.Profile, profile.ListenerPath.Span), fixers.Changes{})
		p.Report(finding)
	}),
}

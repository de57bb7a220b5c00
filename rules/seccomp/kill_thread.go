package seccomp

import (
	"fmt"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var killThread = &rules.Rule{
	ID:       "seccomp/kill-thread",
	Summary:  "an action kills one thread and leaves the rest of the process running",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"seccomp(2), man-pages 6.9: SECCOMP_RET_KILL_THREAD",
		"libseccomp, seccomp_init(3): SCMP_ACT_KILL is SCMP_ACT_KILL_THREAD",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		check := func(action seccomp.String, errno ...seccomp.Number) {
			if action.Text != "SCMP_ACT_KILL" && action.Text != "SCMP_ACT_KILL_THREAD" {
				return
			}
			finding := report.At(profile, action.Span,
				fmt.Sprintf("action %q kills only the calling thread, and the rest of a multi-threaded program goes "+
					"on without it", action.Text))
			process, _ := seccomp.LookupAction("SCMP_ACT_KILL_PROCESS")
			if _, ok := support.Find(p, process.Support, "libseccomp", "runc", "crun"); !ok {
				finding.Fixes = killProcess(profile)
			}
			p.Report(finding)
		}
		check(profile.DefaultAction)
		for _, rule := range profile.Rules {
			check(rule.Action)
		}
	}),
}

// killProcess returns the fix that makes every such action of the profile SCMP_ACT_KILL_PROCESS. Half of them would
// make a rule that was dropped for being like the default action a rule of its own.
func killProcess(profile *workspace.Profile) []fixers.Fix {
	if !fixes.Editable(profile) {
		return nil
	}
	fix := fixers.Fix{
		Title: "Kill the process with SCMP_ACT_KILL_PROCESS", Safety: fixers.Unsafe,
		Changes: fixers.Changes{fixseccomp.AnyDecision{}},
	}
	edit := func(action seccomp.String) {
		if action.Text == "SCMP_ACT_KILL" || action.Text == "SCMP_ACT_KILL_THREAD" {
			fix.Edits = append(fix.Edits,
				fixers.Edit{File: profile.Source, Span: action.Span, Text: phrase.Quote("SCMP_ACT_KILL_PROCESS")})
		}
	}
	edit(profile.DefaultAction)
	for _, rule := range profile.Rules {
		edit(rule.Action)
	}
	return []fixers.Fix{fix}
}

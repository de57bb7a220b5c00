package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var unknownAction = &rules.Rule{
	ID:       "seccomp/unknown-action",
	Summary:  "an action has a name that runtimes do not know, so they refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp",
		"runc, libcontainer/seccomp/config.go; crun, src/libcrun/seccomp.c: get_seccomp_action",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if _, what := disables(profile); what == "" { // else seccomp/profile-disables-seccomp reports it
			checkAction(p, profile, profile.DefaultAction)
		}
		for _, rule := range profile.Rules {
			checkAction(p, profile, rule.Action)
		}
	}),
}

func checkAction(p *rules.Pass, profile *workspace.Profile, name seccomp.String) {
	if name.Span.IsEmpty() {
		return
	}
	action, ok := seccomp.LookupAction(name.Text)
	if ok {
		support.Report(p, profile, "action", name, action.Support, "libseccomp", "runc", "crun")
		return
	}
	finding := report.At(profile, name.Span, fmt.Sprintf("action %q is unknown", name.Text))
	if near := seccomp.NearestAction(name.Text); near != "" {
		finding.Message += fmt.Sprintf("; did you mean %q?", near)
		finding.Fixes = fixes.Replace(profile, "Rename to "+near, fixers.Unsafe, name.Span, phrase.Quote(near),
			fixers.Changes{fixers.Repair{}, fixers.Reveals{}})
	}
	p.Report(finding)
}

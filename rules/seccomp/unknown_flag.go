package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownFlag = &rules.Rule{
	ID:       "seccomp/unknown-flag",
	Summary:  "a filter flag has a name that runtimes do not know, so they refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp: flags",
		"runc, libcontainer/specconv/spec_linux.go: \"seccomp flag … is not known to runc\"; crun, " +
			"src/libcrun/seccomp.c: \"unknown seccomp option\"",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for i, name := range profile.Flags {
			if _, ok := seccomp.LookupFlag(name.Text); ok {
				continue
			}
			finding := report.At(profile, name.Span,
				fmt.Sprintf("flag %q is unknown, so runc and crun refuse the profile", name.Text))
			near := seccomp.NearestFlag(name.Text)
			if near != "" {
				finding.Message += fmt.Sprintf("; did you mean %q?", near)
				if !slices.ContainsFunc(profile.Flags, func(s seccomp.String) bool { return s.Text == near }) {
					finding.Fixes = fixes.Replace(profile, "Rename to "+near, fixers.Unsafe, name.Span,
						phrase.Quote(near), fixers.Changes{fixers.Repair{}, fixers.Reveals{}})
				}
			}
			finding.Fixes = append(finding.Fixes, deleteFlag(profile, i)...)
			p.Report(finding)
		}
	}),
}

// deleteFlag returns the fix that removes a flag for which runtimes refuse the profile. An empty list stays:
// without one runtimes set SPEC_ALLOW themselves.
func deleteFlag(profile *workspace.Profile, i int) []fixers.Fix {
	return fixes.Edited(profile, "Delete the flag", fixers.Unsafe,
		fixseccomp.RemoveString(profile.Profile, profile.Flags, i), fixers.Changes{fixers.Repair{}})
}

package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownCapability = &rules.Rule{
	ID:       "seccomp/unknown-capability",
	Summary:  "a capability in includes or excludes has a name that no container has, so it never matches",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go, and containers/common v0.67.0, " +
			"pkg/seccomp/seccomp_linux.go: names are compared literally with the bounding set",
		"Linux 7.1, include/uapi/linux/capability.h",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if !readers.Reads(p, profile, decide.LoaderDocker) && !readers.Reads(p, profile, decide.LoaderContainers) {
			return // no loader reads the field
		}
		known := seccomp.Capabilities()
		for _, rule := range profile.Rules {
			for n, list := range [][]seccomp.String{rule.Includes.Caps, rule.Excludes.Caps} {
				var given map[string]bool // the list as a set
				for _, name := range list {
					if slices.Contains(known, name.Text) {
						continue
					}
					finding := report.At(profile, name.Span,
						fmt.Sprintf("capability %q is unknown, so it excludes nothing", name.Text))
					if n == 0 {
						finding.Message = fmt.Sprintf("capability %q is unknown, so the rule is always left out",
							name.Text)
					}
					if near := seccomp.NearestCapability(name.Text); near != "" {
						finding.Message += fmt.Sprintf("; did you mean %q?", near)
						if given == nil {
							given = literals.Set(list)
						}
						if !given[near] {
							edits := fixseccomp.ReplaceString(profile.Profile, name, near)
							if len(rule.Names) > 0 { // else nobody knows what the rule is about
								finding.Fixes = fixes.Edited(profile, "Rename to "+near, fixers.Unsafe, edits,
									fixers.Changes{fixseccomp.Syscalls(literals.Texts(rule.Names)), fixers.Reveals{}})
							}
						}
					}
					p.Report(finding)
				}
			}
		}
	}),
}

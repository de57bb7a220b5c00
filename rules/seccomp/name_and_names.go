package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var nameAndNames = &rules.Rule{
	ID:       "seccomp/name-and-names",
	Summary:  "a rule has both name and names, so Docker and Podman refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: \"both 'name' and 'names' are specified in the seccomp " +
			"profile, use either 'name' or 'names'\"",
		"containers/common v0.67.0, pkg/seccomp/seccomp_linux.go: the same",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		refuse := readers.Loaders(p, profile, decide.LoaderDocker, decide.LoaderContainers)
		if len(refuse) == 0 {
			return // name is ignored, which seccomp/docker-field-ignored reports where it matters
		}
		for _, rule := range profile.Rules {
			if rule.LegacyName || len(rule.Names) == 0 || rule.Name.Text == "" {
				continue
			}
			span, ok := fixseccomp.FieldKey(profile.Profile, rule.Name.Span)
			if !ok {
				span = rule.Name.Span
			}
			finding := report.At(profile, span,
				fmt.Sprintf("the rule has both \"name\" and \"names\", so %s %s the profile", phrase.List(refuse),
					phrase.Verb("refuse", refuse)))
			edits := fixseccomp.RemoveField(profile.Profile, rule.Name.Span)
			repair := fixers.Changes{fixers.Repair{}}
			if literals.Has(rule.Names, rule.Name.Text) {
				finding.Fixes = fixes.Edited(profile, "Remove name", fixers.Safe, edits, repair)
			} else if len(edits) > 0 {
				edits = slices.Concat(edits,
					fixseccomp.InsertString(profile.Profile, rule.Names, len(rule.Names), rule.Name.Text))
				finding.Fixes = fixes.Edited(profile, fmt.Sprintf("Move %q into names", rule.Name.Text), fixers.Unsafe,
					edits, repair)
			}
			p.Report(finding)
		}
	}),
}

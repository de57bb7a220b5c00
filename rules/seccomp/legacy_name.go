package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var legacyName = &rules.Rule{
	ID:         "seccomp/legacy-name",
	Summary:    "a rule names its syscall in the form used before Docker 1.13, which only Docker and Podman still read",
	Severity:   rules.Warning,
	Category:   rules.Portability,
	Since:      "0.1.0",
	Deprecated: true,
	Fixes:      []fixers.Safety{fixers.Safe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp.go: \"Deprecated: kept for backward compatibility with old JSON " +
			"profiles, use Names instead\"",
		"OCI runtime specification: name became names in v1.0.0-rc6",
		"crun 1.8.1 and 1.27: \"Required field 'names' not present\"; runc 1.1.5 and 1.5.1 drop the rule",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if readers.Reads(p, profile, decide.LoaderOCI) {
			return // seccomp/docker-field-ignored reports what is lost
		}
		var finding rules.Finding
		var edits []fixers.Edit
		count, whole := 0, true
		for _, rule := range profile.Rules {
			if !rule.LegacyName {
				continue
			}
			if count++; count == 1 {
				span, ok := fixseccomp.FieldKey(profile.Profile, rule.Name.Span)
				if !ok {
					span = rule.Name.Span
				}
				finding = report.At(profile, span, "the syscall of the rule is given by \"name\"")
			}
			e := fixseccomp.NameToNames(profile.Profile, rule)
			whole = whole && len(e) > 0
			edits = append(edits, e...)
		}
		if count == 0 {
			return
		}
		if count > 1 {
			finding.Message = fmt.Sprintf("the syscalls of %d rules are given by \"name\"", count)
		}
		readers := readers.Loaders(p, profile, decide.LoaderDocker, decide.LoaderContainers)
		finding.Message += fmt.Sprintf(", which %s %s, and containerd, runc and crun do not", phrase.List(readers),
			phrase.Verb("read", readers))
		if whole {
			finding.Fixes = fixes.Edited(profile, "Write names", fixers.Safe, edits, fixers.Changes{})
		}
		p.Report(finding)
	}),
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var miscasedField = &rules.Rule{
	ID:       "seccomp/miscased-field",
	Summary:  "a field differs from a known one only in letter case, so crun does not read it",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Go, encoding/json, Unmarshal: keys match \"preferring an exact match but also accepting a case-insensitive " +
			"match\"",
		"crun, libocispec: keys are compared literally",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		twice := map[source.Span]bool{} // what seccomp/duplicate-key reports
		for _, field := range profile.DuplicateFields {
			twice[field.Name.Span], twice[field.Earlier] = true, true
		}
		for _, field := range profile.MiscasedFields {
			if twice[field.Name.Span] {
				continue
			}
			finding := report.At(profile, field.Name.Span,
				fmt.Sprintf("field %q is spelt %q", field.Name.Text, field.Near))
			inGo := readers.Go(p, profile)
			crun := readers.RuntimeReads(p, profile, "crun") || readers.AsIs(p, profile, "crun")
			switch {
			case crun && field.Near == "defaultAction":
				finding.Message += "; crun finds no default action and refuses the profile"
			case !crun:
				finding.Message += fmt.Sprintf("; %s %s it in any case, crun does not", phrase.List(inGo),
					phrase.Verb("read", inGo))
			case len(inGo) == 0:
				finding.Message += "; crun ignores it"
			default:
				finding.Message += fmt.Sprintf("; %s reads it in any case, and crun ignores it", phrase.List(inGo))
			}
			if crun && p.Targets().Seccomp.Given("crun") {
				finding.Severity = rules.Error
			}
			finding.Fixes = fixes.Replace(profile, "Rename to "+field.Near, fixers.Safe, field.Name.Span,
				phrase.Quote(field.Near), fixers.Changes{})
			p.Report(finding)
		}
	}),
}

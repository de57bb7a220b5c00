package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var miscompiledRules = &rules.Rule{
	ID:       "seccomp/miscompiled-rules",
	Summary:  "libseccomp miscompiles the rules: the filter does something else than they say",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp 2.5.4 and 2.6.1: rules, the exported BPF and its simulation compared, and the results confirmed " +
			"in the kernel",
		"GHSA-4q85-33p6-j5g6, of the same kind, fixed in libseccomp 2.6.1",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		seen := map[*seccomp.Rule]bool{}
		conditions.Decisions(p, profile, func(f *decide.Filter, a *seccomp.Architecture, d *decide.Decision) {
			for _, m := range d.Miscompiled() {
				first, second := d.Cases[m.First], d.Cases[m.Second]
				if !m.Likely || first.Multiplexed || second.Multiplexed || seen[second.Rule] {
					continue
				}
				seen[second.Rule] = true
				finding := report.At(profile, second.Name.Span,
					fmt.Sprintf("libseccomp makes a wrong filter from two conditions on %q, %s and %s, so calls may "+
						"get a different action than the rules give%s",
						second.Name.Text, conditions.InWords(first.Conds), conditions.InWords(second.Conds),
						conditions.Others(m.Others, -1)))
				finding.Related = []rules.Related{
					{File: profile.Source, Span: first.Name.Span, Message: "the other rule"},
				}
				p.Report(finding)
			}
		})
		unloaded := map[seccomp.String]bool{}
		for _, f := range profile.Usual(p.Targets().Seccomp) {
			for _, a := range f.Archs {
				name, ok := f.Unloaded(a)
				if !ok || unloaded[name] {
					continue
				}
				unloaded[name] = true
				finding := report.At(profile, name.Span,
					fmt.Sprintf("libseccomp makes a filter for %s that never looks at the number of a call, because "+
						"%q, which does not exist there, comes first in its list: every call gets the default action",
						a.ABI, name.Text))
				finding.Severity = rules.Error
				p.Report(finding)
			}
		}
	}),
}

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

var overlappingArgumentRules = &rules.Rule{
	ID: "seccomp/overlapping-argument-rules",
	Summary: "two rules about one syscall with different actions hold for the same call, and which one counts is " +
		"unpredictable",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/db.c: the conditions of all rules about a syscall are merged into one tree",
		"4,896 overlapping pairs run through runc and crun: the first rule in the file won in 2,583 cases with " +
			"libseccomp 2.5.4 and in 2,538 with 2.6.1",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		seen := map[*seccomp.Rule]bool{}
		conditions.Decisions(p, profile, func(f *decide.Filter, a *seccomp.Architecture, d *decide.Decision) {
			for _, o := range d.Overlaps() {
				first, second := d.Cases[o.First], d.Cases[o.Second]
				if o.Identical || first.Multiplexed || second.Multiplexed || seen[second.Rule] {
					continue
				}
				seen[second.Rule] = true
				finding := report.At(profile, second.Name.Span,
					fmt.Sprintf("for %q with %s two rules hold, %s (%s) and %s (%s), and neither their order nor "+
						"libseccomp's release determines which one counts%s",
						second.Name.Text, conditions.Call(o.Call, first, second), first.Outcome,
						conditions.InWords(first.Conds), second.Outcome, conditions.InWords(second.Conds),
						conditions.Others(o.Others, decide.MaxOthers)))
				finding.Related = []rules.Related{
					{File: profile.Source, Span: first.Name.Span, Message: "the other rule"},
				}
				p.Report(finding)
			}
		})
	}),
}

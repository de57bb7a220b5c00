package seccomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var repeatedArgumentIndex = &rules.Rule{
	ID:       "seccomp/repeated-argument-index",
	Summary:  "a rule has two conditions on one argument, which makes all its conditions alternatives",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"opencontainers/runc, libcontainer/seccomp/seccomp_linux.go, matchCall: if an argument has several " +
			"conditions, each condition becomes a rule",
		"containers/crun, src/libcrun/seccomp.c: the same",
		"opencontainers/runc#2735, opencontainers/runc#1616, moby/moby#33760, containers/crun#2237, " +
			"youki-dev/youki#3489",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for n, rule := range profile.Rules {
			again := slices.IndexFunc(rule.Args, func(a seccomp.Arg) bool {
				return slices.ContainsFunc(rule.Args,
					func(b seccomp.Arg) bool { return b.Index.Value == a.Index.Value && b.Span.Start < a.Span.Start })
			})
			if again < 0 || slices.ContainsFunc(rule.Args, func(a seccomp.Arg) bool {
				return a.Index.Value > 5 || !slices.Contains(seccomp.Operators(), a.Op.Text) ||
					!conditions.Sound(profile, a.Span)
			}) {
				continue
			}
			arg := rule.Args[again]
			first := rule.Args[slices.IndexFunc(rule.Args,
				func(a seccomp.Arg) bool { return a.Index.Value == arg.Index.Value })]
			finding := report.At(profile, arg.Span,
				fmt.Sprintf("argument %d has a condition already, which makes the conditions of this rule "+
					"alternatives: one of the %d is enough", arg.Index.Value, len(rule.Args)))
			if i, ok := coversAll(rule); ok {
				finding.Message += fmt.Sprintf("; those on argument %d hold for every value together, and so does "+
					"the rule", i)
			}
			finding.Related = []rules.Related{
				{
					File: profile.Source, Span: first.Span,
					Message: fmt.Sprintf("argument %d is compared here first", arg.Index.Value),
				},
			}
			if texts := oneValueEach(profile, rule); texts != nil && len(rule.Names) > 0 {
				finding.Fixes = fixes.Edited(profile,
					fmt.Sprintf("Split into %d rules, which mean the same", len(texts)), fixers.Safe,
					fixseccomp.SplitRule(profile.Profile, n, texts...), fixers.Changes{})
			}
			p.Report(finding)
		}
	}),
}

// oneValueEach returns the texts of the conditions of a rule that compares one argument with several values; nil for
// another rule, and for one of which crun reads a part only.
func oneValueEach(profile *workspace.Profile, rule *seccomp.Rule) []string {
	if len(rule.Args) > 6 {
		return nil
	}
	var texts []string
	for _, a := range rule.Args {
		if a.Op.Text != "SCMP_CMP_EQ" || a.Index.Value != rule.Args[0].Index.Value {
			return nil
		}
		texts = append(texts, profile.Source.Text(a.Span))
	}
	return texts
}

// coversAll returns an argument of which every value meets one of the alternatives of a rule.
func coversAll(rule *seccomp.Rule) (int, bool) {
	values := []uint64{0, math.MaxUint64}
	for _, a := range rule.Args {
		if a.Op.Text == "SCMP_CMP_MASKED_EQ" {
			return 0, false
		}
		values = append(values, a.Value.Value-1, a.Value.Value, a.Value.Value+1)
	}
	alternatives := decide.Alternatives(rule)
	for arg := range 6 {
		if !slices.ContainsFunc(values, func(v uint64) bool {
			return !slices.ContainsFunc(alternatives,
				func(conds []decide.Cond) bool { return len(conds) == 1 && conds[0].Arg == arg && conds[0].Holds(v) })
		}) {
			return arg, true
		}
	}
	return 0, false
}

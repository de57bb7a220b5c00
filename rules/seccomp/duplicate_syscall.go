package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/mentions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var duplicateSyscall = &rules.Rule{
	ID:          "seccomp/duplicate-syscall",
	Summary:     "a syscall is listed twice with the same action and conditions",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp, src/db.c: a rule that is there already is taken as done",
	},
	Check: rules.OnProfile(checkDuplicateSyscall),
}

func checkDuplicateSyscall(p *rules.Pass, profile *workspace.Profile) {
	all := mentions.Of(p, profile)
	isCopy := func(m *mentions.Mention) bool { return m.Status == mentions.Copied }
	remover := mentions.NewRemover(profile, isCopy, all)
	for _, names := range all {
		for k := range names {
			m := &names[k]
			if !isCopy(m) {
				continue
			}
			finding := report.At(profile, m.Span, fmt.Sprintf("syscall %q is already in this list", m.Text))
			if m.Other.Rule != m.Rule {
				finding.Message = fmt.Sprintf("syscall %q is already in an earlier rule with the same action and "+
					"conditions", m.Text)
				if m.Other.Rule > m.Rule || !sameScope(profile.Rules[m.Rule], profile.Rules[m.Other.Rule]) {
					finding.Message = fmt.Sprintf("syscall %q is in another rule with the same action and "+
						"conditions, which is in force wherever this one is", m.Text)
				}
			} else if profile.Dialect == seccomp.SPO {
				finding.Severity = rules.Error
				finding.Message += ", so the API server refuses the SeccompProfile"
			}
			finding.Related = []rules.Related{
				{File: profile.Source, Span: m.Other.Span, Message: fmt.Sprintf("%q is listed here", m.Text)},
			}
			if p.WantsFixes() && (len(profile.Problems) == 0 ||
				sameScope(profile.Rules[m.Rule], profile.Rules[m.Other.Rule])) {
				finding.Fixes = remover.Remove(m)
			}
			p.Report(finding)
		}
	}
}

// sameScope reports whether two rules are in force in the same containers, as far as their fields say so.
func sameScope(a, b *seccomp.Rule) bool {
	same := func(a, b []seccomp.String) bool {
		in := func(list []seccomp.String) func(seccomp.String) bool {
			return func(s seccomp.String) bool {
				return !slices.ContainsFunc(list, func(o seccomp.String) bool { return o.Text == s.Text })
			}
		}
		return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
	}
	for _, s := range [][2]*seccomp.Scope{{&a.Includes, &b.Includes}, {&a.Excludes, &b.Excludes}} {
		if !same(s[0].Caps, s[1].Caps) || !same(s[0].Arches, s[1].Arches) ||
			s[0].MinKernel.Text != s[1].MinKernel.Text {
			return false
		}
	}
	return true
}

package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/conditions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/mentions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var deadArgumentRule = &rules.Rule{
	ID: "seccomp/dead-argument-rule",
	Summary: "a rule with argument conditions has no effect, because another one names the " +
		"syscall without conditions",
	Severity:    rules.Error,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"libseccomp v2.6.1, src/db.c: a rule without conditions replaces the tree of conditions of its syscall, and " +
			"later conditions are not added to it",
		"opencontainers/runc, libcontainer/seccomp/seccomp_linux.go; containers/crun, src/libcrun/seccomp.c: rules " +
			"are added in the order of the file",
		"runs of runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27 with libseccomp 2.5.4 and 2.6.1",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := mentions.Of(p, profile)
		dead := func(m *mentions.Mention) bool { return m.Status == mentions.Hidden && !m.Always }
		remover := mentions.NewRemover(profile, dead, all)
		for _, names := range all {
			for k := range names {
				m := &names[k]
				if !dead(m) {
					continue
				}
				finding := report.At(profile, m.Span,
					fmt.Sprintf("the conditions on %q have no effect: another rule names it without conditions, and "+
						"decides alone, with %s", m.Text, m.Other.Outcome))
				finding.Related = []rules.Related{
					{
						File: profile.Source, Span: m.Other.Span,
						Message: fmt.Sprintf("%q is named here without conditions", m.Text),
					},
				}
				finding.Fixes = remover.Remove(m)
				if !conditions.Disagree(p, profile, m.Text) {
					finding.Fixes = append(finding.Fixes, keepConditions(profile, names, m)...)
				}
				p.Report(finding)
			}
		}
	}),
}

// keepConditions returns the fix that removes a name from the rules without conditions, so one with conditions
// takes effect; none where nothing sensible would be left.
func keepConditions(profile *workspace.Profile, names []mentions.Mention, m *mentions.Mention) []fixers.Fix {
	if action, ok := seccomp.LookupAction(profile.DefaultAction.Text); !ok || action.Runs == m.Outcome.Runs() {
		return nil // it makes no exception to the default action
	}
	title := fmt.Sprintf("Remove %q from the rule without conditions", m.Text)
	var edits []fixers.Edit
	var whole []int // rules of which nothing would be left
	for k := range names {
		n := &names[k]
		if !n.Always || n.Status == mentions.EqualsDefault {
			continue
		}
		if !slices.ContainsFunc(names[:k], func(o mentions.Mention) bool { return o.Rule == n.Rule }) {
			list := profile.Rules[n.Rule].Names
			var drop []int
			for i, s := range list {
				if s.Text == n.Text {
					drop = append(drop, i)
				}
			}
			if len(drop) == len(list) {
				whole = append(whole, n.Rule)
				continue
			}
			e := fixseccomp.RemoveStrings(profile.Profile, list, drop...)
			if e == nil {
				return nil
			}
			edits = append(edits, e...)
		}
	}
	if len(whole) > 0 {
		e := fixseccomp.RemoveRules(profile.Profile, whole...)
		if e == nil {
			return nil
		}
		edits = append(edits, e...)
	}
	return fixes.Edited(profile, title, fixers.Unsafe, edits, fixers.Changes{fixseccomp.Syscalls{m.Text}})
}

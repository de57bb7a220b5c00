package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/mentions"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var contradictoryActions = &rules.Rule{
	ID:       "seccomp/contradictory-actions",
	Summary:  "two rules without conditions give a syscall different actions, and only the first one counts",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp v2.6.1, src/db.c: of two rules without conditions the one that was added first stays",
		"opencontainers/runc, libcontainer/seccomp/seccomp_linux.go; containers/crun, src/libcrun/seccomp.c: rules " +
			"are added in the order of the file, without those that equal the default action",
		"runs of runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27; containers/common, pkg/seccomp/seccomp.json: setns",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := mentions.Of(p, profile)
		loses := func(m *mentions.Mention) bool { return m.Status == mentions.Hidden && m.Always }
		remover := mentions.NewRemover(profile, loses, all)
		for _, names := range all {
			for k := range names {
				m := &names[k]
				var finding rules.Finding
				switch {
				case loses(m):
					finding = report.At(profile, m.Span,
						fmt.Sprintf("%q gets %s here and %s in an earlier rule, which decides; this one has no effect",
							m.Text, m.Outcome, m.Other.Outcome))
					finding.Fixes = remover.Remove(m)
				case m.Status == mentions.Rivalled:
					finding = report.At(profile, m.Span,
						fmt.Sprintf("%q gets %s here, but in containers where an earlier rule is in force too, that "+
							"one decides, with %s", m.Text, m.Outcome, m.Other.Outcome))
					finding.Severity = rules.Info
				default:
					continue
				}
				finding.Related = []rules.Related{
					{
						File: profile.Source, Span: m.Other.Span,
						Message: fmt.Sprintf("%q gets %s here", m.Text, m.Other.Outcome),
					},
				}
				p.Report(finding)
			}
		}
	}),
}

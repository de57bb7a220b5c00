package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var enosysBorder = &rules.Rule{
	ID: "seccomp/enosys-border",
	Summary: "a name at the upper end of an allowlist makes runc stop answering ENOSYS to older syscalls that the " +
		"list does not name",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"runc, libcontainer/seccomp/patchbpf/enosys_linux.go",
		"moby/moby#42871; opencontainers/runc#2151",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		top, above := programs.Crossed(profile, programs.Filters(p, profile))
		if len(above) == 0 {
			return
		}
		object := "it"
		if len(above) > 1 {
			object = "them"
		}
		var names []string
		for _, name := range top {
			names = append(names, name.Text)
		}
		border := top[len(top)-1]
		finding := report.At(profile, border.Span,
			fmt.Sprintf("because the profile names %s, runc does not answer %s with ENOSYS, so programs that try %s "+
				"first do not fall back", phrase.Quoted(names), phrase.Quoted(above), object))
		for _, name := range top[:len(top)-1] {
			finding.Related = append(finding.Related,
				rules.Related{
					File: profile.Source, Span: name.Span, Message: fmt.Sprintf("%q is named here", name.Text),
				})
		}
		finding.Fixes = requirement.Requirement{ENOSYS: above}.Fix(p, profile)
		p.Report(finding)
	}),
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var duplicateArchitecture = &rules.Rule{
	ID:          "seccomp/duplicate-architecture",
	Summary:     "an architecture is listed twice",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"libseccomp: seccomp_arch_add(3), -EEXIST, which runc and crun take as done",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if profile.Dialect != seccomp.SPO { // for which the API server refuses it: seccomp/syntax
			reportCopies(p, profile, seccomp.String{}, profile.Architectures)
		}
		for _, entry := range profile.ArchMap {
			reportCopies(p, profile, entry.Architecture, entry.SubArchitectures)
		}
	}),
}

// reportCopies reports the names of a list that are in it already, or that are the host's own.
func reportCopies(p *rules.Pass, profile *workspace.Profile, host seccomp.String, list []seccomp.String) {
	first := map[string]seccomp.String{}
	if host.Text != "" {
		first[host.Text] = host
	}
	for i, name := range list {
		earlier, ok := first[name.Text]
		if !ok {
			first[name.Text] = name
			continue
		}
		finding := report.At(profile, name.Span, fmt.Sprintf("architecture %q is already in this list", name.Text))
		if earlier == host {
			finding.Message = fmt.Sprintf("architecture %q is that of the entry itself", name.Text)
		}
		finding.Related = []rules.Related{
			{File: profile.Source, Span: earlier.Span, Message: fmt.Sprintf("%q is listed here", name.Text)},
		}
		finding.Fixes = fixes.Edited(profile, "Remove the second "+name.Text, fixers.Safe,
			fixseccomp.RemoveString(profile.Profile, list, i), fixers.Changes{})
		p.Report(finding)
	}
}

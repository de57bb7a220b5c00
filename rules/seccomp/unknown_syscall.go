package seccomp

import (
	"fmt"
	"slices"
	"sync"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownSyscall = &rules.Rule{
	ID:       "seccomp/unknown-syscall",
	Summary:  "a rule names a syscall that libseccomp does not know, so runtimes silently ignore it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"libseccomp v2.6.1, src/syscalls.csv",
		"runc, libcontainer/seccomp/seccomp_linux.go: a name that cannot be resolved is skipped, with a message at " +
			"debug level",
		"crun, src/libcrun/seccomp.c: a warning that is hidden by default",
		"netblue30/firejail#7063, containers/crun#496, containers/podman#7670, DataDog/datadog-agent#29583",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, rule := range profile.Rules {
			lacks := sync.OnceValue(func() func(string) bool {
				has := map[string]bool{}
				for _, name := range rule.Names {
					has[name.Text] = true
				}
				return func(name string) bool { return !has[name] }
			})
			for _, name := range rule.Names {
				if name.Text != "" { // which seccomp/syntax reports
					checkName(p, profile, rule, name, lacks)
				}
			}
		}
	}),
}

func checkName(p *rules.Pass, profile *workspace.Profile, rule *seccomp.Rule, name seccomp.String,
	lacks func() func(string) bool) {
	s, ok := seccomp.LookupSyscall(name.Text)
	if !ok {
		reportUnknown(p, profile, rule, name, lacks())
		return
	}
	if s.Last.IsZero() {
		return
	}
	if targets := p.Targets().Seccomp; targets.Given("libseccomp") &&
		!slices.ContainsFunc(targets.Libseccomps(), func(l decide.Libseccomp) bool { return !l.Knows(s) }) {
		return
	}
	finding := report.At(profile, name.Span,
		fmt.Sprintf("syscall %q is known only to libseccomp up to %s; newer releases silently leave it out", name.Text,
			s.Last))
	finding.Severity = rules.Warning
	p.Report(finding)
}

// reportUnknown reports a name that no libseccomp knows. Lacks says of a syscall that the rule does not name it.
func reportUnknown(p *rules.Pass, profile *workspace.Profile, rule *seccomp.Rule, name seccomp.String,
	lacks func(string) bool) {
	finding := report.At(profile, name.Span, "")
	finding.Severity = rules.Warning
	finding.Message = fmt.Sprintf("syscall %q is unknown to libseccomp, so runtimes silently leave it out", name.Text)
	if reach.Denies(rule) && reach.DefaultRuns(profile) {
		finding.Severity = rules.Error
		finding.Message = fmt.Sprintf("syscall %q is unknown to libseccomp, so runtimes silently ignore it and "+
			"block nothing", name.Text)
	}
	if a, b, ok := seccomp.SplitGlued(name.Text); ok {
		finding.Message += fmt.Sprintf("; it is %q and %q in one string", a, b)
		if !rule.LegacyName && (lacks(a) || lacks(b)) {
			text, added := phrase.Quote(a)+", "+phrase.Quote(b), []string{a, b}
			if !lacks(a) {
				text, added = phrase.Quote(b), added[1:]
			} else if !lacks(b) {
				text, added = phrase.Quote(a), added[:1]
			}
			finding.Fixes = fixes.Replace(profile, "Split into "+a+" and "+b, fixers.Unsafe, name.Span, text,
				fixers.Changes{fixseccomp.Syscalls(append(added, name.Text)), fixers.Reveals{}})
		}
		p.Report(finding)
		return
	}
	switch near := seccomp.NearSyscalls(name.Text); len(near) {
	case 0:
	case 1:
		finding.Message += fmt.Sprintf("; did you mean %q?", near[0])
		if lacks(near[0]) {
			finding.Fixes = fixes.Replace(profile, "Rename to "+near[0], fixers.Unsafe, name.Span,
				phrase.Quote(near[0]), fixers.Changes{fixseccomp.Syscalls{near[0], name.Text}, fixers.Reveals{}})
		}
	case 2:
		finding.Message += fmt.Sprintf("; did you mean %q or %q?", near[0], near[1])
	}
	p.Report(finding)
}

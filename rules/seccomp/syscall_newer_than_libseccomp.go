package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var syscallNewerThanLibseccomp = &rules.Rule{
	ID:       "seccomp/syscall-newer-than-libseccomp",
	Summary:  "a rule names a syscall that the targeted libseccomp does not know yet, so runtimes silently ignore it",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/syscalls.csv, and those of all releases before",
		"scmp_sys_resolver of Debian's package 2.5.4-1+deb12u1",
		"runs of runc 1.1.5 and crun 1.8.1 with libseccomp 2.5.4",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		targets := p.Targets().Seccomp
		if !targets.Given("libseccomp") {
			return
		}
		libs := targets.Libseccomps()
		equals := equalRules(p, profile)
		for r, rule := range profile.Rules {
			if equals[r] {
				continue // it is left out anyway
			}
			for _, name := range rule.Names {
				s, ok := seccomp.LookupSyscall(name.Text)
				if !ok {
					continue
				}
				var without []decide.Libseccomp
				for _, l := range libs {
					if !l.Knows(s) && l.Version.Less(s.Since) {
						without = append(without, l)
					}
				}
				if len(without) == 0 {
					continue
				}
				who := without[0].String()
				if len(without) > 1 {
					who = fmt.Sprintf("%s to %s", who, without[len(without)-1])
				}
				finding := report.At(profile, name.Span,
					fmt.Sprintf("syscall %q is unknown to libseccomp %s, which silently leaves it out; %s is the "+
						"first release that knows it", name.Text, who, s.Since))
				if !reach.Denies(rule) {
					finding.Severity = rules.Info
				}
				p.Report(finding)
			}
		}
	}),
}

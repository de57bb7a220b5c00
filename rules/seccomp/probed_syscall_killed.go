package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var probedSyscallKilled = &rules.Rule{
	ID:       "seccomp/probed-syscall-killed",
	Summary:  "a rule kills for a syscall that programs try and do without if it fails",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"stacklok/go-microvm#76 (io_uring_setup)",
		"measured with programs of Debian 12: parsers/seccomp/groups.go, Probes",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := programs.Filters(p, profile)
		shown := shownAsKilled(p, profile, all)
		var effects []programs.Effect
		by := map[string]string{}
		for _, probe := range seccomp.Probes() {
			by[probe.Name] = probe.By
			for _, f := range all {
				s, ok := seccomp.LookupSyscall(probe.Name)
				if !ok || !s.On(f.Target.Host.Arch.ABI) || !f.AlwaysKills(probe.Name) {
					continue
				}
				// A list of what one program needs says nothing about the others, so the default action is left out.
				if d := f.Decide(f.Target.Host.Arch, probe.Name); d.Step == decide.StepRule &&
					!slices.Contains(shown, probe.Name) {
					effects = programs.AddEffect(effects, profile, f, probe.Name, &d)
				}
			}
		}
		for _, g := range programs.Groups(p, all, effects) {
			e := g.Effects[0]
			finding := report.At(profile, e.Cause,
				fmt.Sprintf("%q %s, which ends programs that only try it and would take an errno for an answer (%s)%s",
					e.Name, programs.Happens(e.Outcome, false), by[e.Name], g.Where))
			finding.Severity = g.Severity
			finding.Fixes = requirement.Requirement{ENOSYS: []string{e.Name}}.Fix(p, profile)
			p.Report(finding)
		}
	}),
}

// shownAsKilled returns the syscalls of which another rule says what a kill does: no-enosys-fallback, where programs
// would fall back, and runtime-cannot-start.
func shownAsKilled(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) (names []string) {
	for _, e := range programs.FallbackEffects(profile, all, func(string) bool { return true }) {
		names = append(names, e.Name)
	}
	for _, s := range shortages(p, profile, all) {
		for _, l := range s.lacks {
			if s.severity >= rules.Warning {
				names = append(names, l.effect.Name)
			}
		}
	}
	return names
}

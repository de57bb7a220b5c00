package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var missingTime64 = &rules.Rule{
	ID:       "seccomp/missing-time64",
	Summary:  "32-bit programs may make a syscall with 32-bit times and not its twin with 64-bit times, which they try first",
	Severity: rules.Warning,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"musl 1.2.0, time64 release notes; glibc 2.42, sysdeps/unix/sysv/linux/clock_gettime.c",
		"moby/moby#40734; alpinelinux/docker-alpine#135; docker/for-win#8326; seccomp/libseccomp#228; containers/common#593",
	},
	Seccomp: checkTime64,
}

func checkTime64(p *rules.Pass, profile *workspace.Profile) {
	all := filters(p, profile)
	effects, abis := time64Effects(profile, all)
	for _, g := range groups(p, all, effects) {
		names := namesOf(g.effects)
		var w wish
		for _, e := range g.whole() {
			w.allow = append(w.allow, wanted{e.name, untwin(e.name)})
		}
		span := g.effects[0].cause
		if g.effects[0].rule == nil {
			span = namingOf(profile, all, untwin(names[0]), span)
		}
		message := fmt.Sprintf("%q is allowed and %q is not: 32-bit programs (%s) with 64-bit times try that first, and it %s", untwin(names[0]), names[0], enumerate(abis), happens(g.effects[0].outcome, false))
		if len(names) > 1 {
			message += fmt.Sprintf("; likewise %s", listing(names[1:]))
		}
		finding := at(profile, span, message+g.where)
		finding.Severity = g.severity
		finding.Fixes = w.fix(p, profile)
		p.Report(finding)
	}
}

// time64Effects returns the effects of the twins that are refused where the old syscall is not, and the ABIs on which that is so.
func time64Effects(profile *workspace.Profile, all []*decide.Filter) (effects []effect, abis []string) {
	for _, pair := range seccomp.Time64Twins() {
		twin, _ := seccomp.LookupSyscall(pair.Twin)
		for _, f := range all {
			for _, a := range f.Archs {
				if !twin.On(a.ABI) || f.Default.Runs() {
					continue
				}
				if d := f.Decide(a, pair.Twin); answerTo(&d) == closed && mayRun(f, a, pair.Name) {
					effects = addEffect(effects, profile, f, pair.Twin, &d)
					if !slices.Contains(abis, a.ABI) {
						abis = append(abis, a.ABI)
					}
				}
			}
		}
	}
	return effects, abis
}

func untwin(twin string) string {
	for _, pair := range seccomp.Time64Twins() {
		if pair.Twin == twin {
			return pair.Name
		}
	}
	return ""
}

// namingOf returns the place where a syscall is named by a rule that lets it run, else another place.
func namingOf(profile *workspace.Profile, all []*decide.Filter, name string, other source.Span) source.Span {
	for _, f := range all {
		for _, r := range f.Rules {
			for _, s := range r.Names {
				if s.Text == name && r.Outcome.Runs() {
					return s.Span
				}
			}
		}
	}
	return other
}

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
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var missingTime64 = &rules.Rule{
	ID: "seccomp/missing-time64",
	Summary: "the profile allows a syscall with 32-bit times but not its twin with 64-bit times, which 32-bit " +
		"programs try first",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"musl 1.2.0, time64 release notes; glibc 2.42, sysdeps/unix/sysv/linux/clock_gettime.c",
		"moby/moby#40734; alpinelinux/docker-alpine#135; docker/for-win#8326; seccomp/libseccomp#228; " +
			"containers/common#593; moby/moby#43774",
	},
	Check: rules.OnProfile(checkTime64),
}

func checkTime64(p *rules.Pass, profile *workspace.Profile) {
	all := programs.Filters(p, profile)
	effects, abis := programs.Time64Effects(profile, all)
	reportTime64(p, profile, all, all, effects, abis, "")
	reported := programs.Names(effects)
	for _, g := range programs.GuardedTime64(profile, all) {
		effects, abis := g.Time64Effects(profile)
		effects = slices.DeleteFunc(effects, func(e programs.Effect) bool { return slices.Contains(reported, e.Name) })
		reportTime64(p, profile, all, g.Filters, effects, abis, "with "+phrase.List(g.Caps)+" ")
		reported = append(reported, programs.Names(effects)...)
	}
}

// reportTime64 reports effects with some of all filters, which are those of containers with what the message begins
// with.
func reportTime64(p *rules.Pass, profile *workspace.Profile, all, some []*decide.Filter, effects []programs.Effect,
	abis []string, with string) {
	for _, g := range programs.Groups(p, all, effects) {
		names := programs.Names(g.Effects)
		var w requirement.Requirement
		for _, e := range g.Whole() {
			w.Allow = append(w.Allow, requirement.Wanted{Name: e.Name, Beside: untwin(e.Name)})
		}
		span := g.Effects[0].Cause
		if g.Effects[0].Rule == nil {
			span = namingOf(profile, some, untwin(names[0]), span)
		}
		message := fmt.Sprintf("%s%q is allowed and %q is not: 32-bit programs (%s) with 64-bit times try that first, "+
			"and it %s", with, untwin(names[0]), names[0], phrase.List(abis),
			programs.Happens(g.Effects[0].Outcome, false))
		if len(names) > 1 {
			message += fmt.Sprintf("; likewise %s", phrase.Quoted(names[1:]))
		}
		finding := report.At(profile, span, message+g.Where)
		finding.Severity = g.Severity
		finding.Fixes = w.Fix(p, profile)
		p.Report(finding)
	}
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

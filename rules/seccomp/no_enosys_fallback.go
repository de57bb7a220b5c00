package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
)

var noENOSYSFallback = &rules.Rule{
	ID: "seccomp/no-enosys-fallback",
	Summary: "a newer syscall is refused with another error than ENOSYS, so programs do not try the older one that " +
		"is allowed",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"glibc 2.42, musl 1.2.5, GLib 2.86, gnulib: which of their functions try again after ENOSYS",
		"opencontainers/runc#2151; moby/moby#42871; moby/moby#43595 (close_range); rust-lang/rust#65662 (statx)",
		"docker/docker-ce-packaging#1007, docker/docker-ce-packaging#1012 (fchmodat2); microsoft/WSL#6562 " +
			"(faccessat2); docker-library/official-images#16829",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		all := programs.Filters(p, profile)
		_, above := programs.Crossed(profile, all)
		effects := programs.FallbackEffects(profile, all,
			func(name string) bool { return name != "clone3" && !slices.Contains(above, name) })
		for _, g := range programs.Groups(p, all, effects) {
			names := programs.Names(g.Effects)
			message := fmt.Sprintf("%s %s, so %s", phrase.Quoted(names),
				programs.InsteadOfENOSYS(g.Effects[0].Outcome, len(names) > 1), fallsBack(names))
			finding := report.At(profile, g.Effects[0].Cause, message+g.Where)
			finding.Severity = g.Severity
			finding.Fixes = append(allowThem(p, profile, all, programs.Names(g.Whole())),
				requirement.Requirement{ENOSYS: programs.Names(g.Whole())}.Fix(p, profile)...)
			p.Report(finding)
		}
	}),
}

// fallsBack says who does not fall back on what.
func fallsBack(names []string) string {
	if len(names) > 1 {
		return "programs do not fall back on the older syscalls, which are allowed"
	}
	for _, s := range seccomp.FallbackCapable() {
		if s.Name == names[0] {
			return fmt.Sprintf("programs (%s) do not fall back on %s", s.By, s.To[0])
		}
	}
	return ""
}

// allowThem returns the fix that lets syscalls run where those that programs fall back on do; none where one of these
// does not always.
func allowThem(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter, names []string) []fixers.Fix {
	var w requirement.Requirement
	for _, s := range seccomp.FallbackCapable() {
		if !slices.Contains(names, s.Name) {
			continue
		}
		i := slices.IndexFunc(s.To, func(name string) bool {
			return !slices.ContainsFunc(all, func(f *decide.Filter) bool {
				d := f.Decide(f.Target.Host.Arch, name)
				return programs.AnswerTo(&d) != programs.Open
			})
		})
		if i < 0 {
			return nil
		}
		w.Allow = append(w.Allow, requirement.Wanted{Name: s.Name, Beside: s.To[i]})
	}
	return w.Fix(p, profile)
}

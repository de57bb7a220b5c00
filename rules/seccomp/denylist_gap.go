package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var denylistGap = &rules.Rule{
	ID:       "seccomp/denylist-gap",
	Summary:  "a syscall is refused, but another one that does the same is allowed",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"moby/moby#22632",
		"man-pages 6.9, syscalls(2)",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, twins := range seccomp.AllTwins() {
			checkTwins(p, profile, &twins)
		}
	}),
}

func checkTwins(p *rules.Pass, profile *workspace.Profile, twins *seccomp.Twins) {
	var denied reach.Naming
	var open []string
	reach.Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
		if !f.Default.Runs() {
			return false
		}
		var first reach.Naming
		for _, name := range twins.Of {
			if d := f.Decide(a, name); refuses(&d) && (first.Rule == nil || d.Name.Span.Start < first.Name.Span.Start) {
				first = reach.Naming{Name: d.Name, Rule: d.Rule}
			}
		}
		if first.Rule == nil {
			return true
		}
		for _, name := range twins.By {
			s, _ := seccomp.LookupSyscall(name)
			if d := f.Decide(a, name); s.On(a.ABI) && d.Step != decide.StepConditions && d.Outcome.Runs() &&
				!slices.Contains(open, name) {
				open = append(open, name)
			}
		}
		if denied.Rule == nil || first.Name.Span.Start < denied.Name.Span.Start {
			denied = first
		}
		return true
	})
	if len(open) == 0 {
		return
	}
	var list []string
	for _, name := range open {
		list = append(list, fmt.Sprintf("%q", name))
	}
	verb := "does the same and goes"
	if len(open) > 1 {
		verb = "do the same and go"
	}
	finding := report.At(profile, denied.Name.Span,
		fmt.Sprintf("syscall %q is refused, but %s %s through: programs still %s", denied.Name.Text, phrase.List(list),
			verb, twins.What))
	if twins.Whole && !denied.Rule.LegacyName && fixes.Editable(profile) {
		if edits := fixseccomp.AddStrings(profile.Profile, denied.Rule.Names, open...); edits != nil {
			finding.Fixes = []fixers.Fix{
				{
					Title: "Refuse " + phrase.List(open) + " too", Safety: fixers.Unsafe, Edits: edits,
					Changes: fixers.Changes{fixseccomp.Syscalls(open)},
				},
			}
		}
	}
	p.Report(finding)
}

// refuses reports whether a rule without conditions refuses every call. An answer of ENOSYS does not count:
// programs are meant to use the other one.
func refuses(d *decide.Decision) bool {
	if d.Step != decide.StepRule {
		return false
	}
	switch d.Outcome.Action {
	case "SCMP_ACT_ERRNO":
		return d.Outcome.Errno != 38
	case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP":
		return true
	}
	return false
}

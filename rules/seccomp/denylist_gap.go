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
	var open, refused, lacking []string // lacking are the ABIs on which an equal goes through and nothing is refused
	reach.Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
		if !f.Default.Runs() {
			return false
		}
		var first reach.Naming
		for _, name := range twins.Of {
			d := f.Decide(a, name)
			if !refuses(&d) {
				continue
			}
			if first.Rule == nil || d.Name.Span.Start < first.Name.Span.Start {
				first = reach.Naming{Name: d.Name, Rule: d.Rule}
			}
			if !slices.Contains(refused, name) {
				refused = append(refused, name)
			}
		}
		if first.Rule == nil {
			if lists(profile, a) && !slices.Contains(lacking, a.ABI) &&
				slices.ContainsFunc(twins.By, func(name string) bool { return goesThrough(f, a, name) }) {
				lacking = append(lacking, a.ABI)
			}
			return true
		}
		for _, name := range twins.By {
			if goesThrough(f, a, name) && !slices.Contains(open, name) {
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
			verb, twins.What)+nowhere(refused, lacking))
	decided := slices.ContainsFunc(profile.Rules, func(r *seccomp.Rule) bool { // by another rule, which may come first
		action, ok := seccomp.LookupAction(r.Action.Text)
		return ok && action.Runs && slices.ContainsFunc(open, r.Lists)
	})
	if twins.Whole && !denied.Rule.LegacyName && !decided && fixes.Editable(profile) {
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

// lists reports whether a profile says that it is for an architecture.
func lists(profile *workspace.Profile, a *seccomp.Architecture) bool {
	is := func(s seccomp.String) bool { return s.Text == a.Name }
	return slices.ContainsFunc(profile.Architectures, is) ||
		slices.ContainsFunc(profile.ArchMap, func(m seccomp.ArchMap) bool {
			return is(m.Architecture) || slices.ContainsFunc(m.SubArchitectures, is)
		})
}

// goesThrough reports whether every call of a syscall that an ABI has is carried out.
func goesThrough(f *decide.Filter, a *seccomp.Architecture, name string) bool {
	s, ok := seccomp.LookupSyscall(name)
	if !ok || !s.On(a.ABI) {
		return false
	}
	d := f.Decide(a, name)
	return d.Step != decide.StepConditions && d.Outcome.Runs()
}

// nowhere says on which of some ABIs none of the refused syscalls exists, with a semicolon before it; "" for none.
func nowhere(refused, lacking []string) string {
	lacking = slices.DeleteFunc(slices.Clone(lacking), func(abi string) bool {
		return slices.ContainsFunc(refused, func(name string) bool {
			s, _ := seccomp.LookupSyscall(name)
			return s.On(abi) || s.Multiplexed(abi)
		})
	})
	if len(lacking) == 0 {
		return ""
	}
	verb := "does"
	if len(refused) > 1 {
		verb = "do"
	}
	return fmt.Sprintf("; %s %s not exist on %s, so nothing of this is refused there", phrase.Quoted(refused), verb,
		phrase.List(lacking))
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

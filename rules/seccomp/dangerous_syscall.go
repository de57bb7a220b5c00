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
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var dangerousSyscall = &rules.Rule{
	ID:       "seccomp/dangerous-syscall",
	Summary:  "an allowlist allows a syscall that lets programs reach further than a container should",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Docker documentation, Seccomp security profiles for Docker: significant syscalls blocked by the default " +
			"profile",
		"moby/profiles, seccomp/default.json, v0.2.4",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, danger := range seccomp.Dangers() {
			if danger.Only == "kernel" &&
				p.Targets().Seccomp.Extent("kernel", seccomp.Version{},
					seccomp.Version{Major: 4, Minor: 8}) == decide.NoRelease {
				continue
			}
			if slices.Contains(danger.Names, "io_uring_setup") && len(pastTheFilter(p, profile)) > 0 {
				continue // which seccomp/io-uring-beside-denied reports
			}
			names := slices.DeleteFunc(reach.Allowed(p, profile, danger.Names), func(n reach.Naming) bool {
				return gated(n.Rule) || danger.Only == "kernel" && n.Rule.Includes.MinKernel.Text != ""
			})
			if len(names) == 0 {
				continue
			}
			verb := "lets"
			if distinct(names) > 1 {
				verb = "let"
			}
			finding := report.At(profile, names[0].Name.Span,
				fmt.Sprintf("%s %s every process %s", reach.Words(names), verb, danger.What))
			if danger.Minor {
				finding.Severity = rules.Info
			}
			finding.Related = reach.Others(profile, names, "%q is allowed here")
			finding.Fixes = reach.Remove(profile, names)
			p.Report(finding)
		}
		reportGated(p, profile)
	}),
}

func distinct(names []reach.Naming) int {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n.Name.Text] = true
	}
	return len(seen)
}

// gated reports whether a rule is for containers with some capability only.
func gated(rule *seccomp.Rule) bool { return len(rule.Includes.Caps) > 0 }

// reportGated reports, once, what containers with more capabilities may call.
func reportGated(p *rules.Pass, profile *workspace.Profile) {
	action, ok := seccomp.LookupAction(profile.DefaultAction.Text)
	loaders := profile.Loaders(p.Targets().Seccomp)
	if !ok || action.Runs ||
		!slices.ContainsFunc(loaders, func(l decide.Loader) bool { return l != decide.LoaderOCI }) {
		return
	}
	var names []reach.Naming
	var caps []string
	for _, rule := range profile.Rules {
		if action, ok := seccomp.LookupAction(rule.Action.Text); !ok || !action.Runs || !gated(rule) ||
			len(rule.Args) > 0 {
			continue
		}
		before := len(names)
		for _, name := range rule.Names {
			if slices.ContainsFunc(seccomp.Dangers(),
				func(d seccomp.Danger) bool { return d.Only != "kernel" && slices.Contains(d.Names, name.Text) }) {
				names = append(names, reach.Naming{Name: name, Rule: rule})
			}
		}
		for _, c := range rule.Includes.Caps {
			if len(names) > before && !slices.Contains(caps, c.Text) {
				caps = append(caps, c.Text)
			}
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(caps)
	what := reach.Words(names[:1])
	if n := distinct(names); n > 1 {
		what = fmt.Sprintf("%d dangerous syscalls, such as %s", n, what)
	}
	finding := report.At(profile, names[0].Name.Span,
		fmt.Sprintf("containers with %s may call %s", phrase.List(caps), what))
	finding.Severity = rules.Info
	p.Report(finding)
}

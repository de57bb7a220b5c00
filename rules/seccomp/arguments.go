package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// conditions calls look with each argument condition and each syscall of its rule whose arguments are known, where the rule is in force on an x86_64 machine: the types are those
// of that architecture, and others have another order of arguments here and there. Conditions that runtimes refuse are left out.
func conditions(p *rules.Pass, profile *workspace.Profile, look func(rule *seccomp.Rule, arg *seccomp.Arg, s *seccomp.Syscall)) {
	x86, ok := forX8664(profile)
	if !ok {
		return
	}
	loaders := profile.Loaders(p.Targets().Seccomp)
	for _, rule := range profile.Rules {
		if len(rule.Args) == 0 || !slices.ContainsFunc(loaders, func(l decide.Loader) bool { return mayRunOn(rule, l, x86) }) {
			continue
		}
		for _, name := range rule.Names {
			s, ok := seccomp.LookupSyscall(name.Text)
			if !ok || !s.ArgsKnown || !s.On(x86.ABI) {
				continue
			}
			for i := range rule.Args {
				if a := &rule.Args[i]; (a.Index.Known || a.Index.Span.IsEmpty()) && a.Index.Value <= 5 && slices.Contains(seccomp.Operators(), a.Op.Text) && sound(profile, a.Span) {
					look(rule, a, s)
				}
			}
		}
	}
}

// forX8664 returns the architecture x86_64 where a profile is for it.
func forX8664(profile *workspace.Profile) (*seccomp.Architecture, bool) {
	x86, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	return x86, slices.Contains(profile.Hosts(), x86)
}

// mayRunOn reports whether the includes and excludes of a rule let it be in force on a host.
func mayRunOn(rule *seccomp.Rule, l decide.Loader, host *seccomp.Architecture) bool {
	if l == decide.LoaderOCI {
		return true
	}
	is := func(s seccomp.String) bool { return s.Text == hostName(l, host) }
	return !slices.ContainsFunc(rule.Excludes.Arches, is) && (len(rule.Includes.Arches) == 0 || slices.ContainsFunc(rule.Includes.Arches, is))
}

// sound reports whether everything within an object has the type that its readers expect. A field that an object lacks, which is a problem of its brace, is another matter.
func sound(profile *workspace.Profile, object source.Span) bool {
	return !slices.ContainsFunc(profile.Problems, func(p source.Problem) bool {
		return object.Contains(p.Span) && profile.Source.Text(p.Span) != "{"
	})
}

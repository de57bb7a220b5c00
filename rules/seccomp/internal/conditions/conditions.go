// Package conditions looks at the argument conditions of rules, and where they meet.
package conditions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
)

// Syscalls returns the syscalls that rules with conditions name, in order of the file.
func Syscalls(profile *workspace.Profile) (names []string) {
	seen := map[string]bool{}
	for _, rule := range profile.Rules {
		if len(rule.Args) == 0 {
			continue
		}
		for _, name := range rule.Names {
			if !seen[name.Text] {
				seen[name.Text] = true
				names = append(names, name.Text)
			}
		}
	}
	return names
}

// Pairs are the pairs of rules that were seen.
type Pairs map[[2]*seccomp.Rule]bool

// Add adds a pair, and reports whether it is new.
func (p Pairs) Add(a, b *seccomp.Rule) bool {
	key := [2]*seccomp.Rule{a, b}
	seen := p[key]
	p[key] = true
	return !seen
}

// Decisions calls look with each different decision about a syscall that rules with conditions name, in the filters
// that most people get.
func Decisions(p *rules.Pass, profile *workspace.Profile,
	look func(f *decide.Filter, a *seccomp.Architecture, d *decide.Decision)) {
	names := Syscalls(profile)
	if len(names) == 0 {
		return
	}
	seen := map[string][]*decide.Decision{}
	for _, f := range profile.Usual(p.Targets().Seccomp) {
		if f.Off || f.Default.Action == "" {
			continue
		}
		for _, a := range f.Archs {
			for _, name := range names {
				d := f.Decide(a, name)
				if len(d.Cases) < 2 || slices.ContainsFunc(seen[name], func(o *decide.Decision) bool {
					return o.Outcome == d.Outcome && slices.EqualFunc(o.Cases, d.Cases, sameCase)
				}) {
					continue
				}
				seen[name] = append(seen[name], &d)
				look(f, a, &d)
			}
		}
	}
}

// sameCase reports whether two cases come from the same place and are the same.
func sameCase(a, b decide.Case) bool {
	return a.Rule == b.Rule && a.Name.Span == b.Name.Span && a.Outcome == b.Outcome &&
		a.Multiplexed == b.Multiplexed && slices.Equal(a.Conds, b.Conds)
}

// Others returns in words that as many other rules are meant too; "" for none.
func Others(n, most int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return ", and so with one more earlier rule"
	case n == most:
		return fmt.Sprintf(", and so with %d or more other earlier rules", n)
	}
	return fmt.Sprintf(", and so with %d other earlier rules", n)
}

// Call returns the arguments that conditions look at in words: "arg0 = 5 and arg1 = 0".
func Call(args [6]uint64, cases ...decide.Case) string {
	var list []string
	for i, v := range args {
		if slices.ContainsFunc(cases, func(c decide.Case) bool {
			return slices.ContainsFunc(c.Conds, func(c decide.Cond) bool { return c.Arg == i })
		}) {
			list = append(list, fmt.Sprintf("arg%d = %d", i, v))
		}
	}
	return phrase.List(list)
}

// InWords returns conditions in words.
func InWords(conds []decide.Cond) string {
	var list []string
	for _, cond := range conds {
		list = append(list, cond.String())
	}
	return strings.Join(list, " and ")
}

// Disagree reports whether rules with conditions on a syscall have different actions, so they may hold for the same
// call.
func Disagree(p *rules.Pass, profile *workspace.Profile, syscall string) bool {
	for _, l := range profile.Loaders(p.Targets().Seccomp) {
		var first *seccomp.Rule
		for _, rule := range profile.Rules {
			if len(rule.Args) == 0 || !literals.Has(rule.Names, syscall) ||
				decide.OutcomeFor(rule, l) == decide.DefaultFor(profile.Profile, l) {
				continue
			}
			if first == nil {
				first = rule
			}
			if decide.OutcomeFor(rule, l) != decide.OutcomeFor(first, l) {
				return true
			}
		}
	}
	return false
}

// Each calls look with each argument condition and each syscall of its rule whose arguments are known, where the rule
// is in force on an x86_64 machine: the types are those of that architecture, and others have another order of
// arguments here and there. Conditions that runtimes refuse are left out.
func Each(p *rules.Pass, profile *workspace.Profile,
	look func(rule *seccomp.Rule, arg *seccomp.Arg, s *seccomp.Syscall)) {
	x86, ok := ForX8664(profile)
	if !ok {
		return
	}
	loaders := profile.Loaders(p.Targets().Seccomp)
	for _, rule := range profile.Rules {
		if len(rule.Args) == 0 ||
			!slices.ContainsFunc(loaders, func(l decide.Loader) bool { return readers.MayRunOn(rule, l, x86) }) {
			continue
		}
		for _, name := range rule.Names {
			s, ok := seccomp.LookupSyscall(name.Text)
			if !ok || !s.ArgsKnown || !s.On(x86.ABI) {
				continue
			}
			for i := range rule.Args {
				if a := &rule.Args[i]; (a.Index.Known || a.Index.Span.IsEmpty()) && a.Index.Value <= 5 &&
					slices.Contains(seccomp.Operators(), a.Op.Text) && Sound(profile, a.Span) {
					look(rule, a, s)
				}
			}
		}
	}
}

// ForX8664 returns the architecture x86_64 where a profile is for it.
func ForX8664(profile *workspace.Profile) (*seccomp.Architecture, bool) {
	x86, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	return x86, slices.Contains(profile.Hosts(), x86)
}

// Sound reports whether everything within an object has the type that its readers expect. A field that an object
// lacks, which is a problem of its brace, is another matter.
func Sound(profile *workspace.Profile, object source.Span) bool {
	return !slices.ContainsFunc(profile.Problems, func(p source.Problem) bool {
		return object.Contains(p.Span) && profile.Source.Text(p.Span) != "{"
	})
}

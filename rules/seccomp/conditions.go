package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// conditional returns the syscalls that rules with conditions name, in order of the file.
func conditional(profile *workspace.Profile) (names []string) {
	for _, rule := range profile.Rules {
		if len(rule.Args) == 0 {
			continue
		}
		for _, name := range rule.Names {
			if !slices.Contains(names, name.Text) {
				names = append(names, name.Text)
			}
		}
	}
	return names
}

// pairs tells whether a pair of rules was seen before.
type pairs map[[2]*seccomp.Rule]bool

func (p pairs) add(a, b *seccomp.Rule) bool {
	key := [2]*seccomp.Rule{a, b}
	seen := p[key]
	p[key] = true
	return !seen
}

// decisions calls look with the decision about each syscall that rules with conditions name, in every filter that most people get.
func decisions(p *rules.Pass, profile *workspace.Profile, look func(f *decide.Filter, a *seccomp.Architecture, d *decide.Decision)) {
	names := conditional(profile)
	if len(names) == 0 {
		return
	}
	for _, f := range profile.Usual(p.Targets().Seccomp) {
		if f.Off || f.Default.Action == "" {
			continue
		}
		for _, a := range f.Archs {
			for _, name := range names {
				if d := f.Decide(a, name); len(d.Cases) > 1 {
					look(f, a, &d)
				}
			}
		}
	}
}

// call puts the arguments that conditions look at into words: "arg0 = 5 and arg1 = 0".
func call(args [6]uint64, cases ...decide.Case) string {
	var list []string
	for i, v := range args {
		if slices.ContainsFunc(cases, func(c decide.Case) bool {
			return slices.ContainsFunc(c.Conds, func(c decide.Cond) bool { return c.Arg == i })
		}) {
			list = append(list, fmt.Sprintf("arg%d = %d", i, v))
		}
	}
	return enumerate(list)
}

// inWords puts conditions into words.
func inWords(conds []decide.Cond) string {
	var list []string
	for _, cond := range conds {
		list = append(list, cond.String())
	}
	return strings.Join(list, " and ")
}

// disagree reports whether rules with conditions on a syscall have different actions, so that they may hold for the same call.
func disagree(p *rules.Pass, profile *workspace.Profile, syscall string) bool {
	for _, l := range profile.Loaders(p.Targets().Seccomp) {
		var first *seccomp.Rule
		for _, rule := range profile.Rules {
			if len(rule.Args) == 0 || !has(rule.Names, syscall) || decide.OutcomeFor(rule, l) == decide.DefaultFor(profile.Profile, l) {
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

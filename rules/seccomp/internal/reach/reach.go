// Package reach finds what a profile lets through.
package reach

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
)

// Usual calls look with each filter and architecture that most people get, until it returns false. The runtime, which
// matters for numbers above runc's border alone, is the first one.
func Usual(p *rules.Pass, profile *workspace.Profile, look func(f *decide.Filter, a *seccomp.Architecture) bool) {
	runtime := p.Targets().Seccomp.Runtimes()[0]
	for _, f := range profile.Usual(p.Targets().Seccomp) {
		if f.Target.Runtime != runtime || f.Off || f.Default.Action == "" {
			continue
		}
		for _, a := range f.Archs {
			if !look(f, a) {
				return
			}
		}
	}
}

// Allowed returns the namings of syscalls, in order of the file, that let every call through in a usual filter whose
// default action does not.
func Allowed(p *rules.Pass, profile *workspace.Profile, names []string) []Naming {
	var out []Naming
	Usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
		if f.Default.Runs() {
			return true
		}
		for _, name := range names {
			if d := f.Decide(a, name); d.Step == decide.StepRule && d.Outcome.Runs() {
				n := Naming{d.Name, d.Rule}
				if !slices.ContainsFunc(out, func(o Naming) bool { return o.Name.Span == n.Name.Span }) {
					out = append(out, n)
				}
			}
		}
		return true
	})
	slices.SortFunc(out, func(a, b Naming) int { return a.Name.Span.Start - b.Name.Span.Start })
	return out
}

// Naming is a syscall's name in a rule.
type Naming struct {
	Name seccomp.String
	Rule *seccomp.Rule
}

// Words returns the distinct names as `"a", "b" and "c"`.
func Words(names []Naming) string {
	var list []string
	for _, n := range names {
		if q := fmt.Sprintf("%q", n.Name.Text); !slices.Contains(list, q) {
			list = append(list, q)
		}
	}
	return phrase.List(list)
}

// Others returns, as related places, the first naming in each rule but the first.
func Others(profile *workspace.Profile, names []Naming, message string) (related []rules.Related) {
	seen := []*seccomp.Rule{names[0].Rule}
	for _, n := range names[1:] {
		if !slices.Contains(seen, n.Rule) {
			seen = append(seen, n.Rule)
			related = append(related,
				rules.Related{File: profile.Source, Span: n.Name.Span, Message: fmt.Sprintf(message, n.Name.Text)})
		}
	}
	return related
}

// Remove returns the unsafe fix that removes namings from their rules, and from those that would let every call through
// in their place, and a rule with nothing left in it from the profile; none where it cannot be done.
func Remove(profile *workspace.Profile, names []Naming) []fixers.Fix {
	if !fixes.Editable(profile) {
		return nil
	}
	var edits []fixers.Edit
	var syscalls, list []string
	var whole []int
	for i, rule := range profile.Rules {
		action, known := seccomp.LookupAction(rule.Action.Text)
		lets := known && action.Runs && len(rule.Includes.Caps) == 0 && slices.ContainsFunc(decide.Alternatives(rule),
			func(conds []decide.Cond) bool { return len(conds) == 0 })
		var drop []int
		for j, name := range rule.Names {
			if slices.ContainsFunc(names, func(n Naming) bool {
				return n.Name.Span == name.Span || lets && n.Name.Text == name.Text
			}) {
				drop = append(drop, j)
				if !slices.Contains(syscalls, name.Text) {
					syscalls, list = append(syscalls, name.Text), append(list, name.Text)
				}
			}
		}
		switch {
		case len(drop) == 0:
		case len(drop) == len(rule.Names):
			whole = append(whole, i)
		default:
			e := fixseccomp.RemoveStrings(profile.Profile, rule.Names, drop...)
			if e == nil {
				return nil
			}
			edits = append(edits, e...)
		}
	}
	if len(whole) > 0 {
		e := fixseccomp.RemoveRules(profile.Profile, whole...)
		if e == nil {
			return nil
		}
		edits = append(edits, e...)
	}
	if len(edits) == 0 {
		return nil
	}
	return []fixers.Fix{
		{
			Title: "Remove " + phrase.List(list), Safety: fixers.Unsafe, Edits: edits,
			Changes: fixers.Changes{fixseccomp.Syscalls(syscalls)},
		},
	}
}

// Named reports whether some rule names a syscall, in force or not.
func Named(profile *workspace.Profile, name string) bool { return profile.Mentions(name) }

// Names reports whether a rule names a syscall.
func Names(r *seccomp.Rule, name string) bool { return r.Lists(name) }

// Plain reports whether a rule holds for all calls, hosts and containers, and has a list of names.
func Plain(r *seccomp.Rule) bool { return r.Plain() }

// DefaultRuns reports whether calls go through that only the default action decides. It is false where the action is
// not known.
func DefaultRuns(profile *workspace.Profile) bool { return profile.DefaultRuns() }

// Denies reports whether a rule keeps calls from being carried out. It is false where the action is not known.
func Denies(rule *seccomp.Rule) bool { return rule.Denies() }

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
)

// usual calls look with each filter and architecture that most people get, until it returns false. The runtime, which matters for numbers above runc's border alone, is
// the first one.
func usual(p *rules.Pass, profile *workspace.Profile, look func(f *decide.Filter, a *seccomp.Architecture) bool) {
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

// allowed returns the namings of syscalls, in order of the file, that let every call through in a usual filter whose default action does not.
func allowed(p *rules.Pass, profile *workspace.Profile, names []string) []naming {
	var out []naming
	usual(p, profile, func(f *decide.Filter, a *seccomp.Architecture) bool {
		if f.Default.Runs() {
			return true
		}
		for _, name := range names {
			if d := f.Decide(a, name); d.Step == decide.StepRule && d.Outcome.Runs() {
				n := naming{d.Name, d.Rule}
				if !slices.ContainsFunc(out, func(o naming) bool { return o.Name.Span == n.Name.Span }) {
					out = append(out, n)
				}
			}
		}
		return true
	})
	slices.SortFunc(out, func(a, b naming) int { return a.Name.Span.Start - b.Name.Span.Start })
	return out
}

// naming is a syscall's name in a rule.
type naming struct {
	Name seccomp.String
	Rule *seccomp.Rule
}

// words returns the distinct names as `"a", "b" and "c"`.
func words(names []naming) string {
	var list []string
	for _, n := range names {
		if q := fmt.Sprintf("%q", n.Name.Text); !slices.Contains(list, q) {
			list = append(list, q)
		}
	}
	return enumerate(list)
}

// others returns, as related places, the first naming in each rule but the first.
func others(profile *workspace.Profile, names []naming, message string) (related []rules.Related) {
	seen := []*seccomp.Rule{names[0].Rule}
	for _, n := range names[1:] {
		if !slices.Contains(seen, n.Rule) {
			seen = append(seen, n.Rule)
			related = append(related, rules.Related{File: profile.Source, Span: n.Name.Span, Message: fmt.Sprintf(message, n.Name.Text)})
		}
	}
	return related
}

// remove returns the unsafe fix that takes namings out of their rules, and a rule with nothing left in it out of the profile; none where it cannot
// be done.
func remove(profile *workspace.Profile, names []naming) []fixers.Fix {
	if !editable(profile) {
		return nil
	}
	var edits []fixers.Edit
	var syscalls, list []string
	var whole []int
	for i, rule := range profile.Rules {
		var drop []int
		for j, name := range rule.Names {
			if slices.ContainsFunc(names, func(n naming) bool { return n.Name.Span == name.Span }) {
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
	return []fixers.Fix{{Title: "Remove " + enumerate(list), Safety: fixers.Unsafe, Edits: edits, Changes: fixers.Changes{Syscalls: syscalls}}}
}

// editable reports whether fixes of a profile can be proved: it is JSON, and gives no field twice.
func editable(profile *workspace.Profile) bool {
	return len(profile.DuplicateFields) == 0 && !slices.ContainsFunc(profile.Problems, isJSON)
}

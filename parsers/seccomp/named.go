package seccomp

import "slices"

// Named is a name of a syscall that rules of a profile give.
type Named struct {
	// Syscall is nil for a name that no libseccomp knows.
	Syscall *Syscall
	// Uses are the places that give the name, in order.
	Uses []Use
}

// Use is one place where a rule names a syscall.
type Use struct {
	Name String
	// Rule is the index of the rule in Profile.Rules.
	Rule int
}

// Named returns the names in the rules of the profile. The caller must not change the result. Parse prepares it, so a
// copy of a parsed profile with other rules has that of the original.
func (p *Profile) Named() map[string]*Named {
	if p.named != nil {
		return p.named
	}
	names := make(map[string]*Named, 512)
	for i, rule := range p.Rules {
		for _, name := range rule.Names {
			n := names[name.Text]
			if n == nil {
				n = &Named{}
				n.Syscall, _ = LookupSyscall(name.Text)
				names[name.Text] = n
			}
			n.Uses = append(n.Uses, Use{name, i})
		}
	}
	return names
}

// Mentions reports whether some rule names a syscall, in force or not.
func (p *Profile) Mentions(name string) bool {
	return slices.ContainsFunc(p.Rules, func(r *Rule) bool { return r.Lists(name) })
}

// DefaultRuns reports whether calls go through that only the default action decides. It is false where the action is
// not known.
func (p *Profile) DefaultRuns() bool {
	action, ok := LookupAction(p.DefaultAction.Text)
	return ok && action.Runs
}

// Lists reports whether a rule names a syscall.
func (r *Rule) Lists(name string) bool {
	return slices.ContainsFunc(r.Names, func(s String) bool { return s.Text == name })
}

// Plain reports whether a rule holds for all calls, hosts and containers, and has a list of names.
func (r *Rule) Plain() bool {
	everywhere := func(s *Scope) bool {
		return len(s.Caps) == 0 && len(s.Arches) == 0 && s.MinKernel.Text == ""
	}
	return len(r.Args) == 0 && everywhere(&r.Includes) && everywhere(&r.Excludes) && !r.LegacyName && len(r.Names) > 0
}

// Denies reports whether a rule keeps calls from being carried out. It is false where the action is not known.
func (r *Rule) Denies() bool {
	action, ok := LookupAction(r.Action.Text)
	return ok && !action.Runs
}

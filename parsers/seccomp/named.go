package seccomp

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

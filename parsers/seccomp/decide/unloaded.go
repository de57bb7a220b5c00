package decide

import (
	"cmp"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Unloaded returns a naming for which libseccomp 2.5.4 to 2.6.1 make a filter that does not look at the number of the
// call on an architecture, so every call there gets the default action. It reports false where the filter is right.
//
// Libseccomp loads the number before its first comparison, that of the syscall whose conditions take the fewest
// comparisons. A name that the architecture does not have is in its list too, but is left out of the filter, and when
// it is the first one, the load is left out with it. So it takes a rule about such a name, no rule without conditions
// about a syscall that the architecture has, and an architecture other than those that have socketcall(2) or ipc(2),
// or x86_64 without x32. Runc from 1.2.0 on asks for a binary tree where a profile has more than 32 names, which
// loads the number elsewhere.
func (f *Filter) Unloaded(a *seccomp.Architecture) (seccomp.String, bool) {
	name, ok := f.unloaded()[a]
	return name, ok
}

// treeFromNames is the first release of runc that asks for a binary tree, and treeNames the number of names up to
// which it does not.
var treeFromNames = release(1, 2, 0)

const treeNames = 32

// findUnloaded returns such a naming for each architecture that has one.
func (f *Filter) findUnloaded() (unloaded map[*seccomp.Architecture]seccomp.String) {
	if f.Target.Runtime == "runc" && !f.Target.RuntimeVersion.Less(treeFromNames) {
		names := 0
		for i := range f.Rules {
			names += len(f.Rules[i].Names)
		}
		if names > treeNames {
			return nil
		}
	}
	isX86 := func(abi string) bool { return abi == "x86_64" || abi == "x32" }
	var both []*seccomp.Architecture // x86_64 and x32, which share one part of the filter
	for _, a := range f.Archs {
		if isX86(a.ABI) {
			both = append(both, a)
		}
	}
	slices.SortFunc(both, func(a, b *seccomp.Architecture) int { return b.Bits - a.Bits })
	for _, a := range f.Archs {
		group := []*seccomp.Architecture{a}
		switch {
		case seccomp.Multiplexes(a.ABI), isX86(a.ABI) && len(both) < 2:
			continue
		case isX86(a.ABI):
			group = both
		}
		if name, ok := f.unloadedIn(group); ok {
			if unloaded == nil {
				unloaded = map[*seccomp.Architecture]seccomp.String{}
			}
			unloaded[a] = name
		}
	}
	return unloaded
}

// unloadedIn looks for the first syscall in libseccomp's list for architectures that share a part of the filter, and
// returns it when none of them has it.
func (f *Filter) unloadedIn(group []*seccomp.Architecture) (seccomp.String, bool) {
	// Whether there are rules about names that the architectures do not have, and about others, which are lost.
	foreign, own := false, false
	for _, n := range f.index.names {
		s, uses := n.Syscall, f.kept(n)
		if s == nil || !f.Target.Libseccomp.Knows(s) ||
			!slices.ContainsFunc(uses, func(u seccomp.Use) bool { return f.live[u.Rule].Outcome != f.Default }) {
			continue
		}
		on := slices.ContainsFunc(group, func(a *seccomp.Architecture) bool { return s.On(a.ABI) })
		foreign, own = foreign || !on, own || on
		if on && slices.ContainsFunc(uses, func(u seccomp.Use) bool {
			return f.live[u.Rule].Outcome != f.Default &&
				slices.ContainsFunc(f.partsOf(u.Rule), func(p []Cond) bool { return len(p) == 0 })
		}) {
			return seccomp.String{}, false // what nearly every profile has
		}
	}
	if !foreign || !own {
		return seccomp.String{}, false
	}
	type entry struct {
		nodes, order int
		name         seccomp.String
	}
	var first *entry
	for i, a := range group {
		for _, n := range f.index.names {
			s, uses := n.Syscall, f.kept(n)
			if s == nil || !f.Target.Libseccomp.Knows(s) {
				continue
			}
			nodes, effective := f.comparisonsOf(uses, a)
			if !effective {
				continue
			}
			e := entry{nodes, 2 * i, uses[0].Name}
			if !s.On(a.ABI) {
				e.order++
			}
			if first == nil ||
				cmp.Or(cmp.Compare(e.nodes, first.nodes), cmp.Compare(e.order, first.order),
					cmp.Compare(e.name.Span.Start, first.name.Span.Start)) < 0 {
				first = &e
			}
		}
	}
	if first == nil || first.order%2 == 0 {
		return seccomp.String{}, false
	}
	return first.name, true
}

// comparisonsOf counts the comparisons in libseccomp's tree for a syscall, 0 where a rule has no conditions. It
// reports false where no rule is left.
func (f *Filter) comparisonsOf(uses []seccomp.Use, a *seccomp.Architecture) (nodes int, effective bool) {
	type position struct {
		before string
		comparison
	}
	seen := map[position]bool{}
	for _, u := range uses {
		if f.live[u.Rule].Outcome == f.Default {
			continue
		}
		effective = true
		for _, part := range f.partsOf(u.Rule) {
			if a.Bits == 32 {
				part = narrow(part)
			}
			if len(part) == 0 {
				return 0, true
			}
			part = slices.Clone(part)
			slices.SortFunc(part, func(a, b Cond) int { return a.Arg - b.Arg })
			before := ""
			for _, c := range part {
				for _, way := range c.comparisons(a.Bits) {
					for _, n := range way {
						n.otherwise = false
						seen[position{before, n}] = true
					}
				}
				before += c.String() + " "
			}
		}
	}
	return len(seen), effective
}

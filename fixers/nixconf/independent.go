package nixconf

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
)

// This file compares two texts setting by setting, where most of them stay as they are.
//
// What is in force of a setting depends on the lines with its names, on those of a setting that replaces it, and on
// the experimental features, where one of its releases needs some. So the names of two texts fall into groups, and in
// texts without includes, unknown lines and lines that Nix refuses, a group whose lines are the same in both is the
// same for every release. The other groups are compared alone, for the releases that differ in what they know of these
// names. Where nothing is different in any group, nothing is in the texts; where something is, they are compared as a
// whole. TestIndependent compares the two ways.

// fewLines is up to which number of lines two texts are compared as a whole.
const fewLines = 8

// sameInGroups reports whether two texts are certainly the same but for the declared settings, for every release.
func (d *Declarations) sameInGroups(
	before, after *nixconf.File, kind effective.SourceKind, targets nixconf.Targets,
) bool {
	if d.repair || len(before.Entries)+len(after.Entries) <= fewLines || !plain(before) || !plain(after) {
		return false
	}
	groupOf := d.memory.groups(d.settings, targets, before, after)
	type sides struct{ before, after []*nixconf.Entry }
	groups := map[string]*sides{}
	of := func(e *nixconf.Entry) *sides {
		g := groupOf(e.Name.Text)
		if groups[g] == nil {
			groups[g] = &sides{}
		}
		return groups[g]
	}
	for _, e := range before.Entries {
		s := of(e)
		s.before = append(s.before, e)
	}
	for _, e := range after.Entries {
		s := of(e)
		s.after = append(s.after, e)
	}
	declared := map[string][]string{} // by group
	for _, name := range d.settings {
		declared[groupOf(name)] = append(declared[groupOf(name)], name)
	}
	for g, s := range groups {
		old, now := *before, *after
		old.Entries, now.Entries = s.before, s.after
		if sameLines(&old, &now) {
			continue
		}
		for _, target := range targets {
			for _, v := range d.memory.representatives(target, declared[g], &old, &now) {
				r := d.memory.release(target.Distribution, v, kind)
				if r.refused(&now) > r.refused(&old) || r.compare(&old, &now, d.settings, false, false) != "" {
					return false
				}
			}
		}
	}
	return true
}

// plain reports whether all lines of a text are comments, blank, or entries that Nix can read.
func plain(f *nixconf.File) bool {
	return len(f.Includes)+len(f.Problems)+len(f.UnknownLines()) == 0
}

// groups returns a function that returns the group of each name in some texts and of each declared one, as one of the
// names of the settings in it.
func (m *Memory) groups(declared []string, targets nixconf.Targets, texts ...*nixconf.File) func(name string) string {
	leader := map[string]string{}
	find := func(name string) string {
		for {
			next, ok := leader[name]
			if !ok || next == name {
				return name
			}
			name = next
		}
	}
	link := func(a, b string) {
		if a, b = find(a), find(b); a != b {
			leader[max(a, b)] = min(a, b)
		}
	}
	names := slices.Clone(declared)
	for _, f := range texts {
		for _, e := range f.Entries {
			names = append(names, e.Name.Text)
		}
	}
	slices.Sort(names)
	names = append(slices.Compact(names), "experimental-features", "extra-experimental-features")
	for _, target := range targets {
		for _, v := range m.representatives(target, declared, texts...) {
			r := m.release(target.Distribution, v, effective.SystemFile)
			for _, name := range names {
				facts, ok := r.known.Lookup(name)
				if !ok {
					continue
				}
				link(name, facts.Name)
				if facts.Replacement != "" {
					link(name, facts.Replacement)
				}
				if facts.Gate != "" {
					link(name, "experimental-features")
				}
			}
		}
	}
	return find
}

package decide

import (
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// diffDefault compares the default actions.
func (d *differ) diffDefault() {
	d.defaults = map[Loader]bool{}
	type pair struct{ before, after Outcome }
	var pairs []pair
	by := map[pair][]Loader{}
	for _, l := range d.loaders {
		p := pair{DefaultFor(d.old.Profile, l), DefaultFor(d.new.Profile, l)}
		if p.before == p.after {
			continue
		}
		if d.defaults[l] = true; by[p] == nil {
			pairs = append(pairs, p)
		}
		by[p] = append(by[p], l)
	}
	for _, p := range pairs {
		d.out.Whole = append(d.out.Whole, WholeChange{
			What: WhatDefault, Effect: effectOf(p.before, p.after), For: d.loaderSet(by[p]),
			Before: Part{Default: p.before}, After: Part{Default: p.after},
		})
	}
}

// loaderSet returns the targets of some loaders.
func (d *differ) loaderSet(loaders []Loader) TargetSet {
	if len(loaders) == len(d.loaders) {
		return TargetSet{}
	}
	return TargetSet{Loaders: loaders}
}

// diffArchitectures compares the ABIs that the filters are for, and sets d.archs.
func (d *differ) diffArchitectures() {
	type coverage struct {
		before, after []*seccomp.Architecture
		loaders       []Loader
		hosts         []*seccomp.Architecture
	}
	var found []*coverage
	by := map[string]*coverage{}
	for _, l := range d.loaders {
		for _, h := range d.hosts {
			before, listedBefore := d.old.covered(l, h)
			after, listedAfter := d.new.covered(l, h)
			d.archs = d.archs || !sameElements(listedBefore, listedAfter)
			if sameElements(before, after) {
				continue
			}
			key := fmt.Sprint(before, after) // of pointers into one table
			c := by[key]
			if c == nil {
				c = &coverage{before: before, after: after}
				by[key] = c
				found = append(found, c)
			}
			c.loaders = appendNew(c.loaders, l)
			c.hosts = appendNew(c.hosts, h)
		}
	}
	for _, c := range found {
		change := WholeChange{
			What: WhatArchitectures, For: d.loaderSet(c.loaders),
			Before: Part{Architectures: c.before}, After: Part{Architectures: c.after},
		}
		if len(c.hosts) < len(d.hosts) {
			change.For.Hosts = c.hosts
		}
		if !containsAll(c.after, c.before) {
			change.Effect |= Narrows
		}
		if !containsAll(c.before, c.after) {
			change.Effect |= Widens
		}
		d.out.Whole = append(d.out.Whole, change)
	}
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

func containsAll[T comparable](list, elements []T) bool {
	return !slices.ContainsFunc(elements, func(v T) bool { return !slices.Contains(list, v) })
}

func sameElements[T comparable](a, b []T) bool { return containsAll(a, b) && containsAll(b, a) }

// diffFields compares the fields that the runtime gets as they are.
func (d *differ) diffFields() {
	flags := func(p *seccomp.Profile) []string {
		if !p.FlagsGiven {
			return nil
		}
		names := []string{}
		for _, f := range p.Flags {
			names = append(names, f.Text)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	before, after := flags(d.old.Profile), flags(d.new.Profile)
	if (before == nil) != (after == nil) || !slices.Equal(before, after) {
		d.out.Whole = append(d.out.Whole,
			WholeChange{What: WhatFlags, Before: Part{Flags: before}, After: Part{Flags: after}})
	}
	for _, field := range []func(*seccomp.Profile) string{
		func(p *seccomp.Profile) string { return p.ListenerPath.Text },
		func(p *seccomp.Profile) string { return p.ListenerMetadata.Text },
	} {
		if before, after := field(d.old.Profile), field(d.new.Profile); before != after {
			d.out.Whole = append(d.out.Whole, WholeChange{
				What: WhatListener, Before: Part{Listener: before}, After: Part{Listener: after},
			})
		}
	}
}

// diffRefused reports for which targets only one of the profiles is refused.
func (d *differ) diffRefused() {
	before, after := d.old.suspects(d.targets), d.new.suspects(d.targets)
	if !before.any() && !after.any() || d.sameSuspects(before, after) {
		return
	}
	r := *d
	r.variants = nil
	for _, runtime := range d.targets.Runtimes() {
		r.variants = append(r.variants, d.targets.variants(runtime, supportReleases(runtime))...)
	}
	environments, _ := d.targets.environments(append(d.old.asking(before.rules), d.new.asking(after.rules)...))
	type pair struct{ before, after string } // the reasons
	var pairs grouped[pair]
	refusals := map[string]*Refusal{"": nil}
	cache := conflictCache{}
	for t := range r.space(query{
		environments: environments, variants: r.variants, builds: r.eachBuild(), whole: true,
	}) {
		was, is := cache.refusal(r.old, t.old(), t), cache.refusal(r.new, t.new(), t)
		if (was == nil) == (is == nil) {
			continue
		}
		var p pair
		if was != nil {
			p.before = was.Reason
			refusals[was.Reason] = was
		} else {
			p.after = is.Reason
			refusals[is.Reason] = is
		}
		pairs.add(p, t.block)
	}
	for _, p := range pairs.keys {
		for _, product := range r.products(pairs.blocks[p], environments) {
			d.out.Whole = append(d.out.Whole, WholeChange{
				What: WhatRefused, For: r.targetSet(product, environments, ""),
				Before: Part{Refusal: refusals[p.before]}, After: Part{Refusal: refusals[p.after]},
			})
		}
	}
}

// conflictCache are the conflicts of filters, which do not depend on the release of the runtime but for how many
// conditions it reads.
type conflictCache map[conflictKey][]Conflict

type conflictKey = filterKey

// refusal returns the first reason for which a target refuses a profile, of which of is left; nil where it is accepted.
func (c conflictCache) refusal(s *side, of *remainder, t *target) *Refusal {
	lib := t.builds.first
	f := s.filter(of, lib, t.variant)
	refusals := f.refusals(func() []Conflict {
		k := conflictKey{of, lib, plainVariant}
		if t.variant.readsFirst() {
			k.variant.version = seccomp.Version{}
		}
		conflicts, ok := c[k]
		if !ok {
			conflicts = f.Conflicts()
			c[k] = conflicts
		}
		return conflicts
	}, true)
	if len(refusals) == 0 {
		return nil
	}
	return &refusals[0]
}

// supportReleases returns the releases of a runtime that made a difference to what it refuses.
func supportReleases(runtime string) []seccomp.Version {
	out := []seccomp.Version{crunReadsAllConds}
	if runtime == "runc" {
		out = append(waysOf(runtime), flagsInRunc, skipsRedundant)
	}
	add := func(s seccomp.Support) {
		if v, ok := s.Since(runtime); ok {
			out = appendNew(out, v)
		}
		if v, ok := s.SinceIn(runtime, seccomp.Version{Debian: true}); ok {
			out = appendNew(out, v)
		}
	}
	for _, a := range seccomp.Architectures() {
		add(a.Support)
	}
	for _, a := range seccomp.Actions() {
		add(a.Support)
	}
	for _, f := range seccomp.Flags() {
		add(f.Support)
	}
	return out
}

// suspects are the parts of a profile that some target may refuse.
type suspects struct {
	// rules are the rules that may be refused.
	rules []*seccomp.Rule
	// whole says that the profile may be refused for another reason.
	whole bool
	// conflicting are those rules that may be refused only for being in conflict with others.
	conflicting map[*seccomp.Rule]bool
	// contested are the calls about which rules may be in conflict.
	contested map[string]bool
}

func (s *suspects) any() bool { return len(s.rules) > 0 || s.whole }

// names returns those of a rule's names on which it depends whether it is refused.
func (s *suspects) names(r *seccomp.Rule) []seccomp.String {
	if !s.conflicting[r] {
		return r.Names
	}
	return slices.DeleteFunc(slices.Clone(r.Names), func(name seccomp.String) bool {
		call, ok := seccomp.LookupSyscall(name.Text)
		through := ok && (call.SocketCall != 0 && s.contested["socketcall"] || call.IPC != 0 && s.contested["ipc"])
		return !s.contested[name.Text] && !through
	})
}

// sameSuspects reports whether everything that some target may refuse is the same in both profiles.
func (d *differ) sameSuspects(before, after *suspects) bool {
	text := func(a, b seccomp.String) bool { return a.Text == b.Text }
	archMap := func(a, b seccomp.ArchMap) bool {
		return text(a.Architecture, b.Architecture) && slices.EqualFunc(a.SubArchitectures, b.SubArchitectures, text)
	}
	rule := func(a, b *seccomp.Rule) bool {
		return ruleKey(a) == ruleKey(b) && text(a.Name, b.Name) &&
			slices.EqualFunc(before.names(a), after.names(b), text)
	}
	return len(d.out.Whole) == 0 && slices.EqualFunc(d.old.Architectures, d.new.Architectures, text) &&
		slices.EqualFunc(d.old.ArchMap, d.new.ArchMap, archMap) && slices.EqualFunc(before.rules, after.rules, rule)
}

// supportedByAll reports whether every targeted release knows something.
func (t Targets) supportedByAll(support seccomp.Support) bool {
	return !slices.ContainsFunc([]string{"runc", "crun", "libseccomp"}, func(consumer string) bool {
		return t.Lacking(consumer, support) != NoRelease
	})
}

// mayRefuseAction reports whether some target may refuse an action or the errno that is given with it.
func (t Targets) mayRefuseAction(action seccomp.String, number seccomp.Number, word seccomp.String) bool {
	a, ok := seccomp.LookupAction(action.Text)
	if !ok || a.Name == "SCMP_ACT_NOTIFY" || !t.supportedByAll(a.Support) {
		return true
	}
	if (number.Known || word.Text != "") && !a.Errno {
		return true
	}
	if uint16(number.Value) > maxErrno || number.Value > math.MaxUint32 {
		return true
	}
	n, ok := seccomp.LookupErrno(word.Text)
	return word.Text != "" && (!ok || n > maxErrno)
}

// mayRefuseArchitectures reports whether some target may refuse an architecture of the profile.
func (s *side) mayRefuseArchitectures(t Targets) bool {
	bad := func(name seccomp.String, host *seccomp.Architecture) bool {
		a, ok := seccomp.LookupArchitecture(name.Text)
		return !ok || !t.supportedByAll(a.Support) || host != nil && host.BigEndian != a.BigEndian
	}
	for _, name := range s.Architectures {
		for _, host := range s.Hosts() {
			if bad(name, host) {
				return true
			}
		}
	}
	for _, m := range s.ArchMap {
		host, _ := seccomp.LookupArchitecture(m.Architecture.Text)
		for _, name := range append(slices.Clip(m.SubArchitectures), m.Architecture) {
			if bad(name, host) {
				return true
			}
		}
	}
	return false
}

// mayRefuseRule reports whether some target may refuse a rule for itself.
func (t Targets) mayRefuseRule(r *seccomp.Rule) bool {
	validIfGiven := func(s seccomp.String) bool { return s.Text == "" || validMinKernel(s.Text) }
	switch {
	case t.mayRefuseAction(r.Action, r.ErrnoRet, r.Errno):
	case len(r.Names) == 0, r.Name.Text != "", len(r.Args) > 6:
	case !validIfGiven(r.Includes.MinKernel), !validIfGiven(r.Excludes.MinKernel):
	case slices.ContainsFunc(r.Names, func(n seccomp.String) bool { return n.Text == "" }):
	case slices.ContainsFunc(r.Args, func(a seccomp.Arg) bool {
		return a.Index.Value > 5 || !slices.Contains(seccomp.Operators(), a.Op.Text)
	}):
	default:
		return false
	}
	return true
}

// suspects returns what some target may refuse.
func (s *side) suspects(t Targets) *suspects {
	out := &suspects{
		whole: t.mayRefuseAction(s.DefaultAction, s.DefaultErrnoRet, s.DefaultErrno) || len(s.Flags) > 0 ||
			len(s.Architectures) > 0 && len(s.ArchMap) > 0 || s.mayRefuseArchitectures(t),
		conflicting: map[*seccomp.Rule]bool{}, contested: map[string]bool{},
	}
	suspect := make([]bool, len(s.Rules))
	for i, r := range s.Rules {
		suspect[i] = t.mayRefuseRule(r)
	}
	for call, rules := range s.rulesByCall() {
		if !s.contest(call, rules) {
			continue
		}
		out.contested[call] = true
		for _, i := range rules { // one without conditions may hide the contradiction
			if !suspect[i] {
				suspect[i], out.conflicting[s.Rules[i]] = true, true
			}
		}
	}
	for i, r := range s.Rules {
		if suspect[i] {
			out.rules = append(out.rules, r)
		}
	}
	return out
}

// rulesByCall returns the indexes of the rules that have to do with each call. Those about a call that socketcall(2) or
// ipc(2) makes have to do with these too.
func (s *side) rulesByCall() map[string][]int {
	out := map[string][]int{}
	for i, r := range s.Rules {
		for _, name := range r.Names {
			out[name.Text] = append(out[name.Text], i)
			if call, ok := seccomp.LookupSyscall(name.Text); ok && call.SocketCall != 0 {
				out["socketcall"] = append(out["socketcall"], i)
			} else if ok && call.IPC != 0 {
				out["ipc"] = append(out["ipc"], i)
			}
		}
	}
	return out
}

// contest reports whether rules about a call, those without conditions aside, have different actions.
func (s *side) contest(call string, rules []int) bool {
	var first *seccomp.Rule
	for _, i := range rules {
		r := s.Rules[i]
		if len(r.Args) == 0 && call != "socketcall" && call != "ipc" {
			continue
		}
		if first == nil {
			first = r
		}
		if r.Action.Text != first.Action.Text || r.ErrnoRet.Value != first.ErrnoRet.Value ||
			r.ErrnoRet.Known != first.ErrnoRet.Known || r.Errno.Text != first.Errno.Text {
			return true
		}
	}
	return false
}

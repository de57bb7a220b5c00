package decide

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Difference is what two profiles do differently, for the targets that they are for.
type Difference struct {
	// Whole are the changes that are not about single syscalls, in a fixed order of What.
	Whole []WholeChange
	// Borders are the architectures on which runc's border moved. What that does to syscalls is in Changes too.
	Borders []BorderChange
	// Changes are the syscalls about which the profiles decide differently, those that changed alike in one Change; sorted by effect (those that widen first) and name.
	// Calls about which no rule of either profile decides are not here when the default action changed.
	Changes []Change
}

// Empty reports whether the profiles do the same for every target.
func (d *Difference) Empty() bool { return len(d.Whole)+len(d.Borders)+len(d.Changes) == 0 }

// What says what part of a profile a WholeChange is about.
type What int

const (
	// WhatOff: one of the profiles is none for the loader, so that containers run without a filter. Nothing else is compared for such a target.
	WhatOff What = iota
	// WhatDefault: the default action.
	WhatDefault
	// WhatArchitectures: the ABIs that the filter is for; calls from others are killed. Single syscalls are compared on the ABIs that both filters are for.
	WhatArchitectures
	// WhatFlags: the flags of the filter.
	WhatFlags
	// WhatListener: listenerPath or listenerMetadata.
	WhatListener
	// WhatRefused: a loader or a runtime refuses one of the profiles and not the other. What the rules would do is compared all the same.
	WhatRefused
)

// String returns "the default action", "the flags" and so on.
func (w What) String() string {
	return [...]string{"the filter", "the default action", "the architectures", "the flags", "the listener", "whether it is accepted"}[w]
}

// Effect says which way a change goes. It is a set of bits.
type Effect int

const (
	// Widens: a call runs that did not.
	Widens Effect = 1 << iota
	// Narrows: a call does not run that did.
	Narrows
)

// String returns "widens", "narrows", "widens and narrows", or "changes" where what did not run fails in another way, or where nobody can tell.
func (e Effect) String() string {
	return [...]string{"changes", "widens", "narrows", "widens and narrows"}[e]
}

// WholeChange is a change to a profile that is not about single syscalls.
type WholeChange struct {
	What   What
	Effect Effect
	// For are the targets in words, after "for "; "" for all.
	For string
	// Before and After are what was there, in words; "none" for nothing.
	Before, After string
}

// BorderChange is a move of the number above which runc answers ENOSYS.
type BorderChange struct {
	ABI string
	// For are the targets in words; "" for all that have a border.
	For string
	// Before and After are the numbers; -1 where there is no border.
	Before, After int
	// BeforeName and AfterName are the syscalls with these numbers; "" where there is no border.
	BeforeName, AfterName string
}

// Cause is why a decision changed.
type Cause int

const (
	// CauseRules: other rules decide.
	CauseRules Cause = iota
	// CauseBorder: no rule about the syscall changed, but runc's border moved over its number.
	CauseBorder
	// CauseDefault: no rule about the syscall changed, but the default action, which holds where the conditions of the rules do not.
	CauseDefault
)

// String returns "rules", "border" or "default".
func (c Cause) String() string { return [...]string{"rules", "border", "default"}[c] }

// Change is a change of the decision about syscalls.
type Change struct {
	// Syscalls are the names, sorted.
	Syscalls []string
	// ABIs are those on which the decision changed, in libseccomp's order; nil where it is all that are compared and have the syscall.
	ABIs []string
	// For are the targets in words, after "for "; "" for all.
	For string
	// Targets are some of those for which the decision about the first of Syscalls changed.
	Targets []Target
	// Before and After are the decisions in words: "ALLOW", or "ALLOW if arg0 < 40, else ERRNO EPERM".
	Before, After string
	Effect        Effect
	Cause         Cause
	// Example are registers of a call of the first of Syscalls about which the profiles decide differently, where HasExample.
	Example    [6]uint64
	HasExample bool
	// Unsure says that libseccomp's result cannot be told, on one side or on both: rules with different actions hold at once, or rules are of a shape that it is known
	// to miscompile, or the conditions are too many to be compared.
	Unsure bool
}

// Diff returns what two profiles do differently for the targets that old is for: its loaders, every host that one of the two is made for, every release of the runtimes and of
// libseccomp that makes a difference, and every set of capabilities and release of the kernel that a rule asks about. It is exact: what it does not name is decided alike.
// Only what Profile holds is compared; a file with Problems may be read otherwise by the consumers.
func Diff(old, new *seccomp.Profile, targets Targets) *Difference {
	d := newDiffer(old, new, targets)
	d.diff()
	return d.out
}

func newDiffer(old, new *seccomp.Profile, targets Targets) *differ {
	d := &differ{
		old: newSide(old, targets.Libseccomps()), new: newSide(new, targets.Libseccomps()),
		targets: targets, loaders: targets.Loaders(old), hosts: old.Hosts(), libs: targets.Libseccomps(), out: &Difference{},
	}
	for _, a := range new.Hosts() {
		if !slices.Contains(d.hosts, a) {
			d.hosts = append(d.hosts, a)
		}
	}
	abis := d.abis()
	d.fragile = d.old.fragile(d.loaders, abis) || d.new.fragile(d.loaders, abis)
	for _, runtime := range targets.Runtimes() {
		since := []seccomp.Version{crunReadsAllConds}
		if runtime == "runc" {
			since = []seccomp.Version{stubForNative}
			if d.fragile {
				since = append(since, treeFromNames)
			}
		}
		d.turns = append(d.turns, targets.releases(runtime, since)...)
	}
	d.changed, d.classes = changedNames(old, new)
	d.judged, d.compared = map[judgedKey]*judgement{}, map[string]Comparison{}
	steady := d.old.steadyBut(d.changed)
	d.old.steady, d.new.steady = steady, steady
	return d
}

// steadyBut returns, by ABI, the highest number that is named whatever the target is, also without the names that are not to count; -1 for none.
func (s *side) steadyBut(not map[string]bool) map[string]int {
	steady := map[string]int{}
	for _, abi := range seccomp.ABIs() {
		steady[abi] = -1
	}
	for name, n := range s.index.names {
		if n.Syscall == nil || not[name] || !slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool { return !asks(s.Rules[u.Rule]) }) || slices.ContainsFunc(s.libs, func(lib Libseccomp) bool { return !lib.Knows(n.Syscall) }) {
			continue
		}
		for abi, number := range n.Syscall.Numbers() {
			if number > max(steady[abi], 0) && !n.Syscall.Multiplexed(abi) {
				steady[abi] = number
			}
		}
	}
	return steady
}

// releases returns the oldest targeted release of a runtime and those of since that are targeted too, or the newest where there are none.
func (t Targets) releases(runtime string, since []seccomp.Version) (out []turn) {
	r := t.Range(runtime)
	for _, v := range since {
		if r.From.Less(v) && !r.To.Less(v) && !slices.Contains(out, turn{runtime, v}) {
			out = append(out, turn{runtime, v})
		}
	}
	if len(out) == 0 {
		return []turn{{runtime, t.newestOf(runtime)}}
	}
	out = append(out, turn{runtime, r.From})
	slices.SortFunc(out, func(a, b turn) int { return a.version.Compare(b.version) })
	return out
}

// turn is a release of a runtime that works in its own way.
type turn struct {
	runtime string
	version seccomp.Version
}

// readsFirst reports whether only the first six conditions of a rule are read.
func (t turn) readsFirst() bool { return t.runtime == "crun" && t.version.Less(crunReadsAllConds) }

// listedOnly reports whether there is a border for listed architectures only.
func (t turn) listedOnly() bool { return t.version.Less(stubForNative) }

type differ struct {
	old, new *side
	targets  Targets
	loaders  []Loader
	hosts    []*seccomp.Architecture
	turns    []turn
	libs     []Libseccomp
	out      *Difference
	fragile  bool // rules may have to do with syscalls that they do not name

	changed  map[string]bool // the names about which there are other rules
	classes  map[string]int  // names with the same rules on each side have the same number
	judged   map[judgedKey]*judgement
	compared map[string]Comparison
	defaults map[Loader]bool // the loaders for which the default action is another one
}

func off(p *seccomp.Profile) bool { return p.DefaultAction.Text == "" && len(p.Rules) == 0 }

func (d *differ) diff() {
	was, is := off(d.old.Profile), off(d.new.Profile)
	if was || is {
		if was != is {
			none, some := "none", "a profile"
			change := WholeChange{What: WhatOff, Effect: Widens, Before: some, After: none}
			if was {
				change.Before, change.After, change.Effect = none, some, Narrows
			}
			d.out.Whole = append(d.out.Whole, change)
		}
		return
	}
	d.wholeDefault()
	archs := d.wholeArchitectures()
	d.wholeFields()
	if len(d.changed) > 0 || len(d.defaults) > 0 || archs {
		d.syscalls(archs)
		d.borders(archs)
	}
	d.wholeRefused()
	slices.SortStableFunc(d.out.Whole, func(a, b WholeChange) int { return cmp.Compare(a.What, b.What) })
}

// changedNames returns the names that do not have the same rules in the same order in two profiles, and a number for each name that is equal for names with the same
// rules on each side.
func changedNames(old, new *seccomp.Profile) (changed map[string]bool, classes map[string]int) {
	ids := map[string]int{}
	rulesByName := func(p *seccomp.Profile) map[string][]int {
		names := make(map[string][]int, 512)
		for _, r := range p.Rules {
			key := ruleKey(r)
			id, ok := ids[key]
			if !ok {
				id = len(ids)
				ids[key] = id
			}
			for _, name := range r.Names {
				names[name.Text] = append(names[name.Text], id)
			}
		}
		return names
	}
	before, after := rulesByName(old), rulesByName(new)
	changed, classes = map[string]bool{}, map[string]int{}
	numbers := map[string]int{}
	classify := func(name string) {
		var key []byte
		for _, n := range before[name] {
			key = append(strconv.AppendInt(key, int64(n), 36), ' ')
		}
		key = append(key, '|')
		for _, n := range after[name] {
			key = append(strconv.AppendInt(key, int64(n), 36), ' ')
		}
		n, ok := numbers[string(key)]
		if !ok {
			n = len(numbers) + 1
			numbers[string(key)] = n
		}
		classes[name] = n
	}
	for name, rules := range before {
		if classify(name); !slices.Equal(rules, after[name]) {
			changed[name] = true
		}
	}
	for name := range after {
		if before[name] == nil {
			classify(name)
			changed[name] = true
		}
	}
	return changed, classes
}

// ruleKey is equal for rules that only differ in their names, and in what no consumer looks at.
func ruleKey(r *seccomp.Rule) string {
	k := make([]byte, 0, 128)
	str := func(s string) { k = append(strconv.AppendInt(k, int64(len(s)), 10), ':'); k = append(k, s...) }
	num := func(n seccomp.Number) {
		if n.Known {
			k = strconv.AppendUint(k, n.Value, 10)
		}
		k = append(k, ',')
	}
	list := func(l []seccomp.String) {
		for _, s := range l {
			str(s.Text)
		}
		k = append(k, ';')
	}
	str(r.Action.Text)
	num(r.ErrnoRet)
	str(r.Errno.Text)
	for _, a := range r.Args {
		str(a.Op.Text)
		num(seccomp.Number{Value: a.Index.Value, Known: true})
		num(seccomp.Number{Value: a.Value.Value, Known: true})
		num(seccomp.Number{Value: a.ValueTwo.Value, Known: a.Op.Text == "SCMP_CMP_MASKED_EQ"})
	}
	if r.LegacyName {
		k = append(k, 'L')
	}
	for _, s := range []seccomp.Scope{r.Includes, r.Excludes} {
		list(s.Caps)
		list(s.Arches)
		str(s.MinKernel.Text)
	}
	return string(k)
}

func (d *differ) wholeDefault() {
	d.defaults = map[Loader]bool{}
	type pair struct{ before, after Outcome }
	var pairs []pair
	by := map[pair][]Loader{}
	for _, l := range d.loaders {
		w := World{}
		p := pair{Resolve(d.old.Profile, l, w.Host(l, d.hosts[0])).Default, Resolve(d.new.Profile, l, w.Host(l, d.hosts[0])).Default}
		if p.before != p.after {
			if d.defaults[l] = true; by[p] == nil {
				pairs = append(pairs, p)
			}
			by[p] = append(by[p], l)
		}
	}
	for _, p := range pairs {
		d.out.Whole = append(d.out.Whole, WholeChange{What: WhatDefault, Effect: effectOf(p.before, p.after), For: d.loaderWords(by[p]), Before: p.before.String(), After: p.after.String()})
	}
}

func (d *differ) loaderWords(loaders []Loader) string {
	if len(loaders) == len(d.loaders) {
		return ""
	}
	var names []string
	for _, l := range loaders {
		names = append(names, l.String())
	}
	return and(names)
}

// and returns a list in words.
func and(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

// covered returns the architectures that the filter of a loader on a host is for, and those that the profile lists.
func (s *side) covered(l Loader, host *seccomp.Architecture) (archs, listed []*seccomp.Architecture) {
	archs = []*seccomp.Architecture{host}
	names := s.Architectures
	if l != LoaderOCI && len(s.ArchMap) > 0 {
		names = archMapFor(s.Profile, l, Host{Arch: host})
	}
	for _, name := range names {
		if a, ok := seccomp.LookupArchitecture(name.Text); ok {
			if listed = append(listed, a); !slices.Contains(archs, a) {
				archs = append(archs, a)
			}
		}
	}
	return archs, listed
}

// wholeArchitectures tells about other ABIs, and reports whether there are any, or others are listed.
func (d *differ) wholeArchitectures() (changed bool) {
	type pair struct{ before, after string }
	type at struct {
		l Loader
		h *seccomp.Architecture
	}
	var pairs []pair
	by := map[pair][]at{}
	words := func(archs []*seccomp.Architecture) string {
		var abis []string
		for _, a := range archs {
			abis = append(abis, strings.ToLower(strings.TrimPrefix(a.Name, "SCMP_ARCH_")))
		}
		return and(abis)
	}
	same := func(a, b []*seccomp.Architecture) bool {
		return !slices.ContainsFunc(a, func(x *seccomp.Architecture) bool { return !slices.Contains(b, x) }) && !slices.ContainsFunc(b, func(x *seccomp.Architecture) bool { return !slices.Contains(a, x) })
	}
	for _, l := range d.loaders {
		for _, h := range d.hosts {
			before, listedBefore := d.old.covered(l, h)
			after, listedAfter := d.new.covered(l, h)
			changed = changed || !same(listedBefore, listedAfter)
			if same(before, after) {
				continue
			}
			p := pair{words(before), words(after)}
			if by[p] == nil {
				pairs = append(pairs, p)
			}
			by[p] = append(by[p], at{l, h})
		}
	}
	for _, p := range pairs {
		var loaders []Loader
		var hosts []string
		for _, a := range by[p] {
			if !slices.Contains(loaders, a.l) {
				loaders = append(loaders, a.l)
			}
			if !slices.Contains(hosts, a.h.ABI) {
				hosts = append(hosts, a.h.ABI)
			}
		}
		parts := []string{}
		if w := d.loaderWords(loaders); w != "" {
			parts = append(parts, w)
		}
		if len(hosts) < len(d.hosts) {
			parts = append(parts, "hosts of "+and(hosts))
		}
		change := WholeChange{What: WhatArchitectures, For: strings.Join(parts, " on "), Before: p.before, After: p.after}
		before, _ := d.old.covered(by[p][0].l, by[p][0].h)
		after, _ := d.new.covered(by[p][0].l, by[p][0].h)
		if slices.ContainsFunc(before, func(a *seccomp.Architecture) bool { return !slices.Contains(after, a) }) {
			change.Effect |= Narrows
		}
		if slices.ContainsFunc(after, func(a *seccomp.Architecture) bool { return !slices.Contains(before, a) }) {
			change.Effect |= Widens
		}
		d.out.Whole = append(d.out.Whole, change)
	}
	return changed
}

func (d *differ) wholeFields() {
	flags := func(p *seccomp.Profile) string {
		if !p.FlagsGiven {
			return "none given"
		}
		var names []string
		for _, f := range p.Flags {
			names = append(names, f.Text)
		}
		slices.Sort(names)
		if names = slices.Compact(names); len(names) == 0 {
			return "an empty list"
		}
		return and(names)
	}
	or := func(s string) string {
		if s == "" {
			return "none"
		}
		return s
	}
	for _, f := range []struct {
		what          What
		before, after string
	}{
		{WhatFlags, flags(d.old.Profile), flags(d.new.Profile)},
		{WhatListener, or(d.old.ListenerPath.Text), or(d.new.ListenerPath.Text)},
		{WhatListener, or(d.old.ListenerMetadata.Text), or(d.new.ListenerMetadata.Text)},
	} {
		if f.before != f.after {
			d.out.Whole = append(d.out.Whole, WholeChange{What: f.what, Before: f.before, After: f.after})
		}
	}
}

// block is targets that differ in libseccomp only.
type block struct {
	loader, host, world, turn int
	libs                      uint64
}

// kind is a change of a decision on one ABI.
type kind struct {
	before, after string
	effect        Effect
	cause         Cause
	unsure        bool
}

// sighting is where a kind of change was seen.
type sighting struct {
	kind
	blocks  []block
	call    [6]uint64
	hasCall bool
}

// candidates returns the syscalls about which the profiles may decide differently, sorted: those that some rule is about, and those about which no rule is.
func (d *differ) candidates(archs bool) (named, unnamed []string) {
	set, border := map[string]bool{}, map[string]bool{}
	add := func(name string) {
		s, ok := seccomp.LookupSyscall(name)
		if !ok {
			return
		}
		set[name] = true
		if s.SocketCall != 0 {
			set["socketcall"] = true
		}
		if s.IPC != 0 {
			set["ipc"] = true
		}
	}
	for name := range d.changed {
		add(name)
	}
	if len(d.defaults) > 0 || d.fragile {
		for _, s := range []*side{d.old, d.new} {
			for name := range s.index.names {
				add(name)
			}
		}
	}
	if slices.ContainsFunc(d.turns, func(t turn) bool { return t.runtime == "runc" }) {
		for _, abi := range d.abis() {
			if !archs && len(d.defaults) == 0 && !d.raises(abi) {
				continue
			}
			// Above the lower of the two, borders may lie on both sides of a number.
			least := -1
			if !archs {
				least = min(d.old.leastOn(abi), d.new.leastOn(abi))
			}
			for s := range seccomp.AllSyscalls() {
				if n, ok := s.Number(abi); ok && n > least {
					border[s.Name] = true
				}
			}
		}
	}
	for name := range border {
		switch {
		case set[name]:
		case d.classes[name] != 0 || name == "socketcall" || name == "ipc":
			set[name] = true
		default:
			unnamed = append(unnamed, name)
		}
	}
	slices.Sort(unnamed)
	return slices.Sorted(maps.Keys(set)), unnamed
}

// raises reports whether one of the names about which there are other rules may make a border higher on an ABI.
func (d *differ) raises(abi string) bool {
	for name := range d.changed {
		if s, ok := seccomp.LookupSyscall(name); ok {
			if n, on := s.Number(abi); on && n > d.old.steady[abi] {
				return true
			}
		}
	}
	return false
}

// abis returns the ABIs that some target's filters are for, in libseccomp's order.
func (d *differ) abis() []string {
	var out []string
	for _, l := range d.loaders {
		for _, h := range d.hosts {
			for _, s := range []*side{d.old, d.new} {
				archs, _ := s.covered(l, h)
				for _, a := range archs {
					if !slices.Contains(out, a.ABI) {
						out = append(out, a.ABI)
					}
				}
			}
		}
	}
	return slices.DeleteFunc(seccomp.ABIs(), func(abi string) bool { return !slices.Contains(out, abi) })
}

func (d *differ) syscalls(archs bool) {
	type described struct {
		kind
		words string
		abis  string
	}
	index := map[described]int{}
	d.sightings(archs, func(name string, seen map[string][]*sighting, compared []string, worlds []World, complete bool) {
		if !complete {
			for _, abi := range compared {
				seen[abi] = append(seen[abi], &sighting{kind: kind{before: "unknown", after: "unknown, for there are too many sets of capabilities", unsure: true}})
			}
		}
		if len(seen) == 0 {
			return
		}
		type place struct {
			kind
			words string
		}
		var order []place
		on := map[place][]string{}
		first := map[place]Change{}
		for _, abi := range compared {
			for _, sight := range seen[abi] {
				for _, p := range d.products(sight.blocks) {
					at := place{sight.kind, d.words(p, worlds, abi)}
					if on[at] == nil {
						order = append(order, at)
						first[at] = Change{
							Syscalls: []string{name}, For: at.words, Before: at.before, After: at.after, Effect: at.effect, Cause: at.cause, Unsure: at.unsure,
							Example: sight.call, HasExample: sight.hasCall, Targets: d.someTargets(p, worlds),
						}
					}
					if !slices.Contains(on[at], abi) {
						on[at] = append(on[at], abi)
					}
				}
			}
		}
		for _, at := range order {
			c := first[at]
			if len(on[at]) < len(compared) {
				c.ABIs = on[at]
			}
			key := described{at.kind, at.words, strings.Join(c.ABIs, " ")}
			if n, ok := index[key]; ok {
				d.out.Changes[n].Syscalls = append(d.out.Changes[n].Syscalls, name)
				continue
			}
			index[key] = len(d.out.Changes)
			d.out.Changes = append(d.out.Changes, c)
		}
	})
	rank := func(e Effect) int { return [...]int{3, 0, 2, 1}[e] }
	for _, c := range d.out.Changes {
		slices.Sort(c.Syscalls)
	}
	slices.SortStableFunc(d.out.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Effect), rank(b.Effect)), cmp.Compare(a.Syscalls[0], b.Syscalls[0]))
	})
}

// report takes what was found about a syscall: the changes by ABI, the ABIs on which both profiles decide, and the worlds, of which there may be more.
type report = func(name string, seen map[string][]*sighting, compared []string, worlds []World, complete bool)

// sightings compares what is done with each syscall about which the profiles may decide differently.
func (d *differ) sightings(archs bool, report report) {
	named, unnamed := d.candidates(archs)
	for _, name := range named {
		s, _ := seccomp.LookupSyscall(name)
		worlds, complete := d.worlds(name)
		seen, compared := d.compare(s, worlds)
		report(name, seen, compared, worlds, complete)
	}
	if len(unnamed) > 0 {
		d.unnamed(unnamed, report)
	}
}

// unnamed compares what is done with syscalls that no rule of either profile names: the default action, or ENOSYS above runc's border.
func (d *differ) unnamed(names []string, report report) {
	type place struct {
		abi           string
		before, after int // the borders
		def           Outcome
	}
	var rules []*seccomp.Rule
	for _, s := range []*side{d.old, d.new} {
		for _, abi := range d.abis() {
			for j, r := range s.Rules {
				if asks(r) && !slices.Contains(rules, r) && slices.ContainsFunc(s.heightsOn(abi), func(rules []int) bool { return rules[j] > max(d.old.steady[abi], s.leastOn(abi)) }) {
					rules = append(rules, r)
				}
			}
		}
	}
	worlds, complete := d.targets.worlds(rules)
	var places []place
	by := map[place][]block{}
	compared := map[string]bool{}
	for li, l := range d.loaders {
		for hi, h := range d.hosts {
			covered, _ := d.old.covered(l, h)
			coveredNow, _ := d.new.covered(l, h)
			for _, a := range covered {
				if !slices.Contains(coveredNow, a) {
					continue
				}
				abi := a.ABI
				if compared[abi] = true; d.defaults[l] {
					continue
				}
				for wi, w := range worlds {
					key := w.key()
					borders, listed := d.old.borders(l, h, w, key, a)
					bordersNow, listedNow := d.new.borders(l, h, w, key, a)
					if listed == listedNow && slices.Equal(borders, bordersNow) {
						continue
					}
					def := d.old.filter(l, h, w, key, 0, plain).Default
					for ti, t := range d.turns {
						if t.runtime != "runc" {
							continue
						}
						for lib := range d.libs {
							p := place{abi, borders[lib], bordersNow[lib], def}
							if !listed && t.listedOnly() {
								p.before = -1
							}
							if !listedNow && t.listedOnly() {
								p.after = -1
							}
							if p.before == p.after {
								continue
							}
							if by[p] == nil {
								places = append(places, p)
							}
							by[p] = addBlock(by[p], block{li, hi, wi, ti, 1 << lib})
						}
					}
				}
			}
		}
	}
	for _, name := range names {
		s, _ := seccomp.LookupSyscall(name)
		seen := map[string][]*sighting{}
		var on []string
		for abi, n := range s.Numbers() {
			if !compared[abi] {
				continue
			}
			on = append(on, abi)
			for _, p := range places {
				was, is := p.before >= 0 && n > p.before, p.after >= 0 && n > p.after
				if p.abi != abi || was == is {
					continue
				}
				j := &judgement{before: &Decision{Step: StepDefault, Outcome: p.def}, after: &Decision{Step: StepDefault, Outcome: p.def}}
				if sight := d.sight(j, was, is, CauseBorder, false); sight != nil {
					for _, b := range by[p] {
						seen[abi] = recordAt(seen[abi], sight, b)
					}
				}
			}
		}
		report(name, seen, on, worlds, complete)
	}
}

// addBlock adds targets to those that were added before, of which the last may differ in libseccomp only.
func addBlock(blocks []block, b block) []block {
	if n := len(blocks) - 1; n >= 0 {
		if o := &blocks[n]; o.loader == b.loader && o.host == b.host && o.world == b.world && o.turn == b.turn {
			o.libs |= b.libs
			return blocks
		}
	}
	return append(blocks, b)
}

// worlds returns the worlds that make a difference to what the profiles do with a syscall.
func (d *differ) worlds(syscall string) ([]World, bool) {
	rules := append(d.old.about(syscall), d.new.about(syscall)...)
	if d.fragile {
		rules = slices.DeleteFunc(slices.Concat(d.old.Rules, d.new.Rules), func(r *seccomp.Rule) bool { return !asks(r) })
	}
	return d.targets.worlds(rules)
}

// compare decides about a syscall for every target, and returns the changes by ABI, and the ABIs on which both profiles decide.
func (d *differ) compare(s *seccomp.Syscall, worlds []World) (seen map[string][]*sighting, compared []string) {
	seen = map[string][]*sighting{}
	keys := make([]string, len(worlds))
	for i, w := range worlds {
		keys[i] = w.key()
	}
	groups := d.libGroups(s)
	cause := CauseBorder
	if d.changed[s.Name] {
		cause = CauseRules
	} else if s.Name == "socketcall" || s.Name == "ipc" {
		for _, through := range seccomp.Multiplexed() {
			if d.changed[through.Name] {
				cause = CauseRules
			}
		}
	}
	for li, l := range d.loaders {
		cause := cause
		if cause == CauseBorder && d.defaults[l] {
			cause = CauseDefault
		}
		for hi, h := range d.hosts {
			covered, _ := d.old.covered(l, h)
			coveredNow, _ := d.new.covered(l, h)
			for _, a := range covered {
				abi := a.ABI
				number, ok := s.Number(abi)
				if !ok || !slices.Contains(coveredNow, a) {
					continue
				}
				if !slices.Contains(compared, abi) {
					compared = append(compared, abi)
				}
				bordered := number > d.old.steady[abi] && number > min(d.old.leastOn(abi), d.new.leastOn(abi))
				for wi, w := range worlds {
					var borders, bordersNow []int
					var listed, listedNow bool
					if bordered {
						borders, listed = d.old.borders(l, h, w, keys[wi], a)
						bordersNow, listedNow = d.new.borders(l, h, w, keys[wi], a)
					}
					if cause == CauseBorder && !d.fragile && listed == listedNow && slices.Equal(borders, bordersNow) {
						continue
					}
					above := func(t turn, lib int) (before, after bool) {
						if !bordered || t.runtime != "runc" {
							return false, false
						}
						return borders[lib] >= 0 && number > borders[lib] && (listed || !t.listedOnly()), bordersNow[lib] >= 0 && number > bordersNow[lib] && (listedNow || !t.listedOnly())
					}
					for ti, t := range d.turns {
						for _, g := range groups {
							j := d.judge(s, l, h, a, w, keys[wi], g, t)
							for lib := range d.libs {
								if g.libs&(1<<lib) == 0 {
									continue
								}
								before, after := above(t, lib)
								sight := d.sight(j, before, after, cause, d.defaults[l])
								b := block{li, hi, wi, ti, 1 << lib}
								if !bordered {
									b.libs = g.libs
								}
								if sight != nil {
									seen[abi] = recordAt(seen[abi], sight, b)
								}
								if !bordered {
									break
								}
							}
						}
					}
				}
			}
		}
	}
	return seen, slices.DeleteFunc(seccomp.ABIs(), func(abi string) bool { return !slices.Contains(compared, abi) })
}

// libGroup is builds of libseccomp that know the same of a syscall and of the calls that are made through it.
type libGroup struct {
	first int // one of them
	knows bool
	libs  uint64
}

func (d *differ) libGroups(s *seccomp.Syscall) (groups []libGroup) {
	through := []*seccomp.Syscall{s}
	if s.Name == "socketcall" || s.Name == "ipc" {
		through = append(through, seccomp.Multiplexed()...)
	}
	for i, lib := range d.libs {
		n := slices.IndexFunc(groups, func(g libGroup) bool {
			return !d.fragile && !slices.ContainsFunc(through, func(s *seccomp.Syscall) bool { return lib.Knows(s) != d.libs[g.first].Knows(s) })
		})
		if n < 0 {
			n = len(groups)
			groups = append(groups, libGroup{i, lib.Knows(s), 0})
		}
		groups[n].libs |= 1 << i
	}
	return groups
}

// judgement is the decisions of both profiles below runc's border, and what comes of comparing them, by whether runc answers first in the old and in the new profile.
type judgement struct {
	before, after *Decision
	done          [4]bool
	sights        [4]*sighting
}

type judgedKey struct {
	class  int
	name   string // for a syscall that is decided about by more than the rules that name it
	loader Loader
	host   *seccomp.Architecture
	a      *seccomp.Architecture
	world  string
	lib    int
	knows  bool
	turn   turn
}

// judge returns the decisions about a syscall. They are the same for all syscalls with the same rules.
func (d *differ) judge(s *seccomp.Syscall, l Loader, h, a *seccomp.Architecture, w World, key string, g libGroup, t turn) *judgement {
	if !d.fragile && !t.readsFirst() {
		t = plain
	}
	k := judgedKey{class: d.classes[s.Name], loader: l, host: h, a: a, world: key, knows: g.knows, turn: t}
	if d.fragile || s.Name == "socketcall" || s.Name == "ipc" {
		k.name, k.lib = s.Name, g.first
	}
	j, ok := d.judged[k]
	if !ok {
		before := d.old.filter(l, h, w, key, g.first, t).decideUnder(a, s.Name)
		after := d.new.filter(l, h, w, key, g.first, t).decideUnder(a, s.Name)
		j = &judgement{before: &before, after: &after}
		d.judged[k] = j
	}
	return j
}

// sight compares decisions, and returns nil where they are the same.
func (d *differ) sight(j *judgement, aboveBefore, aboveAfter bool, cause Cause, otherDefault bool) *sighting {
	n := 0
	before, after := j.before, j.after
	enosys := &Decision{Step: StepBorder, Outcome: Outcome{"SCMP_ACT_ERRNO", 38}}
	if aboveBefore {
		before, n = enosys, n|1
	}
	if aboveAfter {
		after, n = enosys, n|2
	}
	if j.done[n] {
		return j.sights[n]
	}
	j.done[n] = true
	unruled := func(d *Decision) bool { return d.Step == StepDefault || d.Step == StepBorder }
	if otherDefault && unruled(before) && unruled(after) {
		return nil
	}
	c := d.comparison(before, after)
	if c.Verdict == SameDecision {
		return nil
	}
	if aboveBefore != aboveAfter && cause == CauseDefault {
		cause = CauseBorder
	}
	j.sights[n] = &sighting{kind: kind{before.String(), after.String(), c.Effect, cause, c.Verdict == UnsureDecision}, call: c.Call, hasCall: c.HasCall}
	return j.sights[n]
}

// comparison compares two decisions, those with many cases once for all ABIs.
func (d *differ) comparison(before, after *Decision) Comparison {
	const many = 16
	if len(before.Cases)+len(after.Cases) < many {
		return before.Compare(after)
	}
	low := func(d *Decision) bool { return len(d.Cases) > 0 && d.Cases[0].Conds[0].Low }
	key := fmt.Sprint(before, low(before), after, low(after))
	c, ok := d.compared[key]
	if !ok {
		c = before.Compare(after)
		d.compared[key] = c
	}
	return c
}

// recordAt adds a block of targets to the sightings of one kind.
func recordAt(seen []*sighting, s *sighting, b block) []*sighting {
	for _, other := range seen {
		if other.kind != s.kind {
			continue
		}
		other.blocks = addBlock(other.blocks, b)
		return seen
	}
	return append(seen, &sighting{kind: s.kind, blocks: []block{b}, call: s.call, hasCall: s.hasCall})
}

// borders tells where runc's border moved, in containers that ask for no capabilities.
func (d *differ) borders(archs bool) {
	type pair struct{ before, after int }
	w := World{Kernel: d.targets.newestKernel()}
	for _, abi := range d.abis() {
		if !archs && len(d.defaults) == 0 && !d.raises(abi) {
			continue
		}
		var pairs []pair
		by := map[pair][]block{}
		for li, l := range d.loaders {
			for hi, h := range d.hosts {
				covered, _ := d.old.covered(l, h)
				coveredNow, _ := d.new.covered(l, h)
				for _, a := range covered {
					if a.ABI != abi || !slices.Contains(coveredNow, a) {
						continue
					}
					borders, listed := d.old.borders(l, h, w, "usual", a)
					bordersNow, listedNow := d.new.borders(l, h, w, "usual", a)
					for ti, t := range d.turns {
						if t.runtime != "runc" {
							continue
						}
						for lib := range d.libs {
							p := pair{-1, -1}
							if listed || !t.listedOnly() {
								p.before = borders[lib]
							}
							if listedNow || !t.listedOnly() {
								p.after = bordersNow[lib]
							}
							if p.before == p.after {
								continue
							}
							if by[p] == nil {
								pairs = append(pairs, p)
							}
							by[p] = addBlock(by[p], block{li, hi, 0, ti, 1 << lib})
						}
					}
				}
			}
		}
		for _, p := range pairs {
			for _, product := range d.products(by[p]) {
				d.out.Borders = append(d.out.Borders, BorderChange{
					ABI: abi, For: d.words(product, []World{w}, abi), Before: p.before, After: p.after, BeforeName: nameOf(abi, p.before), AfterName: nameOf(abi, p.after),
				})
			}
		}
	}
}

// nameOf returns the syscall with a number on an ABI, or "".
func nameOf(abi string, number int) string {
	for s := range seccomp.AllSyscalls() {
		if n, ok := s.Number(abi); ok && n == number {
			return s.Name
		}
	}
	return ""
}

// wholeRefused tells for which targets only one of the profiles is refused.
func (d *differ) wholeRefused() {
	before, wholeBefore, namesBefore := d.old.suspects(d.targets)
	after, wholeAfter, namesAfter := d.new.suspects(d.targets)
	if len(before)+len(after) == 0 && !wholeBefore && !wholeAfter {
		return
	}
	text := func(a, b seccomp.String) bool { return a.Text == b.Text }
	if len(d.out.Whole) == 0 && slices.EqualFunc(d.old.Architectures, d.new.Architectures, text) && slices.EqualFunc(d.old.ArchMap, d.new.ArchMap, func(a, b seccomp.ArchMap) bool {
		return text(a.Architecture, b.Architecture) && slices.EqualFunc(a.SubArchitectures, b.SubArchitectures, text)
	}) && slices.EqualFunc(before, after, func(a, b *seccomp.Rule) bool {
		return ruleKey(a) == ruleKey(b) && text(a.Name, b.Name) && slices.EqualFunc(namesBefore(a), namesAfter(b), text)
	}) {
		return
	}
	suspects := append(before, after...)
	r := *d
	r.turns = nil
	for _, runtime := range d.targets.Runtimes() {
		r.turns = append(r.turns, d.targets.releases(runtime, turnsOfSupport(runtime))...)
	}
	worlds, _ := d.targets.worlds(slices.DeleteFunc(suspects, func(r *seccomp.Rule) bool { return !asks(r) }))
	type pair struct{ before, after string }
	var pairs []pair
	by := map[pair][]block{}
	type conflictsKey struct {
		s *side
		filterKey
	}
	known := map[conflictsKey][]Conflict{}
	words := func(s *side, l Loader, h *seccomp.Architecture, w World, key string, lib int, t turn) string {
		f := s.filter(l, h, w, key, lib, t)
		refusals := f.refusals(func() []Conflict {
			k := conflictsKey{s, filterKey{l, h, key, lib, plain}}
			if t.readsFirst() {
				k.turn.version = seccomp.Version{}
			}
			conflicts, ok := known[k]
			if !ok {
				conflicts = f.Conflicts()
				known[k] = conflicts
			}
			return conflicts
		})
		if len(refusals) > 0 {
			return "refused: " + refusals[0].Reason
		}
		return "accepted"
	}
	for li, l := range r.loaders {
		for hi, h := range r.hosts {
			for wi, w := range worlds {
				key := w.key()
				for ti, t := range r.turns {
					for lib := range r.libs {
						p := pair{words(r.old, l, h, w, key, lib, t), words(r.new, l, h, w, key, lib, t)}
						if (p.before == "accepted") == (p.after == "accepted") {
							continue
						}
						if by[p] == nil {
							pairs = append(pairs, p)
						}
						by[p] = addBlock(by[p], block{li, hi, wi, ti, 1 << lib})
					}
				}
			}
		}
	}
	for _, p := range pairs {
		for _, product := range r.products(by[p]) {
			d.out.Whole = append(d.out.Whole, WholeChange{What: WhatRefused, For: r.words(product, worlds, ""), Before: p.before, After: p.after})
		}
	}
}

// turnsOfSupport returns the releases of a runtime that made a difference to what it refuses.
func turnsOfSupport(runtime string) []seccomp.Version {
	out := []seccomp.Version{crunReadsAllConds}
	if runtime == "runc" {
		out = []seccomp.Version{flagsInRunc}
	}
	add := func(s seccomp.Support) {
		if v, ok := s.Since(runtime); ok && !slices.Contains(out, v) {
			out = append(out, v)
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

// suspects returns the rules that some target may refuse, and reports whether some target may refuse the profile for another reason. Names returns those of a rule's names
// on which it depends: a rule that may be in conflict with others is refused for the calls that they share.
func (s *side) suspects(t Targets) (rules []*seccomp.Rule, whole bool, names func(*seccomp.Rule) []seccomp.String) {
	old := func(support seccomp.Support) bool { // every targeted release knows it
		for _, consumer := range []string{"runc", "crun", "libseccomp"} {
			if since, ok := support.Since(consumer); !ok || t.Range(consumer).From.Less(since) {
				return false
			}
		}
		return true
	}
	bad := func(action seccomp.String, number seccomp.Number, word seccomp.String) bool {
		a, ok := seccomp.LookupAction(action.Text)
		if !ok || a.Name == "SCMP_ACT_NOTIFY" || !old(a.Support) {
			return true
		}
		n, ok := seccomp.LookupErrno(word.Text)
		return (number.Known || word.Text != "") && !a.Errno || uint16(number.Value) > maxErrno || number.Value > math.MaxUint32 || word.Text != "" && (!ok || n > maxErrno)
	}
	whole = bad(s.DefaultAction, s.DefaultErrnoRet, s.DefaultErrno) || len(s.Flags) > 0 || len(s.Architectures) > 0 && len(s.ArchMap) > 0
	known := func(name seccomp.String, host *seccomp.Architecture) {
		a, ok := seccomp.LookupArchitecture(name.Text)
		whole = whole || !ok || !old(a.Support) || host != nil && host.BigEndian != a.BigEndian
	}
	for _, name := range s.Architectures {
		for _, host := range s.Hosts() {
			known(name, host)
		}
	}
	for _, m := range s.ArchMap {
		host, _ := seccomp.LookupArchitecture(m.Architecture.Text)
		for _, name := range append(slices.Clip(m.SubArchitectures), m.Architecture) {
			known(name, host)
		}
	}
	suspect := make([]bool, len(s.Rules))
	byCall := map[string][]int{}
	for i, r := range s.Rules {
		suspect[i] = bad(r.Action, r.ErrnoRet, r.Errno) || len(r.Names) == 0 || r.Name.Text != "" || len(r.Args) > 6 || !validIfGiven(r.Includes.MinKernel) || !validIfGiven(r.Excludes.MinKernel) ||
			slices.ContainsFunc(r.Names, func(n seccomp.String) bool { return n.Text == "" }) ||
			slices.ContainsFunc(r.Args, func(a seccomp.Arg) bool { return a.Index.Value > 5 || !slices.Contains(seccomp.Operators(), a.Op.Text) })
		for _, name := range r.Names {
			byCall[name.Text] = append(byCall[name.Text], i)
			if call, ok := seccomp.LookupSyscall(name.Text); ok && call.SocketCall != 0 {
				byCall["socketcall"] = append(byCall["socketcall"], i)
			} else if ok && call.IPC != 0 {
				byCall["ipc"] = append(byCall["ipc"], i)
			}
		}
	}
	contested := map[string]bool{}          // calls
	conflicting := map[*seccomp.Rule]bool{} // rules that are suspect for nothing else
	for call, list := range byCall {
		var first *seccomp.Rule
		for _, i := range list {
			r := s.Rules[i]
			if len(r.Args) == 0 && call != "socketcall" && call != "ipc" {
				continue
			}
			if first == nil {
				first = r
			}
			if r.Action.Text != first.Action.Text || r.ErrnoRet.Value != first.ErrnoRet.Value || r.ErrnoRet.Known != first.ErrnoRet.Known || r.Errno.Text != first.Errno.Text {
				for _, i := range list { // one without conditions may hide the contradiction
					if !suspect[i] {
						suspect[i], conflicting[s.Rules[i]] = true, true
					}
				}
				contested[call] = true
				break
			}
		}
	}
	for i, r := range s.Rules {
		if suspect[i] {
			rules = append(rules, r)
		}
	}
	return rules, whole, func(r *seccomp.Rule) []seccomp.String {
		if !conflicting[r] {
			return r.Names
		}
		return slices.DeleteFunc(slices.Clone(r.Names), func(name seccomp.String) bool {
			call, ok := seccomp.LookupSyscall(name.Text)
			return !contested[name.Text] && !(ok && (call.SocketCall != 0 && contested["socketcall"] || call.IPC != 0 && contested["ipc"]))
		})
	}
}

func validIfGiven(s seccomp.String) bool { return s.Text == "" || validMinKernel(s.Text) }

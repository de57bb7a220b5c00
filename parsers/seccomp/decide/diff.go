package decide

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// The comparison of two profiles, Diff.
//
// Computed is the difference between what two profiles decide, over the product of all that makes a filter: loaders,
// hosts, ABIs, environments (environments.go), runtime variants and builds of libseccomp (space.go iterates over it).
// What differs is first narrowed down: to names that have different rules on each side, to ABIs on which runc's border
// can move, to rules that some target may refuse. Only these are decided about, once for all syscalls that have the
// same rules, and each decision is compared with Decision.Compare, which is exact.
//
// The invariant is that a target outside the reported sets gets the same decision from both profiles, and one inside
// a different one, unless the change is Unsure. TestDiffAgainstBruteForce checks it for random profiles against
// filters that are compiled one target at a time.

// Difference is what two profiles do differently, for the targets that they are for.
type Difference struct {
	// Whole are the changes that are not about single syscalls, in a fixed order of What.
	Whole []WholeChange
	// Borders are the architectures on which runc's border moved. What that does to syscalls is in Changes too.
	Borders []BorderChange
	// Changes are the syscalls about which the profiles decide differently, those that changed alike in one Change;
	// sorted by effect (those that widen first) and name. Calls about which no rule of either profile decides are not
	// here when the default action changed.
	Changes []Change
}

// Empty reports whether the profiles do the same for every target.
func (d *Difference) Empty() bool { return len(d.Whole)+len(d.Borders)+len(d.Changes) == 0 }

// What says which part of a profile a WholeChange is about.
type What int

const (
	// WhatOff: the loader takes one of the profiles as none, so containers run without a filter. Nothing else is
	// compared for such a target.
	WhatOff What = iota
	// WhatDefault: the default action.
	WhatDefault
	// WhatArchitectures: the ABIs that the filter is for; calls from others are killed. Single syscalls are compared
	// on the ABIs that both filters are for.
	WhatArchitectures
	// WhatFlags: the flags of the filter.
	WhatFlags
	// WhatListener: listenerPath or listenerMetadata.
	WhatListener
	// WhatRefused: a loader or a runtime refuses one of the profiles and not the other. What the rules would do is
	// compared nevertheless.
	WhatRefused
)

// String returns "the default action", "the flags" and so on.
func (w What) String() string {
	return [...]string{
		"the filter", "the default action", "the architectures", "the flags", "the listener", "whether it is accepted",
	}[w]
}

// Effect says in which direction a change goes. It is a set of bits.
type Effect int

const (
	// Widens: a call runs that did not.
	Widens Effect = 1 << iota
	// Narrows: a call does not run that did.
	Narrows
)

// String returns "widens", "narrows", "widens and narrows", or "changes" where what did not run fails in another way,
// or where the effect is unknown.
func (e Effect) String() string {
	return [...]string{"changes", "widens", "narrows", "widens and narrows"}[e]
}

// WholeChange is a change to a profile that is not about single syscalls.
type WholeChange struct {
	What   What
	Effect Effect
	// For are the targets for which it holds.
	For TargetSet
	// Before and After are the part of each profile that What names.
	Before, After Part
}

// Part is one part of a profile. Which field counts follows from the What of the change; the others are zero.
type Part struct {
	// Off says that the profile is none for its loaders (WhatOff).
	Off bool
	// Default is the default action (WhatDefault).
	Default Outcome
	// Architectures are those that the filter is for, the host's own first (WhatArchitectures).
	Architectures []*seccomp.Architecture
	// Flags are the flags, sorted; nil where the profile has no list of them (WhatFlags).
	Flags []string
	// Listener is the path or the metadata of the listener; "" for none (WhatListener).
	Listener string
	// Refusal is the first reason for which the profile is refused; nil where it is accepted (WhatRefused).
	Refusal *Refusal
}

// BorderChange is a move of the number above which runc answers ENOSYS.
type BorderChange struct {
	ABI string
	// For are the targets for which it moved; all those that have a border where it is zero.
	For TargetSet
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
	// CauseDefault: no rule about the syscall changed, but the default action did, which holds where the conditions of
	// the rules do not.
	CauseDefault
)

// String returns "rules", "border" or "default".
func (c Cause) String() string { return [...]string{"rules", "border", "default"}[c] }

// Change is a change of the decision about syscalls.
type Change struct {
	// Syscalls are the names, sorted.
	Syscalls []string
	// ABIs are those on which the decision changed, in libseccomp's order; nil where these are all that are compared
	// and have the syscall.
	ABIs []string
	// For are the targets for which it changed.
	For TargetSet
	// Targets are some of these, for the first of Syscalls.
	Targets []Target
	// Before and After are the decisions for the first of Targets; nil where the environments are too many for the
	// decisions to be compared.
	Before, After *Decision
	Effect        Effect
	Cause         Cause
	// Example are registers of a call of the first of Syscalls about which the profiles decide differently, where
	// HasExample.
	Example    [6]uint64
	HasExample bool
	// Unsure says that libseccomp's result is unknown, on one side or on both: rules with different actions hold at
	// once, or rules are of a shape that it is known to miscompile, or there are too many conditions or environments
	// to compare.
	Unsure bool
}

// Diff returns what two profiles do differently for the targets that old is for: its loaders (where one of the two is
// the default of an engine, that engine, or the loaders that read the other), every host that one of
// the two is made for, every release of the runtimes and of libseccomp that makes a difference, and every set of
// capabilities and release of the kernel that a rule asks about. It is exact: what it does not report is decided
// alike. Only what Profile holds is compared; consumers may read a file with Problems in another way.
func Diff(old, new *seccomp.Profile, targets Targets) *Difference {
	d := newDiffer(old, new, targets)
	d.diff()
	return d.out
}

// DiffExcept is like Diff, but leaves out the changes of some syscalls, by name, and where runc's border is. It also
// leaves out how calls fail that no rule of either profile names and that never run: where the default action lets
// nothing run, the border only decides between its errno and ENOSYS. That is nearly all that Diff costs for two
// profiles that differ in few names.
func DiffExcept(old, new *seccomp.Profile, targets Targets, except map[string]bool) *Difference {
	d := newDiffer(old, new, targets)
	d.partial, d.except = true, except
	d.named = !slices.ContainsFunc(d.loaders, func(l Loader) bool {
		return DefaultFor(old, l).Runs() || DefaultFor(new, l).Runs()
	})
	d.diff()
	return d.out
}

// differ is a comparison of two profiles under way.
type differ struct {
	old, new *side
	targets  Targets
	loaders  []Loader
	hosts    []*seccomp.Architecture
	variants []runtimeVariant
	libs     []Libseccomp
	out      *Difference
	// shared are the ABIs that both profiles' filters are for, by the indexes of loader and host.
	shared [][][]*seccomp.Architecture
	// fragile says that rules of one of the profiles may have to do with syscalls that they do not name.
	fragile, fragileOld, fragileNew bool

	changed  map[string]bool // the names that have different rules on each side
	classes  map[string]int  // names with the same rules on each side have the same number
	decided  map[decisionKey]*decisionPair
	compared map[string]Comparison
	defaults map[Loader]bool // the loaders for which the default action changed
	// archs says that the profiles list or cover different architectures.
	archs bool
	// partial says that only a part is asked for: without the borders and these names, and where named is set without
	// those that no rule names.
	partial, named bool
	except         map[string]bool
}

func newDiffer(old, new *seccomp.Profile, targets Targets) *differ {
	d := &differ{
		targets: targets, loaders: targets.common(old, new), hosts: old.Hosts(), libs: targets.Libseccomps(),
		out: &Difference{}, decided: map[decisionKey]*decisionPair{}, compared: map[string]Comparison{},
	}
	d.old, d.new = newSide(old, d.loaders, d.libs), newSide(new, d.loaders, d.libs)
	for _, a := range new.Hosts() {
		if !slices.Contains(d.hosts, a) {
			d.hosts = append(d.hosts, a)
		}
	}
	abis := d.abis()
	d.fragileOld, d.fragileNew = d.old.fragile(abis), d.new.fragile(abis)
	d.fragile = d.fragileOld || d.fragileNew
	for _, runtime := range targets.Runtimes() {
		since := []seccomp.Version{crunReadsAllConds}
		if runtime == "runc" {
			since = waysOf(runtime)
			if d.fragile {
				since = append(since, treeFromNames)
			}
		}
		d.variants = append(d.variants, targets.variants(runtime, since)...)
	}
	d.shared = make([][][]*seccomp.Architecture, len(d.loaders))
	for li, l := range d.loaders {
		for _, h := range d.hosts {
			before, _ := d.old.covered(l, h)
			after, _ := d.new.covered(l, h)
			d.shared[li] = append(d.shared[li], slices.DeleteFunc(slices.Clone(before),
				func(a *seccomp.Architecture) bool { return !slices.Contains(after, a) }))
		}
	}
	d.changed, d.classes = changedNames(old, new)
	unconditional := d.old.unconditionalMaxExcept(d.changed)
	d.old.commonFloor, d.new.commonFloor = unconditional, unconditional
	return d
}

// isOff reports whether loaders take a profile as none.
func isOff(p *seccomp.Profile) bool { return p.DefaultAction.Text == "" && len(p.Rules) == 0 }

func (d *differ) diff() {
	was, is := isOff(d.old.Profile), isOff(d.new.Profile)
	if was || is {
		if was != is {
			change := WholeChange{What: WhatOff, Effect: Widens, Before: Part{Off: was}, After: Part{Off: is}}
			if was {
				change.Effect = Narrows
			}
			d.out.Whole = append(d.out.Whole, change)
		}
		return
	}
	d.diffDefault()
	d.diffArchitectures()
	d.diffFields()
	if len(d.changed) > 0 || len(d.defaults) > 0 || d.archs {
		d.diffSyscalls()
		if !d.partial {
			d.diffBorders()
		}
	}
	d.diffRefused()
	slices.SortStableFunc(d.out.Whole, func(a, b WholeChange) int { return cmp.Compare(a.What, b.What) })
}

// changedNames returns the names that do not have the same rules in the same order in two profiles, and a number for
// each name, which is equal for names with the same rules on each side.
func changedNames(old, new *seccomp.Profile) (changed map[string]bool, classes map[string]int) {
	ids := map[string]int{} // of rules
	before, after := rulesByName(old, ids), rulesByName(new, ids)
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

// rulesByName returns the rules about each name. Rules that differ in nothing that counts have the same number in ids.
func rulesByName(p *seccomp.Profile, ids map[string]int) map[string][]int {
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

// ruleKey is equal for rules that differ only in their names, and in what no consumer reads.
func ruleKey(r *seccomp.Rule) string {
	k := make([]byte, 0, 128)
	str := func(s string) { k = append(strconv.AppendInt(k, int64(len(s)), 10), ':'); k = append(k, s...) }
	num := func(n uint64, known bool) {
		if known {
			k = strconv.AppendUint(k, n, 10)
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
	num(r.ErrnoRet.Value, r.ErrnoRet.Known)
	str(r.Errno.Text)
	for _, a := range r.Args {
		str(a.Op.Text)
		num(a.Index.Value, true)
		num(a.Value.Value, true)
		num(a.ValueTwo.Value, a.Op.Text == "SCMP_CMP_MASKED_EQ")
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

// mayRaiseBorder reports whether one of the changed names may make a border higher on an ABI.
func (d *differ) mayRaiseBorder(abi string) bool {
	for name := range d.changed {
		if s, ok := seccomp.LookupSyscall(name); ok {
			if n, on := s.Number(abi); on && slices.ContainsFunc(d.loaders,
				func(l Loader) bool { return n > d.old.commonFloor[floorKey{l, abi}] }) {
				return true
			}
		}
	}
	return false
}

// bordersMayMove reports whether runc's border may have moved on an ABI.
func (d *differ) bordersMayMove(abi string) bool {
	return d.archs || len(d.defaults) > 0 || d.mayRaiseBorder(abi)
}

// abis returns the ABIs that some target's filters are for, in libseccomp's order.
func (d *differ) abis() []string {
	on := map[string]bool{}
	for _, l := range d.loaders {
		for _, h := range d.hosts {
			for _, s := range []*side{d.old, d.new} {
				archs, _ := s.covered(l, h)
				for _, a := range archs {
					on[a.ABI] = true
				}
			}
		}
	}
	return slices.DeleteFunc(seccomp.ABIs(), func(abi string) bool { return !on[abi] })
}

// sharedABIs returns the ABIs that have a syscall and that both profiles' filters are for, in libseccomp's order.
func (d *differ) sharedABIs(s *seccomp.Syscall) []string {
	on := map[string]bool{}
	for _, hosts := range d.shared {
		for _, archs := range hosts {
			for _, a := range archs {
				on[a.ABI] = true
			}
		}
	}
	return slices.DeleteFunc(s.ABIs(), func(abi string) bool { return !on[abi] })
}

// kind is a change of a decision on one ABI. The decisions are in words, so it can be compared.
type kind struct {
	beforeText, afterText string
	effect                Effect
	cause                 Cause
	unsure                bool
}

// observedChange is a kind of change and where it was seen.
type observedChange struct {
	kind
	before, after *Decision
	blocks        []block
	call          [6]uint64
	hasCall       bool
}

// observed are the changes that were seen of one syscall, by ABI.
type observed map[string][]*observedChange

// add adds a block of targets to the change of a kind on an ABI.
func (o observed) add(abi string, c *observedChange, b block) {
	for _, other := range o[abi] {
		if other.kind == c.kind {
			other.blocks = addBlock(other.blocks, b)
			return
		}
	}
	one := *c
	one.blocks = []block{b}
	o[abi] = append(o[abi], &one)
}

// report takes what was found about a syscall: the changes by ABI, and the environments, of which there may be more.
type report = func(s *seccomp.Syscall, seen observed, environments []environment, complete bool)

// candidates returns the names about which the profiles may decide differently, sorted: those that some rule is about,
// and those about which no rule is.
func (d *differ) candidates() (named, unnamed []string) {
	set := map[string]bool{}
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
	for name := range d.aroundBorders() {
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

// aroundBorders returns the syscalls over whose numbers runc's border may have moved.
func (d *differ) aroundBorders() map[string]bool {
	out := map[string]bool{}
	if !slices.ContainsFunc(d.variants, func(v runtimeVariant) bool { return v.runtime == "runc" }) {
		return out
	}
	for _, abi := range d.abis() {
		if !d.bordersMayMove(abi) {
			continue
		}
		// Above the lower of the two, borders may lie on both sides of a number.
		least := -1
		if !d.archs {
			least = math.MaxInt
			for _, l := range d.loaders {
				least = min(least, d.old.floorOn(l, abi), d.new.floorOn(l, abi))
			}
		}
		for s := range seccomp.AllSyscalls() {
			if n, ok := s.Number(abi); ok && n > least {
				out[s.Name] = true
			}
		}
	}
	return out
}

// diffSyscalls compares the decisions about single syscalls.
func (d *differ) diffSyscalls() {
	changes := changeList{differ: d, index: map[string]int{}}
	d.observe(changes.add)
	rank := func(e Effect) int { return [...]int{3, 0, 2, 1}[e] }
	for _, c := range changes.list {
		slices.Sort(c.Syscalls)
	}
	slices.SortStableFunc(changes.list, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Effect), rank(b.Effect)), cmp.Compare(a.Syscalls[0], b.Syscalls[0]))
	})
	d.out.Changes = changes.list
}

// changeList puts syscalls that changed alike together.
type changeList struct {
	*differ
	list  []Change
	index map[string]int // of what is equal for syscalls that changed alike
}

// add is a report.
func (l *changeList) add(s *seccomp.Syscall, seen observed, environments []environment, complete bool) {
	shared := l.sharedABIs(s)
	if !complete {
		for _, abi := range shared {
			seen[abi] = append(seen[abi], &observedChange{kind: kind{unsure: true}})
		}
	}
	var keys []string
	changes := map[string]*Change{}
	kinds := map[string]string{}
	for _, abi := range shared {
		for _, c := range seen[abi] {
			for _, p := range l.products(c.blocks, environments) {
				set := l.targetSet(p, environments, abi)
				key := strings.Join([]string{c.kind.key(), set.key()}, "\x00")
				change := changes[key]
				if change == nil {
					change = &Change{
						Syscalls: []string{s.Name}, For: set, Targets: l.someTargets(p, environments),
						Before: c.before, After: c.after, Effect: c.effect, Cause: c.cause, Unsure: c.unsure,
						Example: c.call, HasExample: c.hasCall,
					}
					changes[key], kinds[key] = change, key
					keys = append(keys, key)
				}
				if !slices.Contains(change.ABIs, abi) {
					change.ABIs = append(change.ABIs, abi)
				}
			}
		}
	}
	for _, key := range keys {
		c := changes[key]
		if len(c.ABIs) == len(shared) {
			c.ABIs = nil
		}
		key += "\x00" + strings.Join(c.ABIs, " ")
		if n, ok := l.index[key]; ok {
			l.list[n].Syscalls = append(l.list[n].Syscalls, s.Name)
			continue
		}
		l.index[key] = len(l.list)
		l.list = append(l.list, *c)
	}
}

func (k kind) key() string {
	return strings.Join([]string{
		k.beforeText, k.afterText, k.effect.String(), k.cause.String(), strconv.FormatBool(k.unsure),
	}, "\x01")
}

// observe compares what is done with each syscall about which the profiles may decide differently.
func (d *differ) observe(report report) {
	named, unnamed := d.candidates()
	for _, name := range named {
		if d.except[name] {
			continue
		}
		s, _ := seccomp.LookupSyscall(name)
		environments, complete := d.environments(name)
		report(s, d.compare(s, environments), environments, complete)
	}
	if len(unnamed) > 0 && !d.named {
		d.compareUnnamed(unnamed, report)
	}
}

// environments returns the environments that make a difference to what the profiles do with a syscall.
func (d *differ) environments(syscall string) ([]environment, bool) {
	var rules []*seccomp.Rule
	var raisers []raiser
	for _, s := range []*side{d.old, d.new} {
		if s == d.old && d.fragileOld || s == d.new && d.fragileNew {
			rules = append(rules, s.asking(s.Rules)...)
			continue
		}
		rules = append(rules, s.asking(s.about(syscall))...)
		if call, ok := seccomp.LookupSyscall(syscall); ok {
			raisers = append(raisers, d.raisers(s, d.sharedABIs(call), func(l Loader, abi string, height int) int {
				if n, _ := call.Number(abi); height < n || !d.borderMatters(l, abi, n) {
					return -1
				}
				return 0 // how far above the number does not matter
			})...)
		}
	}
	return d.containers(rules, raisers)
}

// borderMatters reports whether runc's border may lie below a number for one of the profiles, and not for both.
func (d *differ) borderMatters(l Loader, abi string, number int) bool {
	return number > d.old.commonFloor[floorKey{l, abi}] &&
		number > min(d.old.floorOn(l, abi), d.new.floorOn(l, abi))
}

// causeFor returns why the decision about a syscall may have changed for a loader, the border aside.
func (d *differ) causeFor(s *seccomp.Syscall, l Loader) Cause {
	changed := d.changed[s.Name]
	if s.Name == "socketcall" || s.Name == "ipc" {
		changed = changed || slices.ContainsFunc(seccomp.Multiplexed(), func(through *seccomp.Syscall) bool {
			return d.changed[through.Name]
		})
	}
	switch {
	case changed:
		return CauseRules
	case d.defaults[l]:
		return CauseDefault
	}
	return CauseBorder
}

// compare decides about a syscall for every target, and returns the changes.
func (d *differ) compare(s *seccomp.Syscall, environments []environment) observed {
	seen := observed{}
	causes := map[Loader]Cause{}
	for _, l := range d.loaders {
		causes[l] = d.causeFor(s, l)
	}
	q := query{
		syscall: s, environments: environments, variants: d.variants, builds: d.buildGroups(s),
		bordered: d.borderMatters,
	}
	for t := range d.space(q) {
		cause := causes[t.loader]
		if cause == CauseBorder && !d.fragile && t.sameBorders {
			continue
		}
		pair := d.decide(s, t)
		if !t.bordered {
			if c := d.change(pair, false, false, cause, d.defaults[t.loader]); c != nil {
				seen.add(t.arch.ABI, c, t.block)
			}
			continue
		}
		for lib := range d.libs {
			if t.builds.set&(1<<lib) == 0 {
				continue
			}
			above, aboveNow := t.before.below(t.number, t.variant, lib), t.after.below(t.number, t.variant, lib)
			if c := d.change(pair, above, aboveNow, cause, d.defaults[t.loader]); c != nil {
				b := t.block
				b.libs = 1 << lib
				seen.add(t.arch.ABI, c, b)
			}
		}
	}
	return seen
}

// compareUnnamed compares what is done with syscalls that no rule of either profile names: the default action, or
// ENOSYS above runc's border.
func (d *differ) compareUnnamed(names []string, report report) {
	type move struct {
		abi           string
		before, after int // the borders
		def           Outcome
	}
	var raisers []raiser
	for _, s := range []*side{d.old, d.new} {
		raisers = append(raisers, d.raisers(s, d.abis(), func(l Loader, abi string, height int) int {
			if height <= max(d.old.commonFloor[floorKey{l, abi}], s.floorOn(l, abi)) {
				return -1
			}
			return height
		})...)
	}
	environments, complete := d.containers(nil, raisers)
	var moves grouped[move]
	for t := range d.borderMoves(environments) {
		if d.defaults[t.loader] {
			continue
		}
		moves.add(move{t.arch.ABI, t.heightBefore, t.heightAfter, t.old().Default}, t.block)
	}
	for _, name := range names {
		s, _ := seccomp.LookupSyscall(name)
		seen := observed{}
		for _, abi := range d.sharedABIs(s) {
			n, _ := s.Number(abi)
			for _, m := range moves.keys {
				was, is := m.before >= 0 && n > m.before, m.after >= 0 && n > m.after
				if m.abi != abi || was == is {
					continue
				}
				def := Decision{Step: StepDefault, Outcome: m.def}
				if c := d.change(&decisionPair{before: &def, after: &def}, was, is, CauseBorder, false); c != nil {
					for _, b := range moves.blocks[m] {
						seen.add(abi, c, b)
					}
				}
			}
		}
		report(s, seen, environments, complete)
	}
}

// buildGroups puts builds of libseccomp together that know the same of a syscall and of the calls that are made
// through it.
func (d *differ) buildGroups(s *seccomp.Syscall) (groups []buildGroup) {
	through := []*seccomp.Syscall{s}
	if s.Name == "socketcall" || s.Name == "ipc" {
		through = append(through, seccomp.Multiplexed()...)
	}
	for i, lib := range d.libs {
		n := slices.IndexFunc(groups, func(g buildGroup) bool {
			return !d.fragile && !slices.ContainsFunc(through, func(s *seccomp.Syscall) bool {
				return lib.Knows(s) != d.libs[g.first].Knows(s)
			})
		})
		if n < 0 {
			n = len(groups)
			groups = append(groups, buildGroup{first: i, knows: lib.Knows(s)})
		}
		groups[n].set |= 1 << i
	}
	return groups
}

// decisionPair is the decisions of both profiles below runc's border, and the results of comparing them, by whether
// runc answers first in the old and in the new profile.
type decisionPair struct {
	before, after *Decision
	done          [4]bool
	changes       [4]*observedChange
}

type decisionKey struct {
	class    int
	name     string     // for a syscall that is decided about by more than the rules that name it
	old, new *remainder // of which there is one for each loader and host
	arch     *seccomp.Architecture
	lib      int
	knows    bool
	lost     [2]bool // the filter of either profile does not look at the number of a call
	variant  runtimeVariant
}

// decide returns the decisions about a syscall. They are the same for all syscalls with the same rules.
func (d *differ) decide(s *seccomp.Syscall, t *target) *decisionPair {
	v := t.variant
	if !d.fragile && !v.readsFirst() && !v.ownDefault() {
		v = plainVariant
	}
	k := decisionKey{
		class: d.classes[s.Name], old: t.old(), new: t.new(), arch: t.arch, knows: t.builds.knows, variant: v,
	}
	if d.fragile {
		_, k.lost[0] = d.old.filter(k.old, t.builds.first, v).Unloaded(t.arch)
		_, k.lost[1] = d.new.filter(k.new, t.builds.first, v).Unloaded(t.arch)
		if k.variant = plainVariant; v.readsFirst() || v.ownDefault() {
			k.variant = runtimeVariant{runtime: v.runtime}
		}
	}
	if s.Name == "socketcall" || s.Name == "ipc" {
		k.name, k.lib = s.Name, t.builds.first
	}
	pair, ok := d.decided[k]
	if !ok {
		known, _ := seccomp.LookupSyscall(s.Name)
		before := d.old.filter(k.old, t.builds.first, v).decideUnder(t.arch, s.Name, known)
		after := d.new.filter(k.new, t.builds.first, v).decideUnder(t.arch, s.Name, known)
		pair = &decisionPair{before: &before, after: &after}
		d.decided[k] = pair
	}
	return pair
}

// change compares decisions, and returns nil where they are the same.
func (d *differ) change(pair *decisionPair, above, aboveNow bool, cause Cause, otherDefault bool) *observedChange {
	n := 0
	before, after := pair.before, pair.after
	enosys := &Decision{Step: StepBorder, Outcome: Outcome{"SCMP_ACT_ERRNO", 38}}
	if above {
		before, n = enosys, n|1
	}
	if aboveNow {
		after, n = enosys, n|2
	}
	if pair.done[n] {
		return pair.changes[n]
	}
	pair.done[n] = true
	unruled := func(d *Decision) bool { return d.Step == StepDefault || d.Step == StepBorder }
	if otherDefault && unruled(before) && unruled(after) {
		return nil
	}
	c := d.comparison(before, after)
	if c.Verdict == SameDecision {
		return nil
	}
	if above != aboveNow && cause == CauseDefault {
		cause = CauseBorder
	}
	pair.changes[n] = &observedChange{
		kind:   kind{before.String(), after.String(), c.Effect, cause, c.Verdict == UnsureDecision},
		before: before, after: after, call: c.Call, hasCall: c.HasCall,
	}
	return pair.changes[n]
}

// comparison compares two decisions, those with many cases once for all ABIs.
func (d *differ) comparison(before, after *Decision) Comparison {
	const many = 16
	if len(before.Cases)+len(after.Cases) < many {
		return before.Compare(after)
	}
	width := func(d *Decision) string {
		if len(d.Cases) > 0 && d.Cases[0].Conds[0].Low {
			return "32"
		}
		return "64"
	}
	key := strings.Join([]string{before.String(), width(before), after.String(), width(after)}, "\x00")
	c, ok := d.compared[key]
	if !ok {
		c = before.Compare(after)
		d.compared[key] = c
	}
	return c
}

// diffBorders reports where runc's border moved, in containers that ask for no capabilities.
func (d *differ) diffBorders() {
	type move struct{ before, after int }
	usual := []environment{{Kernel: d.targets.newestKernel()}}
	moves := map[string]*grouped[move]{}
	for t := range d.borderMoves(usual) {
		if moves[t.arch.ABI] == nil {
			moves[t.arch.ABI] = &grouped[move]{}
		}
		moves[t.arch.ABI].add(move{t.heightBefore, t.heightAfter}, t.block)
	}
	for _, abi := range d.abis() {
		if moves[abi] == nil || !d.bordersMayMove(abi) {
			continue
		}
		for _, m := range moves[abi].keys {
			for _, p := range d.products(moves[abi].blocks[m], usual) {
				d.out.Borders = append(d.out.Borders, BorderChange{
					ABI: abi, For: d.targetSet(p, usual, abi), Before: m.before, After: m.after,
					BeforeName: nameOf(abi, m.before), AfterName: nameOf(abi, m.after),
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

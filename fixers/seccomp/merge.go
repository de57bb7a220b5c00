package seccomp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Obstacle is why profiles cannot be merged.
type Obstacle struct {
	// Profile is the one in question, and At the place in it; empty for the whole.
	Profile *seccomp.Profile
	At      source.Span
	// Reason is a sentence without a full stop.
	Reason string
	// Gap is the call about which the best result would decide otherwise than the union, where that is the reason.
	Gap *decide.UnionGap
}

// Merge returns base with what additions allow: a profile that decides as their union does (decide.CheckUnion), for the
// targets that base is for. An addition without a list of architectures is taken to have that of base. The text of base
// stays as it is but for the names and rules that have to be added or removed. Where the union cannot be written, or
// cannot be proved, it returns nil and the reason.
func Merge(base *seccomp.Profile, additions []*seccomp.Profile, targets decide.Targets) (*seccomp.Profile, *Obstacle) {
	inputs := []*seccomp.Profile{base}
	for i, p := range append([]*seccomp.Profile{base}, additions...) {
		if o := unmergeable(p); o != nil {
			return nil, o
		}
		if i == 0 {
			continue
		}
		if len(p.Architectures)+len(p.ArchMap) == 0 {
			alike := *p
			alike.Architectures, alike.ArchMap = base.Architectures, base.ArchMap
			p = &alike
		}
		inputs = append(inputs, p)
	}
	if base.Engine == "containerd" {
		return nil, &Obstacle{Profile: base, Reason: "containerd makes this profile itself for each container, and " +
			"no file that it reads can say the same; \"sandlint seccomp resolve\" writes it for one kind of container"}
	}
	loader := targets.Loaders(base)[0]
	result := base
	unwritten := map[string]string{}
	for _, p := range inputs[1:] {
		m := merger{base: result, addition: p, loader: loader, unwritten: unwritten}
		if o := m.plan(); o != nil {
			return nil, o
		}
		next, o := m.apply()
		if o != nil {
			return nil, o
		}
		result = next
	}
	if gap := decide.CheckUnion(result, inputs, targets); gap != nil {
		o := obstacleOf(gap, inputs)
		if reason := unwritten[gap.Syscall]; reason != "" {
			o.Reason += "; " + reason
		}
		return nil, o
	}
	return result, nil
}

// unmergeable returns why a profile cannot be merged with any other.
func unmergeable(p *seccomp.Profile) *Obstacle {
	for _, problem := range p.Problems {
		return &Obstacle{Profile: p, At: problem.Span, Reason: "its problems must be fixed first: " + problem.Message}
	}
	if p.DefaultAction.Text == "" {
		return &Obstacle{Profile: p, Reason: "it has no default action, so programs take it as no profile or refuse it"}
	}
	return nil
}

// merger makes the edits that add one profile to another.
type merger struct {
	base, addition *seccomp.Profile
	loader         decide.Loader
	// drop are the indexes of names that are removed from rules of base, add those that are added to one, by its index.
	drop map[int][]int
	add  map[int][]string
	// insert are the new rules, and of says which rule of the addition each is for.
	insert []NewRule
	// unwritten says of syscalls why a rule that denies them stays as it is.
	unwritten map[string]string
}

func (m *merger) plan() *Obstacle {
	m.drop, m.add = map[int][]int{}, map[int][]string{}
	before, after := decide.DefaultFor(m.base, m.loader), decide.DefaultFor(m.addition, m.loader)
	if after.Permissiveness() > before.Permissiveness() {
		return &Obstacle{Profile: m.addition, At: m.addition.DefaultAction.Span, Reason: fmt.Sprintf(
			"its default action is %s and that of %s is %s, so a union can be written only with the former as BASE",
			after, m.base.Source.Path, before)}
	}
	for i, r := range m.addition.Rules {
		if m.outcome(r).Permissiveness() == 0 {
			continue
		}
		m.take(i, r, before)
	}
	m.narrow(before)
	if after.Permissiveness() > 0 {
		m.allowUnnamed(after)
	}
	return nil
}

func (m *merger) outcome(r *seccomp.Rule) decide.Outcome { return decide.OutcomeFor(r, m.loader) }

// take plans what a rule of the addition asks for.
func (m *merger) take(i int, r *seccomp.Rule, otherwise decide.Outcome) {
	o := m.outcome(r)
	always := len(r.Args) == 0 && asksNothing(r.Includes) && asksNothing(r.Excludes)
	var missing []string
	for _, name := range r.Names {
		if slices.Contains(missing, name.Text) || m.has(name.Text, r) {
			continue
		}
		switch {
		case always:
			m.give(name.Text, o)
		case len(r.Args) == 0 && onlyCaps(r.Includes) && len(r.Includes.Caps) == 1 && asksNothing(r.Excludes):
			m.exempt(name.Text, r.Includes.Caps[0].Text, o)
		}
		if !always || otherwise.Permissiveness() < o.Permissiveness() {
			missing = append(missing, name.Text)
		}
	}
	if len(missing) == 0 {
		return
	}
	for j, mine := range m.base.Rules {
		if m.outcome(mine) == o && sameConditions(mine, r) && !mine.LegacyName && len(mine.Names) > 0 {
			for _, name := range missing {
				if !slices.Contains(m.add[j], name) {
					m.add[j] = append(m.add[j], name)
				}
			}
			return
		}
	}
	m.insertRule(newRuleLike(r, o), missing)
}

// insertRule plans a new rule about some names, or adds them to one that is planned.
func (m *merger) insertRule(rule NewRule, names []string) {
	for n := range m.insert {
		if same := m.insert[n]; same.Action == rule.Action && same.Errno == rule.Errno &&
			slices.Equal(same.Args, rule.Args) && sameScope(same.Includes, rule.Includes) &&
			sameScope(same.Excludes, rule.Excludes) {
			for _, name := range names {
				if !slices.Contains(same.Names, name) {
					m.insert[n].Names = append(m.insert[n].Names, name)
				}
			}
			return
		}
	}
	rule.Names = slices.Clone(names)
	m.insert = append(m.insert, rule)
}

// exempt makes the rules of base that say less of a name than an outcome leave out the containers with a capability:
// the name gets a rule of its own with the capability in excludes.caps, of which one is enough to leave it out.
func (m *merger) exempt(name, capability string, o decide.Outcome) {
	n := m.base.Named()[name]
	if n == nil {
		return
	}
	for _, u := range n.Uses {
		r := m.base.Rules[u.Rule]
		i := slices.IndexFunc(r.Names, func(s seccomp.String) bool { return s.Text == name })
		if m.outcome(r).Permissiveness() >= o.Permissiveness() || !asksNothing(r.Includes) || !onlyCaps(r.Excludes) ||
			slices.ContainsFunc(r.Excludes.Caps, func(s seccomp.String) bool { return s.Text == capability }) ||
			slices.Contains(m.drop[u.Rule], i) {
			continue
		}
		m.drop[u.Rule] = append(m.drop[u.Rule], i)
		rule := newRuleLike(r, m.outcome(r))
		rule.Excludes.Caps = append(rule.Excludes.Caps, capability)
		m.insertRule(rule, []string{name})
	}
}

// narrow makes the rules of base that deny a name whatever its arguments leave out the calls that the addition lets run
// for some arguments: libseccomp would take the rule without conditions, and forget the others.
func (m *merger) narrow(otherwise decide.Outcome) {
	conditional := map[string][]*seccomp.Rule{}
	for _, r := range m.addition.Rules {
		if len(r.Args) == 0 || !asksNothing(r.Includes) || !asksNothing(r.Excludes) {
			continue
		}
		for _, name := range r.Names {
			conditional[name.Text] = append(conditional[name.Text], r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(conditional)) {
		n := m.base.Named()[name]
		if n == nil {
			continue
		}
		for _, u := range n.Uses {
			r := m.base.Rules[u.Rule]
			i := slices.IndexFunc(r.Names, func(s seccomp.String) bool { return s.Text == name })
			denies := m.outcome(r)
			if len(r.Args) > 0 || !asksNothing(r.Includes) || !asksNothing(r.Excludes) || denies == otherwise ||
				slices.Contains(m.drop[u.Rule], i) {
				continue
			}
			var lists [][]NewArg
			for _, c := range conditional[name] {
				if o := m.outcome(c); o.Permissiveness() > denies.Permissiveness() {
					lists = append(lists, newRuleLike(c, o).Args)
				}
			}
			if len(lists) == 0 {
				continue
			}
			others, ok := complement(lists)
			if !ok {
				m.unwritten[name] = fmt.Sprintf("conditions cannot say for which other arguments %q ends with %s", name,
					denies)
				continue
			}
			m.drop[u.Rule] = append(m.drop[u.Rule], i)
			for _, args := range others {
				rule := newRuleLike(r, denies)
				rule.Args = args
				m.insertRule(rule, []string{name})
			}
		}
	}
}

// onlyCaps reports whether a scope asks for capabilities at most.
func onlyCaps(s seccomp.Scope) bool { return len(s.Arches) == 0 && s.MinKernel.Span.IsEmpty() }

// has reports whether a rule of base does for a name what a rule of the addition does, or more.
func (m *merger) has(name string, r *seccomp.Rule) bool {
	n := m.base.Named()[name]
	if n == nil {
		return false
	}
	return slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool {
		mine := m.base.Rules[u.Rule]
		if m.outcome(mine).Permissiveness() < m.outcome(r).Permissiveness() {
			return false
		}
		everywhere := asksNothing(mine.Includes) && asksNothing(mine.Excludes)
		return everywhere && len(mine.Args) == 0 || sameConditions(mine, r) ||
			everywhere && slices.EqualFunc(mine.Args, r.Args, sameArg)
	})
}

// give removes a name from the rules of base that say less of it than that a call always ends with an outcome.
func (m *merger) give(name string, o decide.Outcome) {
	n := m.base.Named()[name]
	if n == nil {
		return
	}
	for _, u := range n.Uses {
		if m.outcome(m.base.Rules[u.Rule]).Permissiveness() > o.Permissiveness() {
			continue
		}
		for i, s := range m.base.Rules[u.Rule].Names {
			if s.Text == name && !slices.Contains(m.drop[u.Rule], i) {
				m.drop[u.Rule] = append(m.drop[u.Rule], i)
			}
		}
	}
}

// allowUnnamed plans for an addition whose default action makes the calls that it does not name: rules of base that
// deny them go.
func (m *merger) allowUnnamed(o decide.Outcome) {
	for name := range m.base.Named() {
		if m.addition.Named()[name] == nil {
			m.give(name, o)
		}
	}
}

// apply makes the planned edits and reads the result.
func (m *merger) apply() (*seccomp.Profile, *Obstacle) {
	p := m.base
	var edits []fixers.Edit
	var gone []int
	stuck := func(span source.Span) *Obstacle {
		return &Obstacle{Profile: p, At: span, Reason: "the text around this place cannot be edited alone"}
	}
	for j, r := range p.Rules {
		drop, add := m.drop[j], m.add[j]
		if len(drop) == len(r.Names) && len(drop) > 0 && len(add) == 0 {
			gone = append(gone, j)
			continue
		}
		if len(drop) > 0 && len(add) > 0 { // a name is not given to a rule that it is taken from
			add = slices.DeleteFunc(slices.Clone(add), func(name string) bool {
				return slices.ContainsFunc(drop, func(i int) bool { return r.Names[i].Text == name })
			})
		}
		if len(drop) > 0 {
			removed := RemoveStrings(p, r.Names, drop...)
			if removed == nil {
				return nil, stuck(r.NamesSpan)
			}
			edits = append(edits, removed...)
		}
		if len(add) > 0 {
			edits = append(edits, AddStrings(p, r.Names, add...)...)
		}
	}
	if len(gone) > 0 {
		removed := RemoveRules(p, gone...)
		if removed == nil {
			return nil, stuck(p.Rules[gone[0]].Span)
		}
		edits = append(edits, removed...)
	}
	p, o := rewrite(p, edits)
	if o != nil || len(m.insert) == 0 {
		return p, o
	}
	for n := range m.insert {
		slices.Sort(m.insert[n].Names)
	}
	inserted := InsertRules(p, len(p.Rules), m.insert...)
	if inserted == nil {
		return nil, stuck(p.SyscallsSpan)
	}
	return rewrite(p, inserted)
}

// rewrite returns a profile after edits.
func rewrite(p *seccomp.Profile, edits []fixers.Edit) (*seccomp.Profile, *Obstacle) {
	if len(edits) == 0 {
		return p, nil
	}
	text, err := fixers.Apply(p.Source, edits)
	if err != nil {
		return nil, &Obstacle{Profile: p, Reason: "the edits do not fit together: " + err.Error()}
	}
	return seccomp.Parse(source.NewFile(p.Source.Path, text)), nil
}

func asksNothing(s seccomp.Scope) bool {
	return len(s.Caps)+len(s.Arches) == 0 && s.MinKernel.Span.IsEmpty()
}

func sameConditions(a, b *seccomp.Rule) bool {
	return slices.EqualFunc(a.Args, b.Args, sameArg) && sameScope(scopeOf(a.Includes), scopeOf(b.Includes)) &&
		sameScope(scopeOf(a.Excludes), scopeOf(b.Excludes))
}

func sameArg(a, b seccomp.Arg) bool {
	return a.Index.Value == b.Index.Value && a.Value.Value == b.Value.Value && a.Op.Text == b.Op.Text &&
		(a.Op.Text != "SCMP_CMP_MASKED_EQ" || a.ValueTwo.Value == b.ValueTwo.Value)
}

func scopeOf(s seccomp.Scope) NewScope {
	out := NewScope{MinKernel: s.MinKernel.Text}
	for _, c := range s.Caps {
		out.Caps = append(out.Caps, c.Text)
	}
	for _, a := range s.Arches {
		out.Arches = append(out.Arches, a.Text)
	}
	return out
}

func sameScope(a, b NewScope) bool {
	same := func(x, y []string) bool {
		x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
		return slices.Equal(slices.Compact(x), slices.Compact(y))
	}
	return same(a.Caps, b.Caps) && same(a.Arches, b.Arches) && a.MinKernel == b.MinKernel
}

// newRuleLike returns a rule with the action and the conditions of another.
func newRuleLike(r *seccomp.Rule, o decide.Outcome) NewRule {
	out := NewRule{Action: o.Action, Errno: o.Errno, Includes: scopeOf(r.Includes), Excludes: scopeOf(r.Excludes)}
	for _, a := range r.Args {
		out.Args = append(out.Args, NewArg{int(a.Index.Value), a.Value.Value, a.ValueTwo.Value, a.Op.Text})
	}
	return out
}

// obstacleOf says why a result is not the union.
func obstacleOf(gap *decide.UnionGap, inputs []*seccomp.Profile) *Obstacle {
	o := &Obstacle{Profile: inputs[0], Gap: gap}
	where := " on " + gap.Arch.ABI
	if gap.Target.Host.Arch != nil && gap.Target.Host.Arch != gap.Arch {
		where += " of a host of " + gap.Target.Host.Arch.ABI
	}
	where += " with " + gap.Target.Loader.String() + containerOf(gap.Target)
	name := cmp.Or(gap.Syscall, "a call that no profile names")
	if gap.Refused != nil {
		o.Reason = "the union would be refused: " + gap.Refused.Reason
		return o
	}
	// The place is the last rule about the call in an addition, or the one in base.
	for _, p := range inputs {
		if n := p.Named()[gap.Syscall]; n != nil && (p == inputs[0] || allows(p, n, gap.Target.Loader)) {
			o.Profile, o.At = p, n.Uses[0].Name.Span
		}
	}
	if !gap.HasCall {
		o.Reason = fmt.Sprintf("nobody can say what libseccomp would make of the union's rules about %s%s", name, where)
		return o
	}
	call := name
	if gap.Syscall != "" {
		var args []string
		for _, v := range gap.Call[:3] {
			args = append(args, fmt.Sprintf("0x%x", v))
		}
		call = fmt.Sprintf("%s(%s, …)", name, strings.Join(args, ", "))
	}
	if gap.Unsure {
		whose := "the union"
		if gap.Decider >= 0 {
			whose = inputs[gap.Decider].Source.Path
		}
		o.Reason = fmt.Sprintf("rules of %s with different actions hold for %s%s, and which one libseccomp takes is "+
			"not known", whose, call, where)
		return o
	}
	var answers []string
	for i, d := range gap.Inputs {
		answers = append(answers, fmt.Sprintf("%s in %s", d.Eval(gap.Call)[0], inputs[i].Source.Path))
	}
	o.Reason = fmt.Sprintf("%s%s ends with %s, but the rules of all of them together would make it %s", call, where,
		strings.Join(answers, " and "), gap.Got[0])
	for i, d := range gap.Inputs {
		if d.Step == decide.StepForeign {
			o.Reason += fmt.Sprintf("; the profiles are for different architectures, and %s is not for %s",
				inputs[i].Source.Path, gap.Arch.ABI)
			break
		}
	}
	return o
}

// containerOf returns the capabilities by which a container differs from one that asks for none.
func containerOf(t decide.Target) string {
	usual := decide.DefaultCaps(t.Loader)
	var has, lacks []string
	for _, c := range t.Host.Caps {
		if !slices.Contains(usual, c) {
			has = append(has, c)
		}
	}
	for _, c := range usual {
		if !slices.Contains(t.Host.Caps, c) {
			lacks = append(lacks, c)
		}
	}
	var s string
	if len(has) > 0 {
		s += " in a container with " + fixers.Enumerate(has)
	}
	if len(lacks) > 0 {
		s += " in a container without " + fixers.Enumerate(lacks)
	}
	return s
}

// allows reports whether a rule about a name makes the call or hands it to a listener.
func allows(p *seccomp.Profile, n *seccomp.Named, l decide.Loader) bool {
	return slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool {
		return decide.OutcomeFor(p.Rules[u.Rule], l).Permissiveness() > 0
	})
}

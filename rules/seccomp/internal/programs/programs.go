// Package programs knows which syscalls programs need, and what a profile that refuses them does to them.
package programs

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
)

// Filters returns what most people get of a profile, for rules that ask whether programs work under it: for each
// loader and runtime, on x86_64 and aarch64 where the profile is for them, else on its first host. There are none
// where the consumers refuse the profile, so it is not known what it is meant to say, nor for one that is a part of
// another.
func Filters(p *rules.Pass, profile *workspace.Profile) []*decide.Filter {
	if _, ok := seccomp.LookupAction(profile.DefaultAction.Text); !ok || profile.BaseProfileName.Text != "" ||
		len(profile.DuplicateFields) > 0 || len(profile.Problems) > len(profile.Surplus) {
		return nil
	}
	var hosts []*seccomp.Architecture
	for _, a := range profile.Hosts() {
		if a.ABI == "x86_64" || a.ABI == "aarch64" {
			hosts = append(hosts, a)
		}
	}
	switch {
	case len(hosts) == 0:
		hosts = profile.Hosts()[:1]
	case !listsArchitectures(profile.Profile):
		hosts = hosts[:1] // the names are those of one machine, most likely of this
	}
	var out []*decide.Filter
	for _, f := range profile.Usual(p.Targets().Seccomp) {
		if slices.Contains(hosts, f.Target.Host.Arch) && !f.Off && len(f.Refused) == 0 {
			out = append(out, f)
		}
	}
	return out
}

// listsArchitectures reports whether a profile says for which machines it is.
func listsArchitectures(profile *seccomp.Profile) bool {
	return len(profile.ArchMap)+len(profile.Architectures) > 0
}

// own returns the machine that some syscalls are of, if a profile lists no architectures, so it is in force on any
// machine, and Filters' other hosts have none of the syscalls; "" otherwise.
func own(all []*decide.Filter, names []string) string {
	if len(all) == 0 || len(names) == 0 || listsArchitectures(all[0].Profile) {
		return ""
	}
	host := all[0].Target.Host.Arch
	for _, name := range names {
		s, ok := seccomp.LookupSyscall(name)
		if !ok || !s.On(host.ABI) {
			return ""
		}
		for _, other := range all[0].Profile.Hosts() {
			if other != host && s.On(other.ABI) {
				return ""
			}
		}
	}
	return host.ABI
}

// Answer is what a program sees of a call.
type Answer int

const (
	Open    Answer = iota // the kernel carries it out
	Absent                // it is answered as by a kernel that does not have it
	Closed                // it fails otherwise, or kills
	Unclear               // it depends on the arguments, or on another program
)

// AnswerTo returns what a program sees of calls about which a decision is made.
func AnswerTo(d *decide.Decision) Answer {
	v := AnswerOf(d.Outcome)
	for _, c := range d.Cases {
		if AnswerOf(c.Outcome) != v {
			return Unclear
		}
	}
	return v
}

// AnswerOf returns what a program sees of a call with an outcome.
func AnswerOf(o decide.Outcome) Answer {
	switch o.Action {
	case "SCMP_ACT_ALLOW", "SCMP_ACT_LOG":
		return Open
	case "SCMP_ACT_ERRNO":
		switch o.Errno {
		case 38:
			return Absent
		case 0: // it seems to succeed
			return Unclear
		}
		return Closed
	case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP":
		return Closed
	}
	return Unclear
}

// MayRun reports whether some calls get through, or may do.
func MayRun(f *decide.Filter, a *seccomp.Architecture, name string) bool {
	s, ok := seccomp.LookupSyscall(name)
	if !ok || !s.On(a.ABI) {
		return false
	}
	d := f.Decide(a, name)
	v := AnswerTo(&d)
	return v == Open || v == Unclear
}

// Effect is what a profile does to programs by a syscall that it does not let them call.
type Effect struct {
	Name    string
	Outcome decide.Outcome
	Cause   source.Span   // the name, or the default action
	Rule    *seccomp.Rule // nil for the default action
	On      []*decide.Filter
}

// AddEffect records that a filter has an effect, which a decision brings about.
func AddEffect(effects []Effect, profile *workspace.Profile, f *decide.Filter, name string,
	d *decide.Decision) []Effect {
	e := Effect{Name: name, Outcome: d.Outcome, Cause: profile.DefaultAction.Span}
	switch {
	case d.Step == decide.StepRule:
		e.Cause, e.Rule = d.Name.Span, d.Rule
	case len(d.Cases) > 0:
		e.Cause, e.Rule = d.Cases[0].Name.Span, d.Cases[0].Rule
	}
	for i := range effects {
		if old := &effects[i]; old.Name == name && old.Cause == e.Cause {
			if !slices.Contains(old.On, f) {
				old.On = append(old.On, f)
			}
			return effects
		}
	}
	e.On = []*decide.Filter{f}
	return append(effects, e)
}

// Weight returns the severity of what happens with some of all filters: that of the rule where it happens with the
// runtime that each loader commonly has, Docker and containerd runc and Podman crun, or that the user named; else
// Info.
func Weight(p *rules.Pass, all, on []*decide.Filter) rules.Severity {
	for _, f := range all {
		t := f.Target
		if !p.Targets().Seccomp.Given("runc", "crun") && t.Runtime != CommonRuntime(t.Loader) {
			continue
		}
		if !slices.ContainsFunc(on,
			func(o *decide.Filter) bool { return o.Target.Loader == t.Loader && o.Target.Runtime == t.Runtime }) {
			return rules.Info
		}
	}
	return p.Rule.Severity
}

// CommonRuntime returns the runtime that a loader commonly has.
func CommonRuntime(l decide.Loader) string { return l.CommonRuntime() }

// Where says with which of all filters something happens to syscalls, in parentheses and with a blank before them; ""
// for all of them. It names the machine as well where the profile lists no architectures and another machine has none
// of the syscalls.
func Where(all, on []*decide.Filter, names ...string) string {
	part := func(of func(t decide.Target) string) (list []string) {
		whole := 0
		var seen []string
		for _, f := range all {
			name := of(f.Target)
			if slices.Contains(seen, name) {
				continue
			}
			seen = append(seen, name)
			whole++
			if slices.ContainsFunc(on, func(o *decide.Filter) bool { return of(o.Target) == name }) {
				list = append(list, name)
			}
		}
		if len(list) == whole {
			return nil
		}
		return list
	}
	var out []string
	if list := part(func(t decide.Target) string { return t.Runtime }); list != nil {
		out = append(out, "with "+phrase.List(list))
	}
	if list := part(func(t decide.Target) string { return t.Loader.String() }); list != nil {
		out = append(out, "as "+phrase.List(list)+" read the profile")
		if len(list) == 1 {
			out[len(out)-1] = "as " + list[0] + " reads the profile"
		}
	}
	if list := part(func(t decide.Target) string { return t.Host.Arch.ABI }); list != nil {
		out = append(out, "on "+phrase.List(list))
	} else if host := own(all, names); host != "" {
		out = append(out, "on "+host)
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// Group is effects with one cause, for one finding.
type Group struct {
	Effects  []Effect // those that weigh most
	Lighter  []Effect
	Severity rules.Severity
	Where    string

	on []*decide.Filter // what Where is about
}

// Groups divides effects by cause.
func Groups(p *rules.Pass, all []*decide.Filter, effects []Effect) []Group {
	var out []Group
	for _, e := range effects {
		severity := Weight(p, all, e.On)
		i := slices.IndexFunc(out, func(g Group) bool { return g.Effects[0].Cause == e.Cause })
		if i < 0 {
			out = append(out, Group{Effects: []Effect{e}, Severity: severity, Where: Where(all, e.On), on: e.On})
			continue
		}
		switch g := &out[i]; {
		case severity < g.Severity:
			g.Lighter = append(g.Lighter, e)
		case severity > g.Severity:
			g.Lighter = append(g.Lighter, g.Effects...)
			g.Effects, g.Severity, g.Where, g.on = []Effect{e}, severity, Where(all, e.On), e.On
		default:
			g.Effects = append(g.Effects, e)
			if w := Where(all, e.On); len(w) < len(g.Where) {
				g.Where, g.on = w, e.On
			}
		}
	}
	for i := range out {
		out[i].Where = Where(all, out[i].on, Names(out[i].Effects)...)
	}
	return out
}

// Whole returns all effects, those that weigh most first.
func (g Group) Whole() []Effect { return slices.Concat(g.Effects, g.Lighter) }

// Names returns the names of the syscalls of effects.
func Names(effects []Effect) []string {
	names := make([]string, len(effects))
	for i, e := range effects {
		names[i] = e.Name
	}
	return names
}

// Happens says what an outcome is to the program that makes the call: "fails with EPERM"; plural for several calls.
func Happens(o decide.Outcome, plural bool) string {
	verb := func(one, many string) string {
		if plural {
			return many
		}
		return one
	}
	switch o.Action {
	case "SCMP_ACT_ERRNO":
		return verb("fails", "fail") + " with " + seccomp.ErrnoName(o.Errno)
	case "SCMP_ACT_TRAP":
		return verb("ends", "end") + " in SIGSYS"
	case "SCMP_ACT_KILL_PROCESS":
		return verb("kills", "kill") + " the process"
	}
	return verb("kills", "kill") + " the thread"
}

// InsteadOfENOSYS is happens for a syscall to which programs expect another answer.
func InsteadOfENOSYS(o decide.Outcome, plural bool) string {
	if o.Action == "SCMP_ACT_ERRNO" {
		return Happens(o, plural) + " instead of ENOSYS"
	}
	return Happens(o, plural) + " instead of failing with ENOSYS"
}

// CloneEffects returns the effect of a clone3 that is not answered with ENOSYS, where clone is there to fall back on.
func CloneEffects(profile *workspace.Profile, all []*decide.Filter) []Effect {
	return FallbackEffects(profile, all, func(name string) bool { return name == "clone3" })
}

// FallbackEffects returns the effects of the syscalls of seccomp.FallbackCapable that are wanted, where what programs
// fall back on is there.
func FallbackEffects(profile *workspace.Profile, all []*decide.Filter, want func(name string) bool) []Effect {
	var effects []Effect
	for _, s := range seccomp.FallbackCapable() {
		if !want(s.Name) {
			continue
		}
		for _, f := range all {
			a := f.Target.Host.Arch
			d := f.Decide(a, s.Name)
			if f.Default.Runs() && s.Name != "clone3" && seccomp.Equivalents(s.Name) != nil {
				continue // to refuse the one and not the other is a gap, which another rule reports
			}
			if AnswerTo(&d) == Closed &&
				slices.ContainsFunc(s.To, func(name string) bool { return MayRun(f, a, name) }) {
				effects = AddEffect(effects, profile, f, s.Name, &d)
			}
		}
	}
	return effects
}

// Burden is a syscall from which programs cannot fall back, the rule that reports it, and how much it matters.
type Burden struct {
	Name     string
	By       string
	Severity rules.Severity
}

// Burdens returns what clone3-not-enosys, no-enosys-fallback, enosys-border and missing-time64 report.
func Burdens(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) []Burden {
	var out []Burden
	add := func(by string, e Effect) {
		severity := rules.Warning
		if Weight(p, all, e.On) == rules.Info {
			severity = rules.Info
		}
		out = append(out, Burden{e.Name, by, severity})
	}
	_, above := Crossed(profile, all)
	for _, e := range FallbackEffects(profile, all, func(string) bool { return true }) {
		switch {
		case e.Name == "clone3":
			add("clone3-not-enosys", e)
		case slices.Contains(above, e.Name):
			add("enosys-border", e)
		default:
			add("no-enosys-fallback", e)
		}
	}
	effects, _ := Time64Effects(profile, all)
	for _, e := range effects {
		add("missing-time64", e)
	}
	for _, g := range GuardedTime64(profile, all) {
		effects, _ := g.Time64Effects(profile)
		for _, e := range effects {
			add("missing-time64", e)
		}
	}
	return out
}

// mostOnTop is how many names one change may have added at the upper end of a list: the largest family of new
// syscalls is that of setxattrat, of four.
const mostOnTop = 4

// Crossed returns the names at the upper end of a profile, lowest number first, and the syscalls below them that no
// rule names, that programs do without if the answer is ENOSYS, and that would get that answer from runc if those
// names were not there. There are none with more than mostOnTop names above them.
func Crossed(profile *workspace.Profile, all []*decide.Filter) (top []seccomp.String, above []string) {
	for _, f := range all {
		a := f.Target.Host.Arch
		if _, ok := f.Border(a); !ok {
			continue
		}
		number := func(name string) int {
			if s, ok := seccomp.LookupSyscall(name); ok && f.Target.Libseccomp.Knows(s) {
				if n, ok := s.Number(a.ABI); ok && !s.Multiplexed(a.ABI) {
					return n
				}
			}
			return -1
		}
		var named []numbered // those at the upper end, highest first
		for _, r := range f.Rules {
			for _, name := range r.Names {
				n := numbered{number(name.Text), name}
				i, found := slices.BinarySearchFunc(named, n,
					func(x, n numbered) int { return cmp.Compare(n.number, x.number) })
				if !found && i <= mostOnTop {
					named = slices.Insert(named, i, n)
					named = named[:min(len(named), mostOnTop+1)]
				}
			}
		}
		lowest := -1
		for _, e := range FallbackEffects(profile, []*decide.Filter{f},
			func(name string) bool { return name != "clone3" && !f.Named(name) }) {
			n := number(e.Name)
			if e.Rule != nil || n < 0 || len(named) > mostOnTop && n < named[mostOnTop].number {
				continue
			}
			above = append(above, e.Name)
			if lowest < 0 || n < lowest {
				lowest = n
			}
		}
		for i := len(named) - 1; i >= 0 && len(above) > 0; i-- {
			if named[i].number > lowest {
				top = append(top, named[i].name)
			}
		}
		if len(above) > 0 {
			return top, above
		}
	}
	return nil, nil
}

// numbered is the name of a syscall with its number.
type numbered struct {
	number int
	name   seccomp.String
}

// Time64Effects returns the effects of the twins that are refused where the old syscall is not, and the ABIs on which
// that is so.
func Time64Effects(profile *workspace.Profile, all []*decide.Filter) (effects []Effect, abis []string) {
	for _, pair := range seccomp.Time64Twins() {
		for _, f := range all {
			for _, a := range f.Archs {
				if d, ok := twinClosed(f, a, pair); ok {
					effects = AddEffect(effects, profile, f, pair.Twin, &d)
					if !slices.Contains(abis, a.ABI) {
						abis = append(abis, a.ABI)
					}
				}
			}
		}
	}
	return effects, abis
}

// twinClosed returns what is decided about the twin of a syscall with 32-bit times, and whether it is refused where
// the old one is not.
func twinClosed(f *decide.Filter, a *seccomp.Architecture, pair seccomp.Time64Twin) (decide.Decision, bool) {
	twin, _ := seccomp.LookupSyscall(pair.Twin)
	if !twin.On(a.ABI) || f.Default.Runs() {
		return decide.Decision{}, false
	}
	d := f.Decide(a, pair.Twin)
	return d, AnswerTo(&d) == Closed && MayRun(f, a, pair.Name)
}

// Guarded is what containers get that have more capabilities than those that loaders give to all.
type Guarded struct {
	Caps    []string // those that a rule includes and not all containers have without asking, sorted
	Filters []*decide.Filter

	without []*decide.Filter // the same without Caps
}

// mostGuards bounds the sets of capabilities that are looked at: a filter is compiled for each.
const mostGuards = 16

// GuardedTime64 returns, of all filters, those of containers with the capabilities that rules include which name
// syscalls with times of 32 or 64 bits. Loaders that do not read includes have none.
func GuardedTime64(profile *workspace.Profile, all []*decide.Filter) (out []Guarded) {
	timed := map[string]bool{}
	for _, pair := range seccomp.Time64Twins() {
		timed[pair.Name], timed[pair.Twin] = true, true
	}
	for _, r := range profile.Rules {
		if len(r.Includes.Caps) == 0 ||
			!slices.ContainsFunc(r.Names, func(s seccomp.String) bool { return timed[s.Text] }) {
			continue
		}
		var g Guarded
		for _, c := range r.Includes.Caps {
			if slices.ContainsFunc(all,
				func(f *decide.Filter) bool { return !slices.Contains(f.Target.Host.Caps, c.Text) }) {
				g.Caps = append(g.Caps, c.Text)
			}
		}
		slices.Sort(g.Caps)
		g.Caps = slices.Compact(g.Caps)
		if len(out) == mostGuards ||
			slices.ContainsFunc(out, func(o Guarded) bool { return slices.Equal(o.Caps, g.Caps) }) {
			continue
		}
		for _, f := range all {
			t := f.Target
			had := len(t.Host.Caps)
			for _, c := range g.Caps {
				if !slices.Contains(t.Host.Caps, c) {
					t.Host.Caps = append(slices.Clip(t.Host.Caps), c)
				}
			}
			if t.Loader == decide.LoaderOCI || len(t.Host.Caps) == had {
				continue
			}
			if with := decide.Compile(profile.Profile, t); !with.Off && len(with.Refused) == 0 {
				g.Filters, g.without = append(g.Filters, with), append(g.without, f)
			}
		}
		if len(g.Filters) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Time64Effects returns the effects of the twins that are refused where the old syscall is not, as far as that is not
// so without the capabilities, and the ABIs on which that is so.
func (g Guarded) Time64Effects(profile *workspace.Profile) (effects []Effect, abis []string) {
	for _, pair := range seccomp.Time64Twins() {
		for i, f := range g.Filters {
			for _, a := range f.Archs {
				d, ok := twinClosed(f, a, pair)
				if !ok {
					continue
				}
				if _, known := twinClosed(g.without[i], a, pair); known {
					continue
				}
				effects = AddEffect(effects, profile, f, pair.Twin, &d)
				if !slices.Contains(abis, a.ABI) {
					abis = append(abis, a.ABI)
				}
			}
		}
	}
	return effects, abis
}

package seccomp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// filters returns what most people get of a profile, for rules that ask whether programs work under it: for each loader and runtime, on x86_64 and aarch64 where the profile is for
// them, else on its first host. There are none where the consumers refuse the profile, so that it is not known what it is meant to say, nor for one that is a part of
// another.
func filters(p *rules.Pass, profile *workspace.Profile) []*decide.Filter {
	if _, ok := seccomp.LookupAction(profile.DefaultAction.Text); !ok || profile.BaseProfileName.Text != "" || len(profile.DuplicateFields) > 0 || len(profile.Problems) > len(profile.Surplus) {
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
	case len(profile.ArchMap)+len(profile.Architectures) == 0:
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

// answer is what a program sees of a call.
type answer int

const (
	open    answer = iota // the kernel carries it out
	absent                // it is answered as by a kernel that does not have it
	closed                // it fails otherwise, or kills
	unclear               // it depends on the arguments, or on another program
)

func answerTo(d *decide.Decision) answer {
	v := answerOf(d.Outcome)
	for _, c := range d.Cases {
		if answerOf(c.Outcome) != v {
			return unclear
		}
	}
	return v
}

func answerOf(o decide.Outcome) answer {
	switch o.Action {
	case "SCMP_ACT_ALLOW", "SCMP_ACT_LOG":
		return open
	case "SCMP_ACT_ERRNO":
		switch o.Errno {
		case 38:
			return absent
		case 0: // it seems to succeed
			return unclear
		}
		return closed
	case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP":
		return closed
	}
	return unclear
}

// mayRun reports whether some calls get through, or may do.
func mayRun(f *decide.Filter, a *seccomp.Architecture, name string) bool {
	s, ok := seccomp.LookupSyscall(name)
	if !ok || !s.On(a.ABI) {
		return false
	}
	d := f.Decide(a, name)
	v := answerTo(&d)
	return v == open || v == unclear
}

// effect is what a profile does to programs by a syscall that it does not let them call.
type effect struct {
	name    string
	outcome decide.Outcome
	cause   source.Span   // the name, or the default action
	rule    *seccomp.Rule // nil for the default action
	on      []*decide.Filter
}

// addEffect records that a filter has an effect, which a decision brings about.
func addEffect(effects []effect, profile *workspace.Profile, f *decide.Filter, name string, d *decide.Decision) []effect {
	e := effect{name: name, outcome: d.Outcome, cause: profile.DefaultAction.Span}
	switch {
	case d.Step == decide.StepRule:
		e.cause, e.rule = d.Name.Span, d.Rule
	case len(d.Cases) > 0:
		e.cause, e.rule = d.Cases[0].Name.Span, d.Cases[0].Rule
	}
	for i := range effects {
		if old := &effects[i]; old.name == name && old.cause == e.cause {
			if !slices.Contains(old.on, f) {
				old.on = append(old.on, f)
			}
			return effects
		}
	}
	e.on = []*decide.Filter{f}
	return append(effects, e)
}

// weight returns the severity of what happens with some of all filters: that of the rule where it happens with the runtime that each loader commonly has, Docker and containerd
// runc and Podman crun, or that the user named; else Info.
func weight(p *rules.Pass, all, on []*decide.Filter) rules.Severity {
	for _, f := range all {
		t := f.Target
		if !p.Targets().Seccomp.Given("runc", "crun") && t.Runtime != commonRuntime(t.Loader) {
			continue
		}
		if !slices.ContainsFunc(on, func(o *decide.Filter) bool { return o.Target.Loader == t.Loader && o.Target.Runtime == t.Runtime }) {
			return rules.Info
		}
	}
	return p.Rule.Severity
}

func commonRuntime(l decide.Loader) string {
	if l == decide.LoaderContainers {
		return "crun"
	}
	return "runc"
}

// where says with which of all filters something happens, in parentheses and with a blank before them; "" for all of them.
func where(all, on []*decide.Filter) string {
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
		out = append(out, "with "+enumerate(list))
	}
	if list := part(func(t decide.Target) string { return t.Loader.String() }); list != nil {
		out = append(out, "as "+enumerate(list)+" read the profile")
		if len(list) == 1 {
			out[len(out)-1] = "as " + list[0] + " reads the profile"
		}
	}
	if list := part(func(t decide.Target) string { return t.Host.Arch.ABI }); list != nil {
		out = append(out, "on "+enumerate(list))
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// group is effects with one cause, for one finding.
type group struct {
	effects  []effect // those that weigh most
	lighter  []effect
	severity rules.Severity
	where    string
}

// groups divides effects by cause.
func groups(p *rules.Pass, all []*decide.Filter, effects []effect) []group {
	var out []group
	for _, e := range effects {
		severity := weight(p, all, e.on)
		i := slices.IndexFunc(out, func(g group) bool { return g.effects[0].cause == e.cause })
		if i < 0 {
			out = append(out, group{effects: []effect{e}, severity: severity, where: where(all, e.on)})
			continue
		}
		switch g := &out[i]; {
		case severity < g.severity:
			g.lighter = append(g.lighter, e)
		case severity > g.severity:
			g.lighter = append(g.lighter, g.effects...)
			g.effects, g.severity, g.where = []effect{e}, severity, where(all, e.on)
		default:
			g.effects = append(g.effects, e)
			if w := where(all, e.on); len(w) < len(g.where) {
				g.where = w
			}
		}
	}
	return out
}

// whole returns all effects, those that weigh most first.
func (g group) whole() []effect { return slices.Concat(g.effects, g.lighter) }

func namesOf(effects []effect) []string {
	names := make([]string, len(effects))
	for i, e := range effects {
		names[i] = e.name
	}
	return names
}

// listing returns names as `"a", "b" and "c"`, of many the first ones.
func listing(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = fmt.Sprintf("%q", name)
	}
	return few(list)
}

// few joins names, of many the first ones.
func few(names []string) string {
	const most = 8
	if len(names) > most {
		names = append(slices.Clone(names[:most-1]), fmt.Sprintf("%d more", len(names)-most+1))
	}
	return enumerate(names)
}

// happens says what an outcome is to the program that makes the call: "fails with EPERM"; plural for several calls.
func happens(o decide.Outcome, plural bool) string {
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

// insteadOfENOSYS is happens for a syscall to which programs expect another answer.
func insteadOfENOSYS(o decide.Outcome, plural bool) string {
	if o.Action == "SCMP_ACT_ERRNO" {
		return happens(o, plural) + " instead of ENOSYS"
	}
	return happens(o, plural) + " instead of failing with ENOSYS"
}

// cloneEffects returns the effect of a clone3 that is not answered with ENOSYS, where clone is there to fall back on.
func cloneEffects(profile *workspace.Profile, all []*decide.Filter) []effect {
	return fallbackEffects(profile, all, func(name string) bool { return name == "clone3" })
}

// fallbackEffects returns the effects of the syscalls of seccomp.FallbackCapable that are wanted, where what programs fall back on is there.
func fallbackEffects(profile *workspace.Profile, all []*decide.Filter, want func(name string) bool) []effect {
	var effects []effect
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
			if answerTo(&d) == closed && slices.ContainsFunc(s.To, func(name string) bool { return mayRun(f, a, name) }) {
				effects = addEffect(effects, profile, f, s.Name, &d)
			}
		}
	}
	return effects
}

// named reports whether some rule names a syscall, in force or not.
func named(profile *workspace.Profile, name string) bool {
	return slices.ContainsFunc(profile.Rules, func(r *seccomp.Rule) bool { return names(r, name) })
}

func names(r *seccomp.Rule, name string) bool {
	return slices.ContainsFunc(r.Names, func(s seccomp.String) bool { return s.Text == name })
}

// plain reports whether a rule holds for all calls, hosts and containers, and has a list of names.
func plain(r *seccomp.Rule) bool {
	everywhere := func(s *seccomp.Scope) bool { return len(s.Caps) == 0 && len(s.Arches) == 0 && s.MinKernel.Text == "" }
	return len(r.Args) == 0 && everywhere(&r.Includes) && everywhere(&r.Excludes) && !r.LegacyName && len(r.Names) > 0
}

// wish is what a fix wants the profile to do.
type wish struct {
	// allow are syscalls to let run that no rule names, with a syscall in whose list they belong; "" for none.
	allow []wanted
	// enosys are syscalls to answer with ENOSYS.
	enosys []string
}

type wanted struct{ name, beside string }

// fix returns the unsafe fix that does what is wished. What it changes besides, since runc answers ENOSYS to what lies above all names, it answers with ENOSYS too, as far as programs fall back from
// there, and declares the rest. There is none where that cannot be done in the layout of the file.
func (w wish) fix(p *rules.Pass, profile *workspace.Profile) []fixers.Fix {
	if !editable(profile) || profile.SyscallsSpan.IsEmpty() {
		return nil
	}
	before := filters(p, profile)
	weights := burdens(p, profile, before)
	for range 3 {
		edits := w.edits(profile)
		if edits == nil {
			return nil
		}
		fixed := withEdits(profile, edits)
		if fixed == nil {
			return nil
		}
		after := filters(p, fixed)
		var more []string
		for _, b := range burdens(p, fixed, after) {
			i := slices.IndexFunc(weights, func(old burden) bool { return old.name == b.name && old.by == b.by })
			if i < 0 || weights[i].severity < b.severity {
				more = append(more, b.name)
			}
		}
		if len(more) > 0 {
			if slices.ContainsFunc(more, func(name string) bool { return slices.Contains(w.enosys, name) || named(profile, name) }) {
				return nil
			}
			w.enosys = append(slices.Clip(w.enosys), more...)
			continue
		}
		var allow []string
		for _, a := range w.allow {
			allow = append(allow, a.name)
		}
		title := "Answer " + few(w.enosys) + " with ENOSYS"
		switch {
		case len(allow) > 0 && len(w.enosys) > 0:
			title = "Allow " + few(allow) + ", and answer " + few(w.enosys) + " with ENOSYS"
		case len(allow) > 0:
			title = "Allow " + few(allow)
		}
		changed := slices.Concat(allow, w.enosys, moved(before, after))
		return []fixers.Fix{{Title: title, Safety: fixers.Unsafe, Edits: edits, Changes: fixers.Changes{Syscalls: changed}}}
	}
	return nil
}

// withEdits returns a profile as it is after edits, nil where they cannot be made.
func withEdits(profile *workspace.Profile, edits []fixers.Edit) *workspace.Profile {
	text, err := fixers.Apply(profile.Source, edits)
	if err != nil {
		return nil
	}
	before, after := seccomp.ParseAll(profile.Source), seccomp.ParseAll(source.NewFile(profile.Source.Path, text))
	i := slices.IndexFunc(before, func(p *seccomp.Profile) bool { return p.Span == profile.Span })
	if i < 0 || len(before) != len(after) {
		return nil
	}
	return &workspace.Profile{Profile: after[i], Fragment: profile.Fragment, Instruction: profile.Instruction, Uses: profile.Uses}
}

// burden is a syscall from which programs cannot fall back, the rule that reports it, and how much it matters.
type burden struct {
	name     string
	by       string
	severity rules.Severity
}

// burdens returns what clone3-not-enosys, no-enosys-fallback, enosys-border and missing-time64 report.
func burdens(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) []burden {
	var out []burden
	add := func(by string, e effect) {
		severity := rules.Warning
		if weight(p, all, e.on) == rules.Info {
			severity = rules.Info
		}
		out = append(out, burden{e.name, by, severity})
	}
	_, above := crossed(profile, all)
	for _, e := range fallbackEffects(profile, all, func(string) bool { return true }) {
		switch {
		case e.name == "clone3":
			add("clone3-not-enosys", e)
		case slices.Contains(above, e.name):
			add("enosys-border", e)
		default:
			add("no-enosys-fallback", e)
		}
	}
	effects, _ := time64Effects(profile, all)
	for _, e := range effects {
		add("missing-time64", e)
	}
	return out
}

// moved returns the syscalls that no rule names and that runc's border comes to lie above.
func moved(before, after []*decide.Filter) []string {
	var out []string
	for i, f := range before {
		if i >= len(after) {
			break
		}
		for _, a := range f.Archs {
			from, ok := f.Border(a)
			to, _ := after[i].Border(a)
			if !ok || from >= to {
				continue
			}
			for _, name := range seccomp.Syscalls() {
				s, _ := seccomp.LookupSyscall(name)
				if n, ok := s.Number(a.ABI); ok && n > from && n < to && !after[i].Named(name) && !slices.Contains(out, name) {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

// edits returns the edits for a wish, none where it cannot be done.
func (w wish) edits(profile *workspace.Profile) []fixers.Edit {
	var edits []fixers.Edit
	var inserted []fixseccomp.NewRule
	into := map[*seccomp.Rule][]string{}
	put := func(r *seccomp.Rule, name string) { into[r] = append(into[r], name) }
	insert := func(action string, errno uint16, name string, caps ...string) {
		i := slices.IndexFunc(inserted, func(r fixseccomp.NewRule) bool {
			return r.Action == action && r.Errno == errno && slices.Equal(r.ExcludesCaps, caps)
		})
		if i < 0 {
			i = len(inserted)
			inserted = append(inserted, fixseccomp.NewRule{Action: action, Errno: errno, ExcludesCaps: caps})
		}
		inserted[i].Names = append(inserted[i].Names, name)
	}
	for _, a := range w.allow {
		switch r := allowing(profile, a.beside); {
		case named(profile, a.name):
			return nil
		case r != nil:
			put(r, a.name)
		default:
			insert("SCMP_ACT_ALLOW", 0, a.name)
		}
	}
	var taken []naming
	for _, name := range w.enosys {
		if !named(profile, name) {
			if r := answering(profile); r != nil {
				put(r, name)
			} else {
				insert("SCMP_ACT_ERRNO", 38, name)
			}
			continue
		}
		if cap, ok := neededCap(profile, name); ok {
			insert("SCMP_ACT_ERRNO", 38, name, cap)
			continue
		}
		var in []naming
		for _, r := range profile.Rules {
			for _, s := range r.Names {
				if s.Text == name {
					in = append(in, naming{s, r})
				}
			}
		}
		if len(in) != 1 || !plain(in[0].Rule) || !denies(in[0].Rule) {
			return nil
		}
		taken = append(taken, in[0])
	}
	for _, n := range taken {
		whole := !slices.ContainsFunc(n.Rule.Names, func(s seccomp.String) bool {
			return !slices.ContainsFunc(taken, func(o naming) bool { return o.Name.Span == s.Span })
		})
		switch {
		case whole && len(into[n.Rule]) == 0:
			if n.Name.Span == n.Rule.Names[0].Span {
				e := fixseccomp.SetErrno(profile.Profile, n.Rule, 38)
				if e == nil {
					return nil
				}
				edits = append(edits, e...)
			}
			continue
		case answering(profile) != nil:
			put(answering(profile), n.Name.Text)
		default:
			insert("SCMP_ACT_ERRNO", 38, n.Name.Text)
		}
		var drop []int
		for i, s := range n.Rule.Names {
			if slices.ContainsFunc(taken, func(o naming) bool { return o.Name.Span == s.Span }) {
				drop = append(drop, i)
			}
		}
		if n.Name.Span != n.Rule.Names[drop[0]].Span {
			continue // done with the first of them
		}
		e := fixseccomp.RemoveStrings(profile.Profile, n.Rule.Names, drop...)
		if e == nil {
			return nil
		}
		edits = append(edits, e...)
	}
	for _, r := range profile.Rules {
		if list := into[r]; list != nil {
			e := fixseccomp.AddStrings(profile.Profile, r.Names, list...)
			if e == nil {
				return nil
			}
			edits = append(edits, e...)
		}
	}
	if len(inserted) > 0 {
		for i := range inserted {
			slices.Sort(inserted[i].Names)
		}
		e := fixseccomp.InsertRules(profile.Profile, len(profile.Rules), inserted...)
		if e == nil {
			return nil
		}
		edits = append(edits, e...)
	}
	slices.SortFunc(edits, func(a, b fixers.Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return edits
}

// allowing returns the rule that lets all calls of a syscall run, or of no particular one the longest such rule; nil where there is none.
func allowing(profile *workspace.Profile, beside string) *seccomp.Rule {
	var longest *seccomp.Rule
	for _, r := range profile.Rules {
		action, ok := seccomp.LookupAction(r.Action.Text)
		if !ok || !action.Runs || !plain(r) {
			continue
		}
		if beside != "" && names(r, beside) {
			return r
		}
		if longest == nil || len(r.Names) > len(longest.Names) {
			longest = r
		}
	}
	return longest
}

// answering returns the rule that answers all calls of its syscalls with ENOSYS, nil where there is none.
func answering(profile *workspace.Profile) *seccomp.Rule {
	for _, r := range profile.Rules {
		if r.Action.Text == "SCMP_ACT_ERRNO" && r.ErrnoRet.Known && r.ErrnoRet.Value == 38 && (r.Errno.Text == "" || r.Errno.Text == "ENOSYS") && plain(r) {
			return r
		}
	}
	return nil
}

// neededCap returns the only capability that a container needs for a syscall: all rules that name it let it run, and include this capability and nothing else.
func neededCap(profile *workspace.Profile, name string) (string, bool) {
	cap := ""
	for _, r := range profile.Rules {
		if !names(r, name) {
			continue
		}
		in := &r.Includes
		without := *r
		without.Includes = seccomp.Scope{}
		if denies(r) || !plain(&without) || len(in.Caps) != 1 || len(in.Arches) > 0 || in.MinKernel.Text != "" || cap != "" && cap != in.Caps[0].Text {
			return "", false
		}
		cap = in.Caps[0].Text
	}
	return cap, cap != ""
}

package seccomp

import (
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
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var runtimeCannotStart = &rules.Rule{
	ID:       "seccomp/runtime-cannot-start",
	Summary:  "the profile refuses syscalls that the runtime itself makes once it is in force, so no container starts",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"runc, libcontainer/standard_init_linux.go; crun, src/libcrun/container.c: where the filter is loaded, with " +
			"and without no_new_privs",
		"measured with releases of runc from 1.1.5 to 1.5.3 and of crun from 1.5 to 1.28: " +
			"parsers/seccomp/decide/data/runtimes.txt",
	},
	Check: rules.OnProfile(checkRuntime),
}

// lack is something that a runtime needs and a profile refuses it.
type lack struct {
	effect programs.Effect // of the syscall that is best allowed, or answered
	others []string        // syscalls that would do instead, of which one must be allowed
	killed bool            // an errno would be good enough, if after is ""
	after  string          // the syscall in place of which the runtime makes it, since that fails
	errnos []string        // errnos that would do
	key    string          // of what is needed, decide.Need.Key
	// call says that only some calls are refused, and with is what is known of their arguments, as far as rules about
	// the syscall look at them.
	call bool
	with []decide.Cond
	// retried says that the answer is EINTR, upon which the runtime makes the call again.
	retried bool
}

// words names what a runtime makes: `"openat2"`, `"fcntl" (arg1 == 3)`.
func (l lack) words() string {
	if l.with == nil {
		return fmt.Sprintf("%q", l.effect.Name)
	}
	var with []string
	for _, c := range l.with {
		with = append(with, c.String())
	}
	return fmt.Sprintf("%q (%s)", l.effect.Name, strings.Join(with, ", "))
}

// when returns the conditions with which a rule is about the call.
func (l lack) when() (conds []fixseccomp.NewArg) {
	for _, c := range l.with {
		if c.Op == "SCMP_CMP_EQ" {
			conds = append(conds, fixseccomp.NewArg{Index: c.Arg, Value: c.Value, Op: c.Op})
		}
	}
	return conds
}

// shortage is what a runtime lacks under a profile.
type shortage struct {
	lacks    []lack
	severity rules.Severity
	runtime  string
	subject  string // the runtime, with the releases if it is not all of them
	without  string // the condition
}

func (s shortage) cause() source.Span { return s.lacks[0].effect.Cause }

func checkRuntime(p *rules.Pass, profile *workspace.Profile) {
	all := programs.Filters(p, profile)
	found := shortages(p, profile, all)
	for i, s := range found {
		same := func(o shortage) bool { return o.cause() == s.cause() }
		// Of several about one cause, the most severe is reported; and a second one about the same runtime and as
		// severe only if it is about other releases.
		if slices.ContainsFunc(found, func(o shortage) bool { return same(o) && o.severity > s.severity }) ||
			slices.ContainsFunc(found[:i], func(o shortage) bool {
				return same(o) && o.severity == s.severity &&
					(o.severity < rules.Warning || o.runtime != s.runtime ||
						s.lacks[0].killed && s.lacks[0].after == o.lacks[0].after)
			}) {
			continue
		}
		var whole []lack // what is missing for any runtime and release
		for _, o := range found {
			if !same(o) {
				continue
			}
			for _, l := range o.lacks {
				i := slices.IndexFunc(whole, func(w lack) bool {
					return w.effect.Name == l.effect.Name && (!w.call && !l.call || w.key == l.key)
				})
				switch {
				case i < 0:
					whole = append(whole, l)
				case whole[i].killed && !l.killed: // an errno would not do for all releases
					whole[i] = l
				}
			}
		}
		var names []string
		for _, l := range s.lacks {
			names = append(names, l.effect.Name)
		}
		where := programs.Where(ofRuntime(all, s.runtime), s.lacks[0].effect.On, names...)
		finding := report.At(profile, s.cause(), s.message(where))
		finding.Severity = s.severity
		finding.Fixes = letStart(p, profile, whole, byChance(p, all))
		p.Report(finding)
	}
}

// message says what happens, and with which of the filters.
func (s shortage) message(where string) string {
	var names, calls []string
	insteadOf := map[string][]string{}
	var others []string
	for _, l := range s.lacks {
		if !slices.Contains(names, l.effect.Name) {
			names = append(names, l.effect.Name)
		}
		if w := l.words(); !slices.Contains(calls, w) {
			calls = append(calls, w)
		}
		for _, o := range l.others {
			if insteadOf[o] == nil {
				others = append(others, o)
			}
			if !slices.Contains(insteadOf[o], l.effect.Name) {
				insteadOf[o] = append(insteadOf[o], l.effect.Name)
			}
		}
	}
	object, fails := "it", "it fails"
	if len(calls) > 1 {
		object, fails = "them", "they fail"
	}
	refuses := "refuses " + object
	switch {
	case s.lacks[0].killed:
		refuses = "kills it for that; an errno would do"
	case s.lacks[0].effect.Outcome.Action == "SCMP_ACT_TRACE":
		refuses = "hands " + object + " to a tracer, which no runtime starts, so " + fails + " with ENOSYS"
	}
	if s.lacks[0].retried {
		refuses = "answers " + object + " with EINTR, upon which it tries again without an end"
	}
	itself := "itself"
	if after := s.lacks[0].after; after != "" {
		itself = fmt.Sprintf("where %q fails, as it does here", after)
		refuses = "kills it for that"
	}
	instead := ""
	for i, o := range others {
		if i < 2 { // of more, the choice does not help the reader
			instead += fmt.Sprintf("; %q would do instead of %s", o, phrase.Quoted(insteadOf[o]))
		}
	}
	for _, l := range s.lacks {
		if l.errnos == nil || l.effect.Rule == nil || l.call { // the default action answers more than this call
			continue
		}
		instead += "; " + strings.Join(l.errnos, " or ") + " would do"
		if len(names) > 1 {
			instead += fmt.Sprintf(" for %q", l.effect.Name)
		}
	}
	return fmt.Sprintf("%s cannot start a container%s: it makes %s %s, and the profile %s%s%s", s.subject,
		s.without, phrase.Few(calls), itself, refuses, where, instead)
}

func ofRuntime(all []*decide.Filter, runtime string) (out []*decide.Filter) {
	for _, f := range all {
		if f.Target.Runtime == runtime {
			out = append(out, f)
		}
	}
	return out
}

// shortages returns what the runtimes lack, by cause: what every targeted release needs in any case, what those up to
// the newest need, and what some old ones need; of each first what they always need, then what they need without
// no_new_privs too. The measurements are of x86_64.
//
// All are the filters of the profile, programs.Filters. The result must not be changed.
func shortages(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) []shortage {
	type key struct{ *workspace.Profile }
	return p.Memo(key{profile}, func() any { return findShortages(p, profile, all) }).([]shortage)
}

func findShortages(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) []shortage {
	var out []shortage
	targets := p.Targets().Seccomp
	for _, runtime := range targets.Runtimes() {
		var fs []*decide.Filter
		for _, f := range ofRuntime(all, runtime) {
			if f.Target.Host.Arch.ABI == "x86_64" {
				fs = append(fs, f)
			}
		}
		if len(fs) == 0 {
			continue
		}
		heavy := targets.Given(runtime) ||
			slices.ContainsFunc(fs,
				func(f *decide.Filter) bool { return programs.CommonRuntime(f.Target.Loader) == runtime })
		for _, s := range lacking(p, profile, fs, runtime) {
			if !heavy {
				s.severity = min(s.severity, rules.Info)
			}
			for _, lacks := range byCause(s.lacks) {
				s.lacks = lacks
				out = append(out, s)
			}
		}
	}
	return out
}

// lacking returns what the releases of a runtime, oldest first, lack under a profile, the most severe first.
func lacking(p *rules.Pass, profile *workspace.Profile, fs []*decide.Filter, runtime string) []shortage {
	ranges := p.Targets().Seccomp.Ranges(runtime)
	releases := decide.MeasuredReleases(runtime, ranges...)
	j := &judge{profile: profile, filters: fs, found: map[lackKey]*lack{}}
	lacks := decide.Lacks(profile.Profile, runtime, releases, j)
	of := func(l *decide.Lack) *lack { return j.found[lackKey{l.Need.Key(), l.After, l.Killed}] }

	said := map[*decide.Lack]bool{}
	var out []shortage
	add := func(severity rules.Severity, releasesOf func(l *decide.Lack) []bool, fits func(set []bool) bool,
		without string) {
		for _, l := range lacks {
			set := releasesOf(l)
			if said[l] || !fits(set) {
				continue
			}
			said[l] = true
			if l.Killed && slices.ContainsFunc(lacks, func(o *decide.Lack) bool {
				return !o.Killed && of(o).effect.Name == of(l).effect.Name && slices.Equal(o.Early, l.Early) &&
					(l.Need.Args == nil || l.Need.Key() == o.Need.Key())
			}) {
				continue // it is refused, which is said
			}
			subject := runtime + support.Releases(decide.DescribeReleases(releases, ranges, set))
			i := slices.IndexFunc(out, func(s shortage) bool {
				return s.subject == subject && s.without == without && s.severity == severity &&
					s.lacks[0].killed == l.Killed && s.lacks[0].after == l.After &&
					s.lacks[0].retried == l.Need.Retried
			})
			if i < 0 {
				i = len(out)
				out = append(out, shortage{nil, severity, runtime, subject, without})
			}
			out[i].lacks = append(out[i].lacks, *of(l))
		}
	}
	every := func(set []bool) bool { return !slices.Contains(set, false) }
	newest := func(set []bool) bool { return set[len(set)-1] }
	some := func(set []bool) bool { return slices.Contains(set, true) }
	always := func(l *decide.Lack) []bool { return l.Always }
	early := func(l *decide.Lack) []bool { return l.Early }
	const without = " without no_new_privs"
	add(rules.Error, always, every, "")
	add(rules.Warning, always, newest, "")
	add(rules.Warning, early, newest, without)
	add(rules.Info, always, some, "")
	add(rules.Info, early, some, without)
	return out
}

// judge says what all releases of a runtime lack, by the filters of the newest.
type judge struct {
	profile *workspace.Profile
	filters []*decide.Filter
	found   map[lackKey]*lack // nil where there is none
}

type lackKey struct {
	need, after string
	killed      bool
}

// Refuses implements decide.Judge.
func (j *judge) Refuses(_ int, n decide.Need) bool {
	return j.lacks(lackKey{need: n.Key()}, n, func(f *decide.Filter) bool { return f.Refuses(n) })
}

// Kills implements decide.Judge.
func (j *judge) Kills(_ int, n decide.Need, after *decide.Fallback) bool {
	k := lackKey{need: n.Key(), killed: true}
	if after != nil {
		k.after = after.After
	}
	return j.lacks(k, n, func(f *decide.Filter) bool {
		return f.Kills(n) && (after == nil || f.FallsBack(*after))
	})
}

// lacks reports whether a filter refuses a need, and remembers what that is.
func (j *judge) lacks(k lackKey, need decide.Need, refuses func(f *decide.Filter) bool) bool {
	if l, seen := j.found[k]; seen {
		return l != nil
	}
	j.found[k] = nil
	kills := func(f *decide.Filter) bool { return f.Default.Kills() }
	best, others := need.Best(slices.ContainsFunc(j.filters, kills))
	var effects []programs.Effect
	for _, f := range j.filters {
		if refuses(f) {
			d := f.Decide(f.Target.Host.Arch, best)
			if need.Args != nil && len(d.Cases) > 0 {
				d = aboutCall(d, need, best)
			}
			effects = programs.AddEffect(effects, j.profile, f, best, &d)
		}
	}
	if effects == nil {
		return false
	}
	var errnos []string
	if len(need.AnyOf) == 1 && !k.killed && !need.Retried {
		errnos = need.Accepts()
	}
	j.found[k] = &lack{
		effect: effects[0], others: others, killed: k.killed, after: k.after, errnos: errnos, key: need.Key(),
		call: need.Args != nil, with: need.Conds(j.profile.Profile, best), retried: need.Retried,
	}
	return true
}

// aboutCall returns what a decision is about a call that no case lets through: that of a case which refuses it, or
// the default action, at the first rule that lets other calls through.
func aboutCall(d decide.Decision, n decide.Need, name string) decide.Decision {
	refuses := func(o decide.Outcome) bool { return !o.Runs() }
	if c := d.Deciding(n, name, refuses); c != nil {
		return decide.Decision{Step: decide.StepRule, Outcome: c.Outcome, Rule: c.Rule, Name: c.Name}
	}
	return decide.Decision{
		Step: decide.StepConditions, Outcome: d.Outcome, Cases: []decide.Case{{Name: d.Cases[0].Name}},
	}
}

// byCause divides what is lacking by what refuses it, in order.
func byCause(lacks []lack) (out [][]lack) {
	for _, l := range lacks {
		i := slices.IndexFunc(out, func(list []lack) bool { return list[0].effect.Cause == l.effect.Cause })
		if i < 0 {
			out = append(out, []lack{l})
		} else {
			out[i] = append(out[i], l)
		}
	}
	return out
}

// letStart returns the fix that lets a runtime make the syscalls of one cause: it adds them to the allowed ones, or
// takes them out of a rule that refuses them. Chance are further syscalls that the runtime makes at times, which are
// let run with what it always makes.
func letStart(p *rules.Pass, profile *workspace.Profile, lacks []lack, chance []string) []fixers.Fix {
	allowed := func(name string) bool {
		return slices.ContainsFunc(lacks,
			func(l lack) bool { return !l.killed && len(l.others) == 0 && l.effect.Name == name })
	}
	var w requirement.Requirement
	var denied, killed []reach.Naming
	for _, l := range lacks {
		name, rule := l.effect.Name, l.effect.Rule
		switch {
		// It is met by what is allowed besides.
		case slices.ContainsFunc(l.others, allowed), l.killed && !l.call && allowed(name):
		case rule != nil && (l.after != "" || !reach.Plain(asIfAlways(rule, l))):
			return nil
		case l.call && rule != nil && reach.DefaultRuns(profile):
			denied = append(denied, namings(rule, name)...)
		case l.call && !reach.DefaultRuns(profile):
			a := requirement.Wanted{Name: name, When: l.when()}
			if a.Always = rule != nil || len(a.When) == 0; a.Always {
				a.When = nil
			}
			if !slices.ContainsFunc(w.Allow, a.Equal) {
				w.Allow = append(w.Allow, a)
			}
		case l.killed && rule != nil:
			w.ENOSYS = append(w.ENOSYS, name)
			killed = append(killed, namings(rule, name)...)
		// What is killed by default is let run, since what the runtime falls back on may be killed as well.
		case rule == nil || !reach.DefaultRuns(profile):
			w.Allow = append(w.Allow, requirement.Wanted{Name: name})
		default:
			denied = append(denied, namings(rule, name)...)
		}
	}
	whole := slices.Clone(w.Allow)
	w.Allow = slices.DeleteFunc(w.Allow, func(a requirement.Wanted) bool { // those of which all calls are allowed
		return len(a.When) > 0 && slices.ContainsFunc(whole,
			func(o requirement.Wanted) bool { return o.Name == a.Name && o.Always })
	})
	remove := func(names []reach.Naming) []fixers.Fix {
		fixes := reach.Remove(profile, names)
		for i := range fixes {
			// Before, no container ran under the profile. Without its only rule, it lets everything through.
			fixes[i].Changes = append(fixes[i].Changes, fixers.Reveals{})
		}
		return fixes
	}
	if denied != nil {
		return remove(append(denied, killed...))
	}
	if len(w.Allow) > 0 {
		for _, name := range chance {
			if !reach.Named(profile, name) && !slices.Contains(w.ENOSYS, name) &&
				!slices.ContainsFunc(w.Allow, func(a requirement.Wanted) bool { return a.Name == name }) {
				w.Allow = append(w.Allow, requirement.Wanted{Name: name})
			}
		}
	}
	fixes := w.Fix(p, profile)
	if conditionsFail(p, profile, w, fixes) {
		for i := range w.Allow {
			if a := &w.Allow[i]; len(a.When) > 0 {
				a.When, a.Always = nil, true
			}
		}
		slices.SortStableFunc(w.Allow, func(a, b requirement.Wanted) int { return strings.Compare(a.Name, b.Name) })
		w.Allow = slices.CompactFunc(w.Allow, requirement.Wanted.Equal)
		fixes = w.Fix(p, profile)
	}
	if len(w.Allow) == 0 && reach.DefaultRuns(profile) { // what the runtime can do without, programs may need
		fixes = append(fixes, remove(killed)...)
	}
	return fixes
}

// conditionsFail reports whether libseccomp may make something else of the rules that a fix adds for some arguments
// only, beside those that are there.
func conditionsFail(p *rules.Pass, profile *workspace.Profile, w requirement.Requirement, all []fixers.Fix) bool {
	conditional := slices.ContainsFunc(w.Allow, func(a requirement.Wanted) bool { return len(a.When) > 0 })
	if !conditional || len(all) == 0 {
		return false
	}
	fixed := requirement.WithEdits(profile, all[0].Edits)
	if fixed == nil {
		return true
	}
	for _, f := range programs.Filters(p, fixed) {
		for _, a := range w.Allow {
			d := f.Decide(f.Target.Host.Arch, a.Name)
			if len(a.When) > 0 && (len(d.Miscompiled()) > 0 || undecided(p, f, a.Name)) {
				return true
			}
		}
	}
	return false
}

// undecided reports whether some call of a syscall that a runtime makes neither gets through for sure nor is refused.
func undecided(p *rules.Pass, f *decide.Filter, name string) bool {
	for _, v := range decide.MeasuredReleases(f.Target.Runtime, p.Targets().Seccomp.Ranges(f.Target.Runtime)...) {
		n := decide.NeedsOf(f.Target.Runtime, v, false)
		if n == nil {
			continue
		}
		for _, measured := range n.CallsMade {
			need := *measured
			call := decide.Need{AnyOf: need.AnyOf, Args: need.Args}
			runs := f.Refuses(decide.Need{Unless: []decide.Need{call}})
			if need.AnyOf[0] == name && !runs && !f.Refuses(call) {
				return true
			}
		}
	}
	return false
}

// asIfAlways returns a rule without the conditions that a call meets.
func asIfAlways(rule *seccomp.Rule, l lack) *seccomp.Rule {
	if !l.call {
		return rule
	}
	always := *rule
	always.Args = nil
	return &always
}

// namings returns where a rule names a syscall.
func namings(rule *seccomp.Rule, name string) (out []reach.Naming) {
	for _, n := range rule.Names {
		if n.Text == name {
			out = append(out, reach.Naming{Name: n, Rule: rule})
		}
	}
	return out
}

// byChance returns what the targeted runtimes make in some starts and filters do not let run.
func byChance(p *rules.Pass, all []*decide.Filter) (names []string) {
	targets := p.Targets().Seccomp
	for _, f := range all {
		if f.Target.Host.Arch.ABI != "x86_64" {
			continue
		}
		for _, v := range decide.MeasuredReleases(f.Target.Runtime, targets.Ranges(f.Target.Runtime)...) {
			n := decide.NeedsOf(f.Target.Runtime, v, false)
			if n == nil {
				continue
			}
			for _, name := range n.Chance {
				if f.Refuses(decide.Need{AnyOf: []string{name}}) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

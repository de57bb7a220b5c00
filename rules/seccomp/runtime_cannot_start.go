package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/requirement"
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
		"measured with runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27",
	},
	Check: rules.OnProfile(checkRuntime),
}

// shortage is what a runtime lacks under a profile.
type shortage struct {
	effects  []programs.Effect
	severity rules.Severity
	runtime  string
	subject  string // the runtime, with the release if it is one of several
	without  string // the condition
}

func checkRuntime(p *rules.Pass, profile *workspace.Profile) {
	all := programs.Filters(p, profile)
	found := shortages(p, profile, all)
	for i, s := range found {
		same := func(o shortage) bool { return o.effects[0].Cause == s.effects[0].Cause }
		if slices.ContainsFunc(found[:i], func(o shortage) bool { return same(o) && o.severity >= s.severity }) ||
			slices.ContainsFunc(found[i+1:], func(o shortage) bool { return same(o) && o.severity > s.severity }) {
			continue
		}
		var names []string
		for _, e := range s.effects {
			names = append(names, e.Name)
		}
		object := "it"
		if len(names) > 1 {
			object = "them"
		}
		var whole []programs.Effect // what is missing for any runtime and release
		for _, o := range found {
			for _, e := range o.effects {
				if same(o) && !slices.ContainsFunc(whole, func(w programs.Effect) bool { return w.Name == e.Name }) {
					whole = append(whole, e)
				}
			}
		}
		finding := report.At(profile, s.effects[0].Cause,
			fmt.Sprintf("%s cannot start a container%s: it makes %s itself, and the profile refuses %s%s", s.subject,
				s.without, phrase.Quoted(names), object, programs.Where(ofRuntime(all, s.runtime), s.effects[0].On)))
		finding.Severity = s.severity
		finding.Fixes = letRun(p, profile, whole)
		p.Report(finding)
	}
}

func ofRuntime(all []*decide.Filter, runtime string) (out []*decide.Filter) {
	for _, f := range all {
		if f.Target.Runtime == runtime {
			out = append(out, f)
		}
	}
	return out
}

// shortages returns what the runtimes lack, by cause: what every targeted release needs in any case, then what it
// needs without no_new_privs too, then what some releases need. The measurements are of x86_64.
func shortages(p *rules.Pass, profile *workspace.Profile, all []*decide.Filter) []shortage {
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
		releases := decide.MeasuredReleases(runtime, targets.Range(runtime))
		known := profile.Dialect == seccomp.Bundle // it says whether no_new_privs is set
		always := neededBy(runtime, releases, !known || profile.NoNewPrivileges)
		early := neededBy(runtime, releases, known && profile.NoNewPrivileges)
		seen := map[string]bool{}
		report := func(groups [][]string, severity rules.Severity, subject, without string) {
			if !heavy {
				severity = min(severity, rules.Info)
			}
			for _, g := range byCause(refused(profile, fs, groups, seen)) {
				out = append(out, shortage{g, severity, runtime, subject, without})
			}
		}
		report(always.all, rules.Error, runtime, "")
		report(early.all, rules.Warning, runtime, " without no_new_privs")
		for i, v := range releases {
			report(always.some[i], rules.Info, runtime+" "+v.String(), "")
			report(early.some[i], rules.Info, runtime+" "+v.String(), " without no_new_privs")
		}
	}
	return out
}

// needs are the syscalls that all of several releases need, and those that each needs; of each group one is enough.
type needs struct {
	all  [][]string
	some [][][]string
}

func neededBy(runtime string, releases []seccomp.Version, noNewPrivs bool) (n needs) {
	for i, v := range releases {
		var groups [][]string
		for _, name := range decide.RuntimeRequired(runtime, v, noNewPrivs) {
			groups = append(groups, []string{name})
		}
		if choice := decide.RuntimeChoice(runtime, v, noNewPrivs); choice != nil {
			groups = append(groups, choice)
		}
		n.some = append(n.some, groups)
		if i == 0 {
			n.all = slices.Clone(groups)
		} else {
			n.all = slices.DeleteFunc(n.all, func(g []string) bool {
				return !slices.ContainsFunc(groups, func(o []string) bool { return slices.Equal(g, o) })
			})
		}
	}
	return n
}

// refused returns the effects of the syscalls that never get through, of those that were not seen before; of a group
// that of the first.
func refused(profile *workspace.Profile, fs []*decide.Filter, groups [][]string,
	seen map[string]bool) []programs.Effect {
	var effects []programs.Effect
	for _, group := range groups {
		if seen[group[0]] {
			continue
		}
		for _, f := range fs {
			d := f.Decide(f.Target.Host.Arch, group[0])
			if !slices.ContainsFunc(group, func(name string) bool { return !neverRuns(f, name, len(group) > 1) }) {
				effects = programs.AddEffect(effects, profile, f, group[0], &d)
				seen[group[0]] = true
			}
		}
	}
	return effects
}

// neverRuns reports whether no call of a syscall gets through. An answer of ENOSYS is not one of those from which the
// runtime may fall back, unless that is what is asked for.
func neverRuns(f *decide.Filter, name string, absentToo bool) bool {
	d := f.Decide(f.Target.Host.Arch, name)
	switch programs.AnswerTo(&d) {
	case programs.Closed:
		return true
	case programs.Absent:
		return absentToo ||
			!slices.ContainsFunc(seccomp.FallbackCapable(), func(s seccomp.Fallback) bool { return s.Name == name })
	}
	return false
}

// byCause divides effects by what causes them, in order.
func byCause(effects []programs.Effect) (out [][]programs.Effect) {
	for _, e := range effects {
		i := slices.IndexFunc(out, func(list []programs.Effect) bool { return list[0].Cause == e.Cause })
		if i < 0 {
			out = append(out, []programs.Effect{e})
		} else {
			out[i] = append(out[i], e)
		}
	}
	return out
}

// letRun returns the fix that lets syscalls of one cause run: it adds them to an allowlist, or removes them from a
// denylist.
func letRun(p *rules.Pass, profile *workspace.Profile, effects []programs.Effect) []fixers.Fix {
	var w requirement.Requirement
	var denied []reach.Naming
	for _, e := range effects {
		if e.Rule == nil {
			w.Allow = append(w.Allow, requirement.Wanted{Name: e.Name})
			continue
		}
		if !reach.DefaultRuns(profile) || !reach.Plain(e.Rule) {
			return nil
		}
		for _, name := range e.Rule.Names {
			if name.Text == e.Name {
				denied = append(denied, reach.Naming{Name: name, Rule: e.Rule})
			}
		}
	}
	if denied != nil {
		return reach.Remove(profile, denied)
	}
	return w.Fix(p, profile)
}

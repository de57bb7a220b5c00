package allow

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// runtimes adds what the runtimes need to start a container and a profile refuses. It reports whether there is
// anything.
func (e *extender) runtimes(after *seccomp.Profile) bool {
	more := false
	for _, runtime := range e.runtimeNames() {
		var fs []*decide.Filter
		for _, t := range e.targets.Usual(after) {
			if t.Runtime != runtime {
				continue
			}
			if f := decide.Compile(after, t); !f.Off && len(f.Refusals()) == 0 {
				fs = append(fs, f)
			}
		}
		// What is needed was measured there.
		measured := func(f *decide.Filter) bool { return f.Target.Host.Arch.ABI == "x86_64" }
		if slices.ContainsFunc(fs, measured) {
			fs = slices.DeleteFunc(fs, func(f *decide.Filter) bool { return !measured(f) })
		}
		more = e.need(fs, runtime) || more
	}
	return more
}

// runtimeNames returns the runtimes that the user named, or else those that the loaders of the profile commonly have.
func (e *extender) runtimeNames() []string {
	names := e.targets.Runtimes()
	if e.targets.Given("runc", "crun") {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(e.targets.Loaders(e.profile),
			func(l decide.Loader) bool { return l.CommonRuntime() == name })
	})
}

// need adds what a runtime lacks under filters, and reports whether there is anything.
func (e *extender) need(fs []*decide.Filter, runtime string) bool {
	more := false
	add := func(name string) {
		if i := slices.IndexFunc(e.plan.Added, func(a Addition) bool { return a.Name == name }); i >= 0 {
			if a := &e.plan.Added[i]; a.Reason == Runtime && !slices.Contains(a.Runtimes, runtime) {
				a.Runtimes = append(a.Runtimes, runtime)
			}
			return
		}
		a := e.addition(Wanted{name, Runtime}, look(e.before, name))
		a.Runtimes = []string{runtime}
		e.plan.Added = append(e.plan.Added, a)
		more = true
	}
	releases := decide.MeasuredReleases(runtime, e.targets.Ranges(runtime)...)
	lacks := decide.Lacks(e.profile, runtime, releases, judge(fs))
	kills := slices.ContainsFunc(fs, func(f *decide.Filter) bool { return f.Default.Kills() })
	for _, l := range lacks {
		best, _ := l.Need.Best(kills)
		switch {
		case !l.Killed || l.After != "" || l.Need.Args != nil || !e.profile.Mentions(best):
			add(best)
		case !slices.Contains(e.plan.Answered, best) &&
			!slices.ContainsFunc(e.plan.Added, func(a Addition) bool { return a.Name == best }):
			e.plan.Answered = append(e.plan.Answered, best) // an errno is good enough
			more = true
		}
	}
	for _, v := range releases {
		n := decide.NeedsOf(runtime, v, e.profile.Dialect == seccomp.Bundle && e.profile.NoNewPrivileges)
		if n == nil {
			continue
		}
		for _, name := range n.Chance {
			if judge(fs).Refuses(0, decide.Need{AnyOf: []string{name}}) {
				add(name)
			}
		}
	}
	return more
}

// judge says what all releases of a runtime lack, by the filters of the newest.
type judge []*decide.Filter

// Refuses implements decide.Judge.
func (j judge) Refuses(_ int, n decide.Need) bool {
	return slices.ContainsFunc(j, func(f *decide.Filter) bool {
		return f.Refuses(n) && slices.ContainsFunc(n.AnyOf, func(name string) bool { return on(f, name) })
	})
}

// Kills implements decide.Judge.
func (j judge) Kills(_ int, n decide.Need, after *decide.Fallback) bool {
	return slices.ContainsFunc(j, func(f *decide.Filter) bool {
		return on(f, n.AnyOf[0]) && f.Kills(n) && (after == nil || f.FallsBack(*after))
	})
}

// on reports whether the machine of a filter has a syscall.
func on(f *decide.Filter, name string) bool {
	s, ok := seccomp.LookupSyscall(name)
	return ok && s.On(f.Target.Host.Arch.ABI)
}

package decide

import "github.com/sandlint/sandlint/parsers/seccomp"

// RedundantFor says how many of the targeted releases of runc refuse a rule for doing what the default action does, as
// those before 1.0.2 did. Those before 1.0.0-rc95 take the default action for EPERM, whatever errno the profile gives.
func (t Targets) RedundantFor(p *seccomp.Profile, r *seccomp.Rule, l Loader) Extent {
	rule, def := OutcomeFor(r, l), DefaultFor(p, l)
	old := def
	if def.Action == "SCMP_ACT_ERRNO" || def.Action == "SCMP_ACT_TRACE" {
		old.Errno = eperm
	}
	switch {
	case len(r.Names) == 0 || drops(l, r):
		return NoRelease
	case rule == def && rule == old:
		return t.Extent("runc", seccomp.Version{}, skipsRedundant)
	case rule == def:
		return t.Extent("runc", readsDefaultErrno, skipsRedundant)
	case rule == old:
		return t.Extent("runc", seccomp.Version{}, readsDefaultErrno)
	}
	return NoRelease
}

// Alternatives returns the conditions of a rule as runtimes read them: the rule holds where all conditions of one of
// the alternatives do. A rule without conditions, or with only such as a mask of 0 makes true, has an empty
// alternative. All conditions are read, also by crun 1.29, which reads six.
func Alternatives(r *seccomp.Rule) [][]Cond { return parts(r.Args) }

// OutcomeFor returns what a rule does as a loader reads it.
func OutcomeFor(r *seccomp.Rule, l Loader) Outcome {
	return outcome(r.Action.Text, errnoOf(l, r.ErrnoRet, r.Errno, &Resolved{}))
}

// DefaultFor returns the default outcome of a profile as a loader reads it; its Action is "" where the file has none.
func DefaultFor(p *seccomp.Profile, l Loader) Outcome {
	return outcome(p.DefaultAction.Text, errnoOf(l, p.DefaultErrnoRet, p.DefaultErrno, &Resolved{}))
}

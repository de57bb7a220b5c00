package decide

import "github.com/sandlint/sandlint/parsers/seccomp"

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

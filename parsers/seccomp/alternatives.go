package seccomp

// Alternatives returns the conditions of a rule as runtimes read them: the rule holds where all conditions of one of the alternatives do. A rule without conditions, or with only such as
// a mask of 0 makes true, has an empty alternative. All conditions are read, also by crun 1.29, which reads six.
func (r *Rule) Alternatives() [][]Cond { return parts(r.Args) }

// OutcomeFor returns what a rule does as a loader reads it.
func (r *Rule) OutcomeFor(l Loader) Outcome {
	return outcome(r.Action.Text, errnoOf(l, r.ErrnoRet, r.Errno, &Resolved{}))
}

// DefaultFor returns the default outcome of a profile as a loader reads it; its Action is "" where the file has none.
func (p *Profile) DefaultFor(l Loader) Outcome {
	return outcome(p.DefaultAction.Text, errnoOf(l, p.DefaultErrnoRet, p.DefaultErrno, &Resolved{}))
}

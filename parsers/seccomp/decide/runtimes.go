package decide

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

//go:generate go run gen.go

// RuntimeNeeds is what a release of runc or crun needs of a profile to start a container: what it does itself between
// putting the profile in force and becoming the container's program.
type RuntimeNeeds struct {
	// Needs are the syscalls that have to be allowed.
	Needs []Need
	// Made are the syscalls that it makes in every start, those of Needs and those to which it takes an errno for an
	// answer; to kill for one of them ends it. Sorted.
	Made []string
	// Instead are the syscalls that it makes where others of Made are answered with an errno.
	Instead []Fallback
	// Chance are further syscalls that it makes in some starts, as the scheduler of Go does. Sorted.
	Chance []string
	// Notify are those that it makes before it hands the listener to the agent, so it waits for ever where the profile
	// notifies the agent of them, or that it refuses in a profile for that reason. Sorted.
	Notify []string
}

// Fallback is what a runtime makes where a syscall is answered with one of some errnos; to kill for it ends the start.
type Fallback struct {
	After  string
	Errnos []uint16
	Makes  []string // sorted
}

// Need is syscalls of which one must be allowed.
type Need struct {
	// AnyOf are the syscalls, sorted.
	AnyOf []string
	// Errnos are those of measuredErrnos that are not good enough, where others are; nil where no errno is.
	Errnos []uint16
}

// measuredErrnos are the answers that were tried: EPERM, EACCES, EINVAL and ENOSYS.
var measuredErrnos = [...]uint16{eperm, eacces, einval, enosys}

// Accepts returns the names of the errnos that are good enough an answer, of those that were tried.
func (n Need) Accepts() (names []string) {
	for _, errno := range measuredErrnos {
		if !n.tooLittle(errno) {
			names = append(names, seccomp.ErrnoName(errno))
		}
	}
	return names
}

// tooLittle reports whether an errno is not good enough an answer. One that was not tried is taken for EACCES: programs
// give EPERM, EINVAL and ENOSYS meanings of their own, those of an older kernel, and go on after them alone. It was
// seen of ENOENT, EBADF, EAGAIN, ENOTDIR, EOPNOTSUPP and ETIMEDOUT.
func (n Need) tooLittle(errno uint16) bool {
	if !slices.Contains(measuredErrnos[:], errno) {
		errno = eacces
	}
	return n.Errnos == nil || slices.Contains(n.Errnos, errno)
}

// measuredRelease is what one release of a runtime was seen to need, with and without no_new_privs.
type measuredRelease struct {
	runtime               string
	version               seccomp.Version
	noNewPrivs, otherwise *RuntimeNeeds
}

func (m *measuredRelease) needs(noNewPrivs bool) *RuntimeNeeds {
	if noNewPrivs {
		return m.noNewPrivs
	}
	return m.otherwise
}

// NeedsOf returns what a release of runc or crun needs, nil for other runtimes. Without no_new_privs, as with a plain
// docker run, it puts the profile in force earlier and needs more. It was measured on x86_64 with the releases of
// data/runtimes.txt. Releases are branches: 1.2.9 is younger than 1.3.2, and needs more. Of a release between two of
// a branch, this is what both need, of one after the last or before the first of its branch what that one needs, and
// of one of another branch what both of its neighbours do.
func NeedsOf(runtime string, version seccomp.Version, noNewPrivs bool) *RuntimeNeeds {
	before, after := measuredAround(runtime, version)
	switch {
	case before == nil && after == nil:
		return nil
	case before == nil:
		return after.needs(noNewPrivs)
	case after == nil:
		return before.needs(noNewPrivs)
	}
	return before.needs(noNewPrivs).and(after.needs(noNewPrivs))
}

// and returns what both need.
func (n *RuntimeNeeds) and(o *RuntimeNeeds) *RuntimeNeeds {
	if n == o {
		return n
	}
	both := &RuntimeNeeds{
		Made: inBoth(n.Made, o.Made), Chance: inBoth(n.Chance, o.Chance), Notify: inBoth(n.Notify, o.Notify),
	}
	for _, b := range n.Instead {
		for _, other := range o.Instead {
			if b.After == other.After && slices.Equal(b.Errnos, other.Errnos) {
				both.Instead = append(both.Instead, Fallback{b.After, b.Errnos, inBoth(b.Makes, other.Makes)})
			}
		}
	}
	for _, need := range n.Needs {
		if slices.ContainsFunc(o.Needs, need.equal) {
			both.Needs = append(both.Needs, need)
		}
	}
	return both
}

func inBoth(a, b []string) (both []string) {
	for _, name := range a {
		if slices.Contains(b, name) {
			both = append(both, name)
		}
	}
	return both
}

func (n Need) equal(o Need) bool {
	return slices.Equal(n.AnyOf, o.AnyOf) && slices.Equal(n.Errnos, o.Errnos)
}

// measuredAround returns the measurements of a runtime next to a release, twice the same for one that was measured;
// nil where there is none on that side. Those of the same branch come first.
func measuredAround(runtime string, version seccomp.Version) (before, after *measuredRelease) {
	branch := func(v seccomp.Version) bool { return v.Major == version.Major && v.Minor == version.Minor }
	for i := range measuredReleases {
		m := &measuredReleases[i]
		if m.runtime != runtime {
			continue
		}
		if !version.Less(m.version) {
			before = m
		}
		if after == nil && !m.version.Less(version) {
			after = m
		}
	}
	if before != nil && after != nil {
		switch b, a := branch(before.version), branch(after.version); {
		case b && !a:
			after = nil
		case a && !b:
			before = nil
		}
	}
	return before, after
}

// MeasuredReleases returns the releases of a runtime in some ranges at which what NeedsOf returns may change: the ends
// of each range, and what was measured between them. The end of a range that stands for all later releases is the last
// one measured.
func MeasuredReleases(runtime string, ranges ...Range) []seccomp.Version {
	var out []seccomp.Version
	for _, r := range ranges {
		out = append(out, measuredIn(runtime, r)...)
	}
	slices.SortFunc(out, seccomp.Version.Compare)
	return slices.Compact(out)
}

func measuredIn(runtime string, r Range) []seccomp.Version {
	var out []seccomp.Version
	last := r.From
	for _, m := range measuredReleases {
		if m.runtime == runtime {
			last = maxVersion(last, m.version)
			if r.Contains(m.version) {
				out = append(out, m.version)
			}
		}
	}
	for _, v := range []seccomp.Version{r.From, minVersion(r.To, last)} {
		if !slices.ContainsFunc(out, func(o seccomp.Version) bool { return o.Compare(v) == 0 }) {
			out = append(out, v)
		}
	}
	return out
}

// Refuses reports whether no call of any of the syscalls of a need gets through, and the answers are not good enough.
// Where a call is handed to an agent, or where the arguments matter, that is not known.
func (f *Filter) Refuses(n Need) bool {
	return !slices.ContainsFunc(n.AnyOf, func(name string) bool {
		return !f.always(name, func(o Outcome) bool {
			errno := o.errno()
			return o.Kills() || errno != 0 && n.tooLittle(errno)
		})
	})
}

// FallsBack reports whether every call of the syscall of a fallback is answered with one of its errnos.
func (f *Filter) FallsBack(b Fallback) bool {
	return f.always(b.After, func(o Outcome) bool {
		errno := o.errno()
		return errno != 0 && slices.Contains(b.Errnos, errno)
	})
}

// errno returns the errno that a runtime sees of a call; 0 where the call does not fail with one. A call that is handed
// to a tracer fails with ENOSYS, since nothing traces a runtime.
func (o Outcome) errno() uint16 {
	switch o.Action {
	case "SCMP_ACT_ERRNO":
		return o.Errno
	case "SCMP_ACT_TRACE":
		return enosys
	}
	return 0
}

// Kills reports whether the outcome ends the thread or the process that makes the call, or sends it a signal that
// does unless it is handled.
func (o Outcome) Kills() bool {
	switch o.Action {
	case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP":
		return true
	}
	return false
}

// AlwaysKills reports whether every call of a syscall by the host's own ABI ends the caller.
func (f *Filter) AlwaysKills(name string) bool { return f.always(name, Outcome.Kills) }

// always reports whether all calls of a syscall by the host's own ABI have an outcome of a kind.
func (f *Filter) always(name string, is func(Outcome) bool) bool {
	d := f.Decide(f.Target.Host.Arch, name)
	return is(d.Outcome) && !slices.ContainsFunc(d.Cases, func(c Case) bool { return !is(c.Outcome) })
}

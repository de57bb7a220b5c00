package decide

import (
	"math"
	"math/bits"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

//go:generate go run gen.go

// RuntimeNeeds is what a release of runc or crun needs of a profile to start a container: what it does itself between
// putting the profile in force and becoming the container's program.
type RuntimeNeeds struct {
	// Needs are the syscalls that have to be allowed.
	Needs []*Need
	// Made are the syscalls that it makes in every start, those of Needs and those to which it takes an errno for an
	// answer; to kill for one of them ends it. Sorted.
	Made []string
	// Instead are the syscalls that it makes where others of Made are answered with an errno.
	Instead []Fallback
	// Chance are further syscalls that it makes in some starts, as the scheduler of Go does. Sorted.
	Chance []string
	// CallNeeds are the calls that have to be allowed, with their arguments: for profiles that let some calls of a
	// syscall through and refuse others. What Needs says of whole syscalls is not repeated by them.
	CallNeeds []*Need
	// CallsMade are the calls that it makes in every start, as Made, with their arguments: one in AnyOf.
	CallsMade []*Need
	// Retries are those of Made that it makes again and again as long as they fail with EINTR. Sorted.
	Retries []string
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

// Need is syscalls of which one must be allowed, or calls of them.
type Need struct {
	// AnyOf are the syscalls, sorted.
	AnyOf []string
	// Args are the arguments with which each is called; nil where any call is meant. What is known of one is that it is
	// a number From to To, both included.
	Args [][]argument
	// Unless are calls that must get through for the need to arise, each one of AnyOf: where one of them fails, the
	// runtime does without.
	Unless []Need
	// Retried says that it is about EINTR alone, upon which the runtime makes the call again, without an end.
	Retried bool
	// Errnos are those of measuredErrnos that are not good enough, where others are; nil where no errno is.
	Errnos []uint16
}

// argument is what is known of an argument of a call: it is one of the values From to To, both included.
type argument struct {
	From, To uint64

	each bool // there is a call with each of them
	user byte // 'u' and 'g' for the user and the group of the container
}

// argsOf returns the arguments with which a syscall of the need is called; nil where any call of it is meant.
func (n Need) argsOf(name string) []argument {
	if i := slices.Index(n.AnyOf, name); i >= 0 && n.Args != nil {
		return n.Args[i]
	}
	return nil
}

// in returns the need of a container whose user and group are known.
func (n Need) in(uid, gid uint32) Need {
	known := func(args []argument) []argument {
		args = slices.Clone(args)
		for i, a := range args {
			switch a.user {
			case 'u':
				args[i] = argument{From: uint64(uid), To: uint64(uid)}
			case 'g':
				args[i] = argument{From: uint64(gid), To: uint64(gid)}
			}
		}
		return args
	}
	n.Args, n.Unless = slices.Clone(n.Args), slices.Clone(n.Unless)
	for i := range n.Args {
		n.Args[i] = known(n.Args[i])
	}
	for i := range n.Unless {
		n.Unless[i] = n.Unless[i].in(uid, gid)
	}
	return n
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
		Retries: inBoth(n.Retries, o.Retries),
	}
	for _, b := range n.Instead {
		for _, other := range o.Instead {
			if b.After == other.After && slices.Equal(b.Errnos, other.Errnos) {
				both.Instead = append(both.Instead, Fallback{b.After, b.Errnos, inBoth(b.Makes, other.Makes)})
			}
		}
	}
	common := func(a, b []*Need) (out []*Need) {
		for _, need := range a {
			if slices.ContainsFunc(b, func(o *Need) bool { return need == o || need.equal(*o) }) {
				out = append(out, need)
			}
		}
		return out
	}
	both.Needs, both.CallNeeds = common(n.Needs, o.Needs), common(n.CallNeeds, o.CallNeeds)
	both.CallsMade = common(n.CallsMade, o.CallsMade)
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
	return slices.Equal(n.AnyOf, o.AnyOf) && slices.Equal(n.Errnos, o.Errnos) &&
		slices.EqualFunc(n.Args, o.Args, slices.Equal[[]argument]) &&
		slices.EqualFunc(n.Unless, o.Unless, Need.equal)
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
// Where a call is handed to an agent, or where it depends on arguments that are not known, that is not known.
func (f *Filter) Refuses(n Need) bool {
	refused := func(o Outcome) bool {
		errno := o.errno()
		if n.Retried {
			return errno == eintr
		}
		return o.Kills() || errno != 0 && n.tooLittle(errno)
	}
	for _, name := range n.AnyOf {
		if !f.always(name, n.argsOf(name), refused) {
			return false
		}
	}
	return f.arises(n)
}

// arises reports whether all calls get through without which a need does not arise.
func (f *Filter) arises(n Need) bool {
	for _, c := range n.Unless {
		d := f.Decide(f.Target.Host.Arch, c.AnyOf[0])
		for _, one := range spread(c.Args[0]) {
			if !d.sure(one, Outcome.Runs) {
				return false
			}
		}
	}
	return true
}

// FallsBack reports whether every call of the syscall of a fallback is answered with one of its errnos.
func (f *Filter) FallsBack(b Fallback) bool {
	return f.always(b.After, nil, func(o Outcome) bool {
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
func (f *Filter) AlwaysKills(name string) bool { return f.always(name, nil, Outcome.Kills) }

// Kills reports whether each call of a need ends the caller, if the need arises.
func (f *Filter) Kills(n Need) bool {
	for _, name := range n.AnyOf {
		if !f.always(name, n.argsOf(name), Outcome.Kills) {
			return false
		}
	}
	return f.arises(n)
}

// always reports whether all calls of a syscall by the host's own ABI with some arguments, or with any where there are
// none, have an outcome of a kind.
func (f *Filter) always(name string, args []argument, is func(Outcome) bool) bool {
	d := f.Decide(f.Target.Host.Arch, name)
	if len(d.Cases) == 0 {
		return is(d.Outcome)
	}
	return d.always(args, is)
}

// always is Filter.always for a decision with cases. Of the calls with each number of a range, one is enough.
func (d *Decision) always(args []argument, is func(Outcome) bool) bool {
	return slices.ContainsFunc(spread(args), func(one []argument) bool { return d.sure(one, is) })
}

// spread returns the calls that some arguments stand for, each with one number of a range.
func spread(args []argument) [][]argument {
	i := slices.IndexFunc(args, func(a argument) bool { return a.each })
	if i < 0 {
		return [][]argument{args}
	}
	var out [][]argument
	for v := args[i].From; v <= args[i].To; v++ {
		one := slices.Clone(args)
		one[i] = argument{From: v, To: v}
		out = append(out, spread(one)...)
	}
	return out
}

// sure reports whether a call with some arguments has an outcome of a kind, whichever case decides about it.
func (d *Decision) sure(args []argument, is func(Outcome) bool) bool {
	for _, c := range d.possible(args) {
		if o := d.Outcome; c >= 0 && !is(d.Cases[c].Outcome) || c < 0 && !is(o) {
			return false
		}
	}
	return true
}

// possible returns which cases may decide about a call with some arguments, by index, and -1 where it may be that none
// holds. Without arguments, and where libseccomp may make something else of the cases, that are all.
func (d *Decision) possible(args []argument) (cases []int) {
	wrong := args == nil || len(d.Cases) > 1 && len(d.Miscompiled()) > 0
	sure := false // a case holds
	for i, c := range d.Cases {
		may, must := true, true
		for _, cond := range c.Conds {
			m, n := cond.meets(args)
			may, must = may && m, must && n
		}
		if wrong || may {
			cases = append(cases, i)
		}
		sure = sure || must && !wrong
	}
	if !sure {
		cases = append(cases, -1)
	}
	return cases
}

// Deciding returns a case that may decide about a call of a syscall of a need of which the outcome is sure to be of a
// kind; nil where only the default action may.
func (d *Decision) Deciding(n Need, name string, is func(Outcome) bool) *Case {
	for _, one := range spread(n.argsOf(name)) {
		if !d.sure(one, is) {
			continue
		}
		for _, i := range d.possible(one) {
			if i >= 0 && is(d.Cases[i].Outcome) {
				return &d.Cases[i]
			}
		}
	}
	return nil
}

// meets reports whether the arguments of a call may meet the condition, and whether they are sure to.
func (c Cond) meets(args []argument) (may, must bool) {
	a := argument{To: math.MaxUint64}
	if c.Arg < len(args) {
		a = args[c.Arg]
	}
	if a.From == a.To {
		holds := c.Holds(a.From)
		return holds, holds
	}
	if c.Low && a.To > math.MaxUint32 {
		return true, false
	}
	inside := a.From <= c.Value && c.Value <= a.To
	switch c.Op {
	case "SCMP_CMP_EQ":
		return inside, false
	case "SCMP_CMP_NE":
		return true, !inside
	case "SCMP_CMP_MASKED_EQ":
		// The bits above the highest in which From and To differ are those of all values between.
		shared := ^uint64(0) << bits.Len64(a.From^a.To)
		may = a.From&shared&c.Mask == c.Value&shared
		return may, may && c.Mask&^shared == 0
	}
	// The other operators hold from some value on, or up to one.
	from, to := c.Holds(a.From), c.Holds(a.To)
	return from || to, from && to
}

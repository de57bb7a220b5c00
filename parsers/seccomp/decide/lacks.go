package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Lack is something that releases of a runtime do themselves between putting a profile in force and becoming the
// container's program, and that the profile does not let them do, so no container starts.
type Lack struct {
	// Need is what they need.
	Need Need
	// Killed says that the profile kills for the one syscall of Need, where an errno would be an answer good enough.
	Killed bool
	// After is the syscall in place of which they make that of Need, since the profile answers After with an errno; ""
	// where they make it in any case. Killed is then true, and it is not known which errnos would do.
	After string
	// Always and Early say, for each of the releases, whether it lacks this in every container, and whether it does in
	// those without no_new_privs.
	Always, Early []bool
}

// A Judge says what a profile does to the calls of some releases of a runtime.
type Judge interface {
	// Refuses reports whether the filter of a release refuses a need: Filter.Refuses.
	Refuses(release int, n Need) bool
	// Kills reports whether it kills for every call of the one syscall of a need, Filter.Kills, and, where after is not
	// nil, whether the release makes the call at all: Filter.FallsBack.
	Kills(release int, n Need, after *Fallback) bool
}

// Lacks returns what releases of a runtime lack under a profile: what they make in any case and then what they make
// instead, of each first what the oldest ones lack. The measurements are of x86_64.
func Lacks(p *seccomp.Profile, runtime string, releases []seccomp.Version, j Judge) []*Lack {
	known := p.Dialect == seccomp.Bundle // it says whether no_new_privs is set
	l := &lacking{profile: p, judge: j, releases: len(releases), byKey: map[lackKey]*Lack{}}
	l.conditional = map[string]bool{}
	for _, r := range p.Rules {
		for _, name := range r.Names {
			l.conditional[name.Text] = l.conditional[name.Text] || len(r.Args) > 0
		}
	}
	for i, v := range releases {
		for _, early := range []bool{false, true} {
			l.release, l.early = i, early
			if n := NeedsOf(runtime, v, known && p.NoNewPrivileges || !known && !early); n != nil {
				l.whole = map[string]bool{}
				l.syscalls(n)
				l.calls(n)
			}
		}
	}
	slices.SortStableFunc(l.out, func(a, b *Lack) int {
		return cmp.Compare(min(len(a.After), 1), min(len(b.After), 1))
	})
	return l.out
}

// lacking collects what releases lack.
type lacking struct {
	profile     *seccomp.Profile
	judge       Judge
	conditional map[string]bool // whether rules look at the arguments of a syscall
	releases    int             // how many there are
	out         []*Lack
	byKey       map[lackKey]*Lack

	release int             // the one that is looked at
	early   bool            // without no_new_privs
	whole   map[string]bool // what it lacks whatever the arguments
}

type lackKey struct {
	need, after string
	killed      bool
}

func (l *lacking) note(what Lack) {
	k := lackKey{what.Need.Key(), what.After, what.Killed}
	lack := l.byKey[k]
	if lack == nil {
		lack = &what
		lack.Always, lack.Early = make([]bool, l.releases), make([]bool, l.releases)
		l.byKey[k] = lack
		l.out = append(l.out, lack)
	}
	lack.Early[l.release] = true
	lack.Always[l.release] = lack.Always[l.release] || !l.early
}

// syscalls notes what a release lacks whatever the arguments are.
func (l *lacking) syscalls(n *RuntimeNeeds) {
	for _, name := range n.Retries {
		if need := (Need{AnyOf: []string{name}, Retried: true}); l.judge.Refuses(l.release, need) {
			l.note(Lack{Need: need})
			l.whole[name] = true
		}
	}
	for _, need := range n.Needs {
		one := len(need.AnyOf) == 1
		if !(one && l.whole[need.AnyOf[0]]) && l.judge.Refuses(l.release, *need) {
			l.note(Lack{Need: *need})
			if one {
				l.whole[need.AnyOf[0]] = true
			}
		}
	}
	for _, name := range n.Made {
		if need := (Need{AnyOf: []string{name}}); l.judge.Kills(l.release, need, nil) {
			l.note(Lack{Need: need, Killed: true})
			l.whole[name] = true
		}
	}
	for _, b := range n.Instead {
		for _, name := range b.Makes {
			if need := (Need{AnyOf: []string{name}}); l.judge.Kills(l.release, need, &b) {
				l.note(Lack{Need: need, Killed: true, After: b.After})
			}
		}
	}
}

// calls notes what a release lacks for the arguments with which it makes a call.
func (l *lacking) calls(n *RuntimeNeeds) {
	retried := map[string]bool{}
	for _, call := range n.CallsMade {
		if l.depends(call) && slices.Contains(n.Retries, call.AnyOf[0]) {
			need := call.of(l.profile)
			need.Retried = true
			if l.judge.Refuses(l.release, need) {
				l.note(Lack{Need: need})
				retried[need.AnyOf[0]] = true
			}
		}
	}
	for _, call := range n.CallNeeds {
		if l.depends(call) && !retried[call.AnyOf[0]] {
			if need := call.of(l.profile); l.judge.Refuses(l.release, need) {
				l.note(Lack{Need: need})
			}
		}
	}
	for _, call := range n.CallsMade {
		if l.depends(call) {
			if need := call.of(l.profile); l.judge.Kills(l.release, need, nil) {
				l.note(Lack{Need: need, Killed: true})
			}
		}
	}
}

// depends reports whether what becomes of a call depends on its arguments.
func (l *lacking) depends(call *Need) bool {
	return slices.ContainsFunc(call.AnyOf, func(name string) bool { return l.conditional[name] }) &&
		!slices.ContainsFunc(call.AnyOf, func(name string) bool { return l.whole[name] })
}

// of returns the need for the containers of a profile: that of a bundle says who their user is.
func (n Need) of(p *seccomp.Profile) Need {
	if p.Dialect == seccomp.Bundle && p.User != nil {
		return n.in(p.User.UID, p.User.GID)
	}
	return n
}

// Conds returns what is known of the arguments with which a syscall of the need is called, of those that rules of a
// profile about it look at: an argument equals a number, or is one at least.
func (n Need) Conds(p *seccomp.Profile, name string) (conds []Cond) {
	for i, a := range n.argsOf(name) {
		if !slices.ContainsFunc(p.Rules, func(r *seccomp.Rule) bool {
			return r.Lists(name) &&
				slices.ContainsFunc(r.Args, func(a seccomp.Arg) bool { return a.Index.Value == uint64(i) })
		}) {
			continue
		}
		switch {
		case a.From == a.To:
			conds = append(conds, Cond{Arg: i, Op: "SCMP_CMP_EQ", Value: a.From})
		case a.From > 0:
			conds = append(conds, Cond{Arg: i, Op: "SCMP_CMP_GE", Value: a.From})
		}
	}
	return conds
}

// Key returns a text that equal needs have in common, and others not.
func (n Need) Key() string {
	key := strings.Join(n.AnyOf, " ")
	for _, errno := range n.Errnos {
		key += " " + strconv.Itoa(int(errno))
	}
	if n.Retried {
		key += " again"
	}
	for _, args := range n.Args {
		key += fmt.Sprint(args)
	}
	for _, c := range n.Unless {
		key += " unless " + c.Key()
	}
	return key
}

// Best returns the syscall of a need that a profile is best made to allow, and the others that would do. It is the
// oldest one, which is the least likely to move the border above which runc answers ENOSYS. Where the default action
// kills, it is the newest, which is tried first: more may be called before the other.
func (n Need) Best(defaultKills bool) (best string, others []string) {
	number := func(name string) int {
		if s, ok := seccomp.LookupSyscall(name); ok {
			n, _ := s.Number("x86_64")
			return n
		}
		return 0
	}
	oldest := func(a, b string) int { return number(a) - number(b) }
	best = slices.MinFunc(n.AnyOf, oldest)
	if defaultKills {
		best = slices.MaxFunc(n.AnyOf, oldest)
	}
	for _, name := range n.AnyOf {
		if name != best && !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	return best, others
}

// DescribeReleases returns which releases a set is: "" and nothing for all, "since" and 1.2.9, 1.3.4, 1.4.0 where all
// later ones of each branch are among them, "up to" and 1.1.15, or "" and the list. Releases are those of
// MeasuredReleases for the targeted ranges, and in says for each whether it is in the set. What is targeted in pieces
// is described piece by piece, as "1.2.8" or "1.4 to 1.5.3", so nothing is said of releases between them.
func DescribeReleases(releases []seccomp.Version, ranges []Range, in []bool) (preposition string, list []string) {
	if !slices.Contains(in, false) {
		return "", nil
	}
	if len(ranges) == 1 {
		return describeRange(releases, in)
	}
	for _, r := range ranges {
		var here []string
		whole := true
		for i, v := range releases {
			if r.Contains(v) {
				whole = whole && in[i]
				if in[i] {
					here = append(here, v.String())
				}
			}
		}
		if whole && len(here) > 0 {
			here = []string{r.String()}
		}
		for _, word := range here {
			if !slices.Contains(list, word) {
				list = append(list, word)
			}
		}
	}
	return "", list
}

// describeRange is DescribeReleases for releases of one range, of which not all are in the set.
func describeRange(releases []seccomp.Version, in []bool) (preposition string, list []string) {
	var since []string
	lasting := true // from some release of each branch on, all are in the set, and so are all later branches
	begun, whole := false, false
	for start := 0; start < len(releases); {
		end := start + 1
		for end < len(releases) && releases[end].Major == releases[start].Major &&
			releases[end].Minor == releases[start].Minor {
			end++
		}
		branch := in[start:end]
		switch first := slices.Index(branch, true); {
		case first < 0:
			lasting = lasting && !begun
		case slices.Contains(branch[first:], false), whole && first > 0:
			lasting = false
		case !whole:
			since = append(since, releases[start+first].String())
			begun, whole = true, first == 0
		}
		start = end
	}
	for i, v := range releases {
		if in[i] {
			list = append(list, v.String())
		}
	}
	switch n := slices.Index(in, false); {
	case lasting:
		return "since", since
	case n > 0 && !slices.Contains(in[n:], true):
		return "up to", []string{releases[n-1].String()}
	}
	return "", list
}

package decide

import (
	"cmp"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// The environments in which runc's border lies at different heights.
//
// A rule that a capability guards may raise the border, and then has to do with syscalls that it does not name. Of a
// dozen such rules, every set of capabilities would be an environment; but all that matters of them is how high the
// border comes to lie. So the rules are taken one after the other, those that reach highest first: one that raises the
// border nowhere is not asked, and ways that lead to the same heights go on as one. What is lost is an exact
// description of the containers: see containersOf.

// raiser is a rule that asks about the container and may raise borders.
type raiser struct {
	question
	rule *seccomp.Rule
	side int // 0 for the old profile, 1 for the new one
	// heights are the highest numbers that it names, for each ABI and build of libseccomp; -1 for none that matters.
	heights []int
}

// raisers returns the rules of a side, besides those that name the syscall, of which it depends on the container
// whether they raise a border above what counts. The height that counts of a number is what weigh returns.
func (d *differ) raisers(s *side, abis []string, weigh func(l Loader, abi string, height int) int) (out []raiser) {
	for _, j := range s.askingRules() {
		one := raiser{question: newQuestion(s.Rules[j]), rule: s.Rules[j]}
		if s == d.new {
			one.side = 1
		}
		matters := false
		for _, abi := range abis {
			for _, heights := range s.heightsOn(abi) {
				highest := -1
				for _, l := range d.loaders {
					if readAs(s.Profile, l) != LoaderOCI {
						highest = max(highest, weigh(l, abi, heights[j]))
					}
				}
				one.heights = append(one.heights, highest)
				matters = matters || highest >= 0
			}
		}
		if matters {
			out = append(out, one)
		}
	}
	return out
}

// maxRaised bounds the number of heights that borders are followed to.
const maxRaised = 128

// containers returns the environments of rules that name a syscall and of rules that may raise a border over it. It
// reports false where they are too many.
func (d *differ) containers(naming []*seccomp.Rule, raisers []raiser) (out []environment, complete bool) {
	rules := slices.Clone(naming)
	for _, r := range raisers {
		if !slices.Contains(rules, r.rule) {
			rules = append(rules, r.rule)
		}
	}
	caps, _ := askedOf(rules)
	named, questions := askedOf(naming)
	if len(rules) == len(naming) || len(caps) <= fewCaps {
		return d.targets.environments(rules)
	}
	slices.SortStableFunc(raisers, func(a, b raiser) int {
		return cmp.Compare(sum(b.heights), sum(a.heights))
	})
	choices, complete := capChoices(named, questions)
	for _, kernel := range d.targets.kernelsOf(rules) {
		for _, made := range choices {
			way := newCourse(caps, len(raisers[0].heights))
			said := &ContainerCondition{}
			for at, c := range caps {
				if has, ok := made[c]; ok && has {
					way.caps[at], said.Has = hasCap, append(said.Has, c)
				} else if ok {
					way.caps[at], said.Lacks = lacksCap, append(said.Lacks, c)
				}
			}
			ways, all := raise(way, caps, raisers, kernel)
			complete = complete && all
			for _, w := range ways {
				e := w.environment(caps)
				e.Kernel, e.named = kernel, said
				out = append(out, e)
			}
		}
	}
	return out, complete
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// What a course says about a capability.
const (
	anyCap = iota
	hasCap
	lacksCap
)

// course is capabilities of a container, as far as they are decided, and how high borders lie there.
type course struct {
	caps []byte // anyCap, hasCap or lacksCap
	// heights are those of raiser.heights under Docker for the old profile, then for the new one, then under
	// containers/common, which does not ask for the kernel.
	heights []int
}

func newCourse(caps []string, heights int) course {
	return course{make([]byte, len(caps)), slices.Repeat([]int{-1}, 4*heights)}
}

// key is equal for courses that the capabilities from which on the next rules ask lead on alike.
func (w course) key(later []bool) string {
	k := make([]byte, 0, len(w.caps)+2*len(w.heights))
	for i, c := range w.caps {
		if later[i] {
			k = append(k, c)
		}
	}
	for _, h := range w.heights {
		k = append(k, byte(h), byte(h>>8))
	}
	return string(k)
}

func (w course) environment(caps []string) (e environment) {
	for i, c := range w.caps {
		switch c {
		case hasCap:
			e.Has = append(e.Has, caps[i])
		case lacksCap:
			e.Lacks = append(e.Lacks, caps[i])
		}
	}
	return e
}

// raised returns the heights with those of a rule that is in force, and whether they are others.
func (w course) raised(r *raiser, kernel seccomp.Version) (heights []int, higher bool) {
	in, ex := r.rule.Includes.MinKernel, r.rule.Excludes.MinKernel
	host := Host{Kernel: kernel}
	old := !ex.Span.IsEmpty() && host.reaches(ex.Text) || !in.Span.IsEmpty() && !host.reaches(in.Text)
	n := len(r.heights)
	for place, asks := range []bool{true, false} {
		if asks && old {
			continue
		}
		at := (2*place + r.side) * n
		for i, h := range r.heights {
			if h <= w.heights[at+i] {
				continue
			}
			if !higher {
				heights, higher = slices.Clone(w.heights), true
			}
			heights[at+i] = h
		}
	}
	return heights, higher
}

// decided returns the course with some of what a rule asks decided: the capabilities before one as the rule wants them,
// and that one otherwise; all as it wants them for the length of open.
func (w course) decided(open []int, wanted []byte, until int) course {
	out := course{slices.Clone(w.caps), w.heights}
	for i, at := range open[:until] {
		out.caps[at] = wanted[i]
	}
	if until < len(open) {
		out.caps[open[until]] = hasCap + lacksCap - wanted[until]
	}
	return out
}

// raise returns a course to all heights that rules can raise borders to from one on a kernel.
func raise(from course, caps []string, rules []raiser, kernel seccomp.Version) (ways []course, complete bool) {
	ways = []course{from}
	last := make([]int, len(caps)) // the last rule that asks about each
	asked := make([][]int, len(rules))
	for i, r := range rules {
		for _, list := range [][]string{r.has, r.lacks} {
			for _, c := range list {
				at, _ := slices.BinarySearch(caps, c)
				last[at], asked[i] = i, append(asked[i], at)
			}
		}
	}
	later := make([]bool, len(caps)) // the rules behind one ask about it
	for _, list := range asked {
		for _, at := range list {
			later[at] = true
		}
	}
	for i := range rules {
		for _, at := range asked[i] {
			later[at] = last[at] > i
		}
		seen := map[string]bool{}
		var next []course
		add := func(w course) {
			if key := w.key(later); !seen[key] {
				seen[key] = true
				next = append(next, w)
			}
		}
		for _, w := range ways {
			heights, higher := w.raised(&rules[i], kernel)
			if !higher {
				add(w)
				continue
			}
			open, wanted, possible := w.open(caps, rules[i].question)
			if !possible {
				add(w)
				continue
			}
			all := w.decided(open, wanted, len(open))
			all.heights = heights
			add(all)
			for n := range open {
				add(w.decided(open, wanted, n))
			}
		}
		if ways = next; len(ways) > maxRaised {
			return ways[:maxRaised], false
		}
	}
	return ways, true
}

// open returns the capabilities about which a rule asks that are not decided, and how it wants them; false where those
// that are decided leave it out.
func (w course) open(caps []string, q question) (open []int, wanted []byte, possible bool) {
	for n, list := range [][]string{q.has, q.lacks} {
		want := byte(hasCap + n)
		for _, c := range list {
			at, _ := slices.BinarySearch(caps, c)
			i := slices.Index(open, at)
			switch {
			case w.caps[at] != anyCap && w.caps[at] != want, i >= 0 && wanted[i] != want:
				return nil, nil, false
			case w.caps[at] == anyCap && i < 0:
				open, wanted = append(open, at), append(wanted, want)
			}
		}
	}
	return open, wanted, true
}

package decide

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// World is a container and a kernel as far as rules ask about them.
type World struct {
	// Has and Lacks are the capabilities that the container has and lacks, of those that rules ask about, sorted.
	Has, Lacks []string
	// Kernel is the oldest release of Linux of which all is so; the newest targeted one, or the zero Version for whatever release, where no rule asks for one.
	Kernel seccomp.Version
}

// Host returns a host of the world: one with the capabilities of a container that asks for none, but for those that are in question.
func (w World) Host(l Loader, a *seccomp.Architecture) Host {
	caps := slices.DeleteFunc(DefaultCaps(l), func(c string) bool { return slices.Contains(w.Lacks, c) || slices.Contains(w.Has, c) })
	return Host{Arch: a, Caps: append(caps, w.Has...), Kernel: w.Kernel}
}

func (w World) key() string {
	return strings.Join(w.Has, " ") + "|" + strings.Join(w.Lacks, " ") + "|" + w.Kernel.String()
}

// question is what a rule asks about the container: it is there where the container has all of has and none of lacks.
type question struct{ has, lacks []string }

func newQuestion(r *seccomp.Rule) question {
	text := func(list []seccomp.String) (out []string) {
		for _, s := range list {
			out = append(out, s.Text)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return question{text(r.Includes.Caps), text(r.Excludes.Caps)}
}

const (
	// fewCaps is the number of capabilities of which every set is a world.
	fewCaps = 4
	// maxWorlds bounds the number of worlds.
	maxWorlds = 512
)

// worlds returns the worlds that rules tell apart: every combination of rules that is there in some container on some targeted kernel is there in one of them. It reports
// false where they are too many.
func (t Targets) worlds(rules []*seccomp.Rule) (out []World, complete bool) {
	var questions []question
	var caps []string
	turns := []seccomp.Version{}
	kernels := t.Range("kernel")
	for _, r := range rules {
		if q := newQuestion(r); len(q.has)+len(q.lacks) > 0 && !slices.ContainsFunc(questions, func(p question) bool { return slices.Equal(p.has, q.has) && slices.Equal(p.lacks, q.lacks) }) {
			questions = append(questions, q)
			caps = append(append(caps, q.has...), q.lacks...)
		}
		for _, s := range []seccomp.String{r.Includes.MinKernel, r.Excludes.MinKernel} {
			v, ok := seccomp.ParseVersion(s.Text)
			v.Patch = 0
			if ok && kernels.From.Less(v) && (!t.Given("kernel") || !kernels.To.Less(v)) && !slices.Contains(turns, v) {
				turns = append(turns, v)
			}
		}
	}
	slices.Sort(caps)
	caps = slices.Compact(caps)
	sets, complete := capSets(caps, questions)
	slices.SortFunc(turns, func(a, b seccomp.Version) int { return b.Compare(a) })
	turns = append(turns, kernels.From)
	for _, has := range sets {
		w := World{Has: has, Lacks: slices.DeleteFunc(slices.Clone(caps), func(c string) bool { return slices.Contains(has, c) })}
		for _, v := range turns {
			if w.Kernel = v; len(turns) == 1 {
				w.Kernel = t.newestKernel()
			}
			out = append(out, w)
		}
	}
	return out, complete
}

// capSets returns sets of capabilities that between them answer the questions in every possible way: all sets of a few capabilities, and one set for each way for more.
func capSets(caps []string, questions []question) (sets [][]string, complete bool) {
	if len(caps) <= fewCaps {
		for bits := range 1 << len(caps) {
			var has []string
			for i, c := range caps {
				if bits&(1<<i) != 0 {
					has = append(has, c)
				}
			}
			sets = append(sets, has)
		}
		return sets, true
	}
	complete = true
	usual := DefaultCaps(LoaderDocker)
	type choice = map[string]bool
	with := func(made choice, c string, has bool) (choice, bool) {
		if was, ok := made[c]; ok {
			return made, was == has
		}
		next := make(choice, len(made)+1)
		for k, v := range made {
			next[k] = v
		}
		next[c] = has
		return next, true
	}
	seen := map[string]bool{}
	var answer func(n int, made choice)
	answer = func(n int, made choice) {
		if len(sets) == maxWorlds {
			complete = false
			return
		}
		if n == len(questions) {
			var has []string
			for _, c := range caps {
				if v, ok := made[c]; v || !ok && slices.Contains(usual, c) {
					has = append(has, c)
				}
			}
			if key := strings.Join(has, " "); !seen[key] {
				seen[key] = true
				sets = append(sets, has)
			}
			return
		}
		// Each capability in turn is the first that makes the answer no; without one the answer is yes.
		ask := func(c string, has bool) bool {
			if no, ok := with(made, c, !has); ok {
				answer(n+1, no)
			}
			var ok bool
			made, ok = with(made, c, has)
			return ok
		}
		for _, c := range questions[n].has {
			if !ask(c, true) {
				return
			}
		}
		for _, c := range questions[n].lacks {
			if !ask(c, false) {
				return
			}
		}
		answer(n+1, made)
	}
	answer(0, choice{})
	return sets, complete
}

// Worlds returns the worlds that make a difference to what profiles do with a syscall, on any host: whatever they do with it in some container on some targeted kernel, they do in one of
// the worlds, all profiles at once. It looks at the rules that name the syscall, and at those by which runc's border may come to lie above or below its number. It reports
// false where the worlds are too many, and some of them are left out.
func (t Targets) Worlds(syscall string, profiles ...*seccomp.Profile) (out []World, complete bool) {
	var rules []*seccomp.Rule
	for _, p := range profiles {
		rules = append(rules, newSide(p, t.Libseccomps()).about(syscall)...)
	}
	return t.worlds(rules)
}

// side is one of the profiles that are compared, with what is found out about it on the way.
type side struct {
	*seccomp.Profile
	index *index
	libs  []Libseccomp
	// least is, for an ABI, the highest number that is named whatever the target is; heights are, for an ABI, the highest number that each rule names, for each build of libseccomp.
	least map[string]int
	// steady is, by ABI, a number that least does not lie below; nil where none was looked for.
	steady   map[string]int
	heights  map[string][][]int
	filters  map[filterKey]*Filter
	heightIn map[borderKey][]int     // what borders found
	resolved map[filterKey]*Resolved // lib and turn are not set
}

type filterKey struct {
	loader Loader
	host   *seccomp.Architecture
	world  string
	lib    int
	turn   turn
}

func newSide(p *seccomp.Profile, libs []Libseccomp) *side {
	return &side{
		Profile: p, index: newIndex(p), libs: libs, least: map[string]int{}, heights: map[string][][]int{}, filters: map[filterKey]*Filter{}, heightIn: map[borderKey][]int{}, resolved: map[filterKey]*Resolved{},
	}
}

// asks reports whether a rule is not there for every target.
func asks(r *seccomp.Rule) bool {
	return len(r.Includes.Caps)+len(r.Includes.Arches)+len(r.Excludes.Caps)+len(r.Excludes.Arches) > 0 || !r.Includes.MinKernel.Span.IsEmpty() || !r.Excludes.MinKernel.Span.IsEmpty() || r.LegacyName
}

// about returns the rules that ask something and have to do with what is done with a syscall.
func (s *side) about(syscall string) []*seccomp.Rule {
	var out []*seccomp.Rule
	add := func(name string) {
		if n := s.index.names[name]; n != nil {
			for _, u := range n.Uses {
				if r := s.Rules[u.Rule]; asks(r) && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	add(syscall)
	call, ok := seccomp.LookupSyscall(syscall)
	if !ok {
		return out
	}
	if syscall == "socketcall" || syscall == "ipc" {
		for _, through := range seccomp.Multiplexed() {
			add(through.Name)
		}
	}
	for abi, number := range call.Numbers() {
		if s.steady != nil && s.steady[abi] >= number || s.leastOn(abi) >= number {
			continue
		}
		for j, r := range s.Rules {
			if asks(r) && !slices.Contains(out, r) && slices.ContainsFunc(s.heightsOn(abi), func(rules []int) bool { return rules[j] >= number }) {
				out = append(out, r)
			}
		}
	}
	return out
}

// heightsOn returns, for each build of libseccomp, the highest number on an ABI that each rule names; -1 for none.
func (s *side) heightsOn(abi string) [][]int {
	if h, ok := s.heights[abi]; ok {
		return h
	}
	a := architectureOfABI(abi)
	h := make([][]int, len(s.libs))
	for i := range h {
		h[i] = make([]int, len(s.Rules))
		for j := range h[i] {
			h[i][j] = -1
		}
	}
	for _, n := range s.index.names {
		if n.Syscall == nil || n.Syscall.Multiplexed(abi) {
			continue
		}
		number, ok := n.Syscall.Number(abi)
		if !ok || number == 0 && !hasOffset(a) {
			continue // to runc that is none
		}
		for i, lib := range s.libs {
			if lib.Knows(n.Syscall) {
				for _, u := range n.Uses {
					h[i][u.Rule] = max(h[i][u.Rule], number)
				}
			}
		}
	}
	s.heights[abi] = h
	return h
}

// leastOn returns the highest number on an ABI that is named whatever the target is; -1 for none.
func (s *side) leastOn(abi string) int {
	if n, ok := s.least[abi]; ok {
		return n
	}
	least := -1
	for i, rules := range s.heightsOn(abi) {
		highest := -1
		for j, r := range s.Rules {
			if !asks(r) {
				highest = max(highest, rules[j])
			}
		}
		if i == 0 || highest < least {
			least = highest
		}
	}
	s.least[abi] = least
	return least
}

func architectureOfABI(abi string) *seccomp.Architecture {
	for _, a := range seccomp.Architectures() {
		if a.ABI == abi {
			return a
		}
	}
	return nil
}

// filter returns what a runtime with a build of libseccomp makes of the profile in a world.
func (s *side) filter(l Loader, host *seccomp.Architecture, w World, key string, lib int, t turn) *Filter {
	k := filterKey{l, host, key, lib, t}
	if f, ok := s.filters[k]; ok {
		return f
	}
	rk := filterKey{loader: l, host: host, world: key}
	r := s.resolved[rk]
	if r == nil {
		r = Resolve(s.Profile, l, w.Host(l, host))
		s.resolved[rk] = r
	}
	f := r.compile(s.index, t.runtime, t.version, s.libs[lib])
	s.filters[k] = f
	return f
}

// borders returns runc's border on an ABI in a world for each build of libseccomp; -1 for none. listed says that the profile lists the architecture, without which
// old releases of runc have no border there.
func (s *side) borders(l Loader, host *seccomp.Architecture, w World, key string, a *seccomp.Architecture) (borders []int, listed bool) {
	f := s.filter(l, host, w, key, 0, plain)
	listed = slices.ContainsFunc(f.Architectures, func(s seccomp.String) bool { return s.Text == a.Name })
	k := borderKey{l, host, a, key}
	if b, ok := s.heightIn[k]; ok {
		return b, listed
	}
	borders = make([]int, len(s.libs))
	none := f.Default.Runs() || f.Default.Action == "SCMP_ACT_TRACE" || !f.Covers(a)
	heights := s.heightsOn(a.ABI)
	for lib := range borders {
		if borders[lib] = -1; none {
			continue
		}
		for i, h := range heights[lib] {
			if f.live[i] != nil {
				borders[lib] = max(borders[lib], h)
			}
		}
	}
	s.heightIn[k] = borders
	return borders, listed
}

type borderKey struct {
	loader  Loader
	host, a *seccomp.Architecture
	world   string
}

// plain is a release of a runtime that adds nothing to what libseccomp does.
var plain = turn{"crun", crunReadsAllConds}

// fragile reports whether there may be a target for which libseccomp loses the number of the call on one of the ABIs (Filter.Unloaded), so that rules
// have to do with syscalls that they do not name: there is a rule about a name that the ABI does not have, and none without conditions about one that it has.
func (s *side) fragile(loaders []Loader, abis []string) bool {
	for _, l := range loaders {
		decides, foreign := map[string]bool{}, map[string]bool{}
		for i, r := range s.Rules {
			if OutcomeFor(r, l) == DefaultFor(s.Profile, l) {
				continue
			}
			always := !asks(r) && slices.ContainsFunc(s.index.first[i], func(p []Cond) bool { return len(p) == 0 }) && slices.ContainsFunc(s.index.parts[i], func(p []Cond) bool { return len(p) == 0 })
			for _, name := range r.Names {
				n := s.index.names[name.Text].Syscall
				if n == nil {
					continue
				}
				everywhere := !slices.ContainsFunc(s.libs, func(lib Libseccomp) bool { return !lib.Knows(n) })
				for _, abi := range abis {
					decides[abi] = decides[abi] || n.On(abi) && always && everywhere
					foreign[abi] = foreign[abi] || !n.On(abi)
				}
			}
		}
		for _, abi := range abis {
			if foreign[abi] && !decides[abi] && !seccomp.Multiplexes(abi) && (abi != "x86_64" || slices.Contains(abis, "x32")) {
				return true
			}
		}
	}
	return false
}

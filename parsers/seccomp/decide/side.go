package decide

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// side is one of the profiles that are compared, with what is found out about it on the way.
type side struct {
	*seccomp.Profile
	index   *index
	loaders []Loader
	libs    []Libseccomp
	// floors are the highest number that is named on an ABI whatever the target of a loader is: no border lies below.
	floors map[floorKey]int
	// commonFloor is a number that the floors of no side lie below; nil where none was looked for.
	commonFloor map[floorKey]int
	// heights are, by ABI, the highest number that each rule names, for each build of libseccomp.
	heights map[string][][]int
	// named are the syscalls that rules name, and knownTo says, for each of them, which builds of libseccomp know it.
	named     []*seccomp.Named
	knownTo   []bool
	filters   map[filterKey]*Filter
	remainder map[environmentKey]*remainder
	remainers map[string]*remainder // by what is equal for equal ones
	borders   map[borderKey]border
}

// floorKey is an ABI under a loader.
type floorKey struct {
	loader Loader
	abi    string
}

// remainder is what a loader leaves of a profile on a host. Environments in which it leaves the same rules have one.
type remainder struct {
	*Resolved
	live []*ResolvedRule // see Filter
}

type environmentKey struct {
	loader      Loader
	host        *seccomp.Architecture
	environment string
}

type filterKey struct {
	of      *remainder
	lib     int
	variant runtimeVariant
}

type borderKey struct {
	of   *remainder
	arch *seccomp.Architecture
}

func newSide(p *seccomp.Profile, loaders []Loader, libs []Libseccomp) *side {
	return &side{
		Profile: p, index: newIndex(p), loaders: loaders, libs: libs, floors: map[floorKey]int{},
		heights: map[string][][]int{}, filters: map[filterKey]*Filter{},
		remainder: map[environmentKey]*remainder{}, remainers: map[string]*remainder{}, borders: map[borderKey]border{},
	}
}

// asksContainer reports whether it depends on the container or the kernel whether Docker or containers/common leave a
// rule out.
func asksContainer(r *seccomp.Rule) bool {
	return len(r.Includes.Caps)+len(r.Excludes.Caps) > 0 || !r.Includes.MinKernel.Span.IsEmpty() ||
		!r.Excludes.MinKernel.Span.IsEmpty()
}

// keeps reports whether a loader keeps a rule whatever the host and the container are, and drops reports whether it
// never does.
func (s *side) keeps(l Loader, r *seccomp.Rule) bool {
	if readAs(s.Profile, l) == LoaderOCI {
		return !r.LegacyName
	}
	return !asksContainer(r) && len(r.Includes.Arches)+len(r.Excludes.Arches) == 0
}

func drops(l Loader, r *seccomp.Rule) bool { return l == LoaderOCI && r.LegacyName }

// asking returns those of some rules of which it depends on the container whether a loader leaves them out.
func (s *side) asking(rules []*seccomp.Rule) []*seccomp.Rule {
	if !slices.ContainsFunc(s.loaders, func(l Loader) bool { return readAs(s.Profile, l) != LoaderOCI }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(rules), func(r *seccomp.Rule) bool { return !asksContainer(r) })
}

// unconditionalMaxExcept returns the highest number that is named whatever the target of a loader is, also without
// the names that do not count; -1 for none.
func (s *side) unconditionalMaxExcept(not map[string]bool) map[floorKey]int {
	highest := map[floorKey]int{}
	for _, l := range s.loaders {
		for _, abi := range seccomp.ABIs() {
			highest[floorKey{l, abi}] = -1
		}
		for name, n := range s.index.names {
			if n.Syscall == nil || not[name] || !s.knownToAll(n.Syscall) ||
				!slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool { return s.keeps(l, s.Rules[u.Rule]) }) {
				continue
			}
			for abi, number := range n.Syscall.Numbers() {
				if k := (floorKey{l, abi}); number > max(highest[k], 0) && !n.Syscall.Multiplexed(abi) {
					highest[k] = number
				}
			}
		}
	}
	return highest
}

// knownToAll reports whether all targeted builds of libseccomp know a syscall.
func (s *side) knownToAll(call *seccomp.Syscall) bool {
	return !slices.ContainsFunc(s.libs, func(lib Libseccomp) bool { return !lib.Knows(call) })
}

// about returns the rules that ask about the container and that name a syscall, or one that is made through it.
func (s *side) about(syscall string) []*seccomp.Rule {
	var out []*seccomp.Rule
	add := func(name string) {
		if n := s.index.names[name]; n != nil {
			for _, u := range n.Uses {
				if r := s.Rules[u.Rule]; asksContainer(r) && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	add(syscall)
	if syscall == "socketcall" || syscall == "ipc" {
		for _, through := range seccomp.Multiplexed() {
			add(through.Name)
		}
	}
	return out
}

// askingRules returns the indexes of the rules that ask about the container.
func (s *side) askingRules() (indexes []int) {
	for j, r := range s.Rules {
		if asksContainer(r) {
			indexes = append(indexes, j)
		}
	}
	return indexes
}

// heightsOn returns, for each build of libseccomp, the highest number on an ABI that each rule names; -1 for none.
func (s *side) heightsOn(abi string) [][]int {
	if h, ok := s.heights[abi]; ok {
		return h
	}
	h := make([][]int, len(s.libs))
	for i := range h {
		h[i] = slices.Repeat([]int{-1}, len(s.Rules))
	}
	offset := hasOffset(architectureOfABI(abi))
	at := slices.Index(seccomp.ABIs(), abi)
	for n := range s.known() {
		number, ok := s.named[n].Syscall.At(at)
		if !ok || s.named[n].Syscall.Multiplexed(abi) || number == 0 && !offset { // to runc 0 is none
			continue
		}
		for i := range s.libs {
			if !s.knownTo[n*len(s.libs)+i] {
				continue
			}
			for _, u := range s.named[n].Uses {
				h[i][u.Rule] = max(h[i][u.Rule], number)
			}
		}
	}
	s.heights[abi] = h
	return h
}

// known fills in the syscalls that rules name, and which builds of libseccomp know each, and returns how many there
// are.
func (s *side) known() int {
	if s.named == nil {
		s.named = make([]*seccomp.Named, 0, len(s.index.names))
		s.knownTo = make([]bool, 0, len(s.index.names)*len(s.libs))
		for _, n := range s.index.names {
			if n.Syscall == nil {
				continue
			}
			s.named = append(s.named, n)
			for _, lib := range s.libs {
				s.knownTo = append(s.knownTo, lib.Knows(n.Syscall))
			}
		}
	}
	return len(s.named)
}

// floorOn returns the highest number on an ABI that is named whatever the target of a loader is; -1 for none.
func (s *side) floorOn(l Loader, abi string) int {
	key := floorKey{l, abi}
	if n, ok := s.floors[key]; ok {
		return n
	}
	floor := -1
	for i, heights := range s.heightsOn(abi) {
		highest := -1
		for j, r := range s.Rules {
			if s.keeps(l, r) {
				highest = max(highest, heights[j])
			}
		}
		if i == 0 || highest < floor {
			floor = highest
		}
	}
	s.floors[key] = floor
	return floor
}

func architectureOfABI(abi string) *seccomp.Architecture {
	for _, a := range seccomp.Architectures() {
		if a.ABI == abi {
			return a
		}
	}
	return nil
}

// covered returns the architectures that the filter of a loader on a host is for, and those that the profile lists.
func (s *side) covered(l Loader, host *seccomp.Architecture) (archs, listed []*seccomp.Architecture) {
	archs = []*seccomp.Architecture{host}
	names := s.Architectures
	if as := readAs(s.Profile, l); as != LoaderOCI && len(s.ArchMap) > 0 {
		names = archMapFor(s.Profile, as, Host{Arch: host})
	}
	for _, name := range names {
		if a, ok := seccomp.LookupArchitecture(name.Text); ok {
			if listed = append(listed, a); !slices.Contains(archs, a) {
				archs = append(archs, a)
			}
		}
	}
	return archs, listed
}

// remains returns what a loader leaves of the profile in an environment, whose key is key.
func (s *side) remains(l Loader, host *seccomp.Architecture, e environment, key string) *remainder {
	k := environmentKey{l, host, key}
	if r, ok := s.remainder[k]; ok {
		return r
	}
	r := Resolve(s.Profile, l, e.Host(l, host))
	live := r.live()
	same := make([]byte, 0, len(live)/8+64)
	same = append(append(same, byte(l)), host.Name...)
	for i, rule := range live {
		if i%8 == 0 {
			same = append(same, 0)
		}
		// Of one without names it matters whether it is handed on.
		if rule != nil || len(s.Rules[i].Names) == 0 && r.scopeOf(s.Rules[i]) == (Omission{}) {
			same[len(same)-1] |= 1 << (i % 8)
		}
	}
	of := s.remainers[string(same)]
	if of == nil {
		of = &remainder{r, live}
		s.remainers[string(same)] = of
	}
	s.remainder[k] = of
	return of
}

// filter returns what a runtime with a build of libseccomp makes of what a loader left of the profile.
func (s *side) filter(of *remainder, lib int, v runtimeVariant) *Filter {
	k := filterKey{of, lib, v}
	f, ok := s.filters[k]
	if !ok {
		f = of.Resolved.filter(s.index, of.live, v.runtime, v.version, s.libs[lib])
		s.filters[k] = f
	}
	return f
}

// border is runc's border on an ABI for one loader, host and environment.
type border struct {
	heights []int // for each build of libseccomp; -1 for none
	listed  bool  // the profile lists the architecture, without which old releases of runc have no border there
}

// height returns the border of a variant of runc and a build of libseccomp; -1 for none.
func (b border) height(v runtimeVariant, lib int) int {
	if !b.listed && v.listedOnly() || v.version.Less(firstStub) {
		return -1
	}
	return b.heights[lib]
}

// below reports whether a runtime answers ENOSYS to a number because the border lies below it.
func (b border) below(number int, v runtimeVariant, lib int) bool {
	if v.runtime != "runc" {
		return false
	}
	height := b.height(v, lib)
	return height >= 0 && number > height
}

// border returns runc's border on an ABI.
func (s *side) border(of *remainder, a *seccomp.Architecture) border {
	k := borderKey{of, a}
	b, ok := s.borders[k]
	if ok {
		return b
	}
	f := s.filter(of, 0, plainVariant)
	b = border{
		heights: slices.Repeat([]int{-1}, len(s.libs)),
		listed:  slices.ContainsFunc(of.Architectures, func(s seccomp.String) bool { return s.Text == a.Name }),
	}
	s.borders[k] = b
	if of.Default.Runs() || of.Default.Action == "SCMP_ACT_TRACE" || !f.Covers(a) {
		return b
	}
	for lib, heights := range s.heightsOn(a.ABI) {
		for i, h := range heights {
			if of.live[i] != nil {
				b.heights[lib] = max(b.heights[lib], h)
			}
		}
	}
	return b
}

// fragile reports whether there may be a target for which libseccomp loses the number of the call on one of the ABIs
// (Filter.Unloaded), so rules have to do with syscalls that they do not name: there are rules about names that the ABI
// does not have and about others, and none of these without conditions.
func (s *side) fragile(abis []string) bool {
	for _, l := range s.loaders {
		decides, foreign, own := make([]bool, len(abis)), make([]bool, len(abis)), make([]bool, len(abis))
		for i, r := range s.Rules {
			if drops(l, r) || OutcomeFor(r, l) == DefaultFor(s.Profile, l) {
				continue
			}
			always := s.keeps(l, r) && hasEmpty(s.index.first[i]) && hasEmpty(s.index.parts[i])
			for _, name := range r.Names {
				n := s.index.names[name.Text].Syscall
				if n == nil || !slices.Contains(decides, false) {
					continue
				}
				everywhere := always && s.knownToAll(n)
				for j, abi := range abis {
					if decides[j] {
						continue
					}
					on := n.On(abi)
					decides[j] = on && everywhere
					foreign[j] = foreign[j] || !on
					own[j] = own[j] || on || (abi == "x86_64" || abi == "x32") && (n.On("x86_64") || n.On("x32"))
				}
			}
		}
		for j, abi := range abis {
			beside := abi != "x86_64" || slices.Contains(abis, "x32")
			if foreign[j] && own[j] && !decides[j] && !seccomp.Multiplexes(abi) && beside {
				return true
			}
		}
	}
	return false
}

// hasEmpty reports whether one of the alternatives has no conditions.
func hasEmpty(alternatives [][]Cond) bool {
	return slices.ContainsFunc(alternatives, func(conds []Cond) bool { return len(conds) == 0 })
}

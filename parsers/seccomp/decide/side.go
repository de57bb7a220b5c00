package decide

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// side is one of the profiles that are compared, with what is found out about it on the way.
type side struct {
	*seccomp.Profile
	index *index
	libs  []Libseccomp
	// floors are, by ABI, the highest number that is named whatever the target is: no border lies below it.
	floors map[string]int
	// commonFloor is, by ABI, a number that the floors of no side lie below; nil where none was looked for.
	commonFloor map[string]int
	// heights are, by ABI, the highest number that each rule names, for each build of libseccomp.
	heights map[string][][]int
	// named are the syscalls that rules name, and knownTo says, for each of them, which builds of libseccomp know it.
	named    []*seccomp.Named
	knownTo  []bool
	filters  map[filterKey]*Filter
	resolved map[filterKey]*Resolved // lib and variant are not set
	borders  map[borderKey][]int
}

type filterKey struct {
	loader      Loader
	host        *seccomp.Architecture
	environment string
	lib         int
	variant     runtimeVariant
}

type borderKey struct {
	loader      Loader
	host, arch  *seccomp.Architecture
	environment string
}

func newSide(p *seccomp.Profile, libs []Libseccomp) *side {
	return &side{
		Profile: p, index: newIndex(p), libs: libs, floors: map[string]int{}, heights: map[string][][]int{},
		filters:  map[filterKey]*Filter{},
		resolved: map[filterKey]*Resolved{}, borders: map[borderKey][]int{},
	}
}

// isConditional reports whether a rule is left out for some targets.
func isConditional(r *seccomp.Rule) bool {
	scopes := len(r.Includes.Caps) + len(r.Includes.Arches) + len(r.Excludes.Caps) + len(r.Excludes.Arches)
	return scopes > 0 || !r.Includes.MinKernel.Span.IsEmpty() || !r.Excludes.MinKernel.Span.IsEmpty() || r.LegacyName
}

// unconditionalMaxExcept returns, by ABI, the highest number that is named whatever the target is, also without the
// names that do not count; -1 for none.
func (s *side) unconditionalMaxExcept(not map[string]bool) map[string]int {
	highest := map[string]int{}
	for _, abi := range seccomp.ABIs() {
		highest[abi] = -1
	}
	for name, n := range s.index.names {
		if n.Syscall == nil || not[name] || !s.knownToAll(n.Syscall) ||
			!slices.ContainsFunc(n.Uses, func(u seccomp.Use) bool { return !isConditional(s.Rules[u.Rule]) }) {
			continue
		}
		for abi, number := range n.Syscall.Numbers() {
			if number > max(highest[abi], 0) && !n.Syscall.Multiplexed(abi) {
				highest[abi] = number
			}
		}
	}
	return highest
}

// knownToAll reports whether all targeted builds of libseccomp know a syscall.
func (s *side) knownToAll(call *seccomp.Syscall) bool {
	return !slices.ContainsFunc(s.libs, func(lib Libseccomp) bool { return !lib.Knows(call) })
}

// about returns the conditional rules that have to do with what is done with a syscall: those that name it, and those
// by which runc's border may come to lie above or below its number.
func (s *side) about(syscall string) []*seccomp.Rule {
	var out []*seccomp.Rule
	add := func(name string) {
		if n := s.index.names[name]; n != nil {
			for _, u := range n.Uses {
				if r := s.Rules[u.Rule]; isConditional(r) && !slices.Contains(out, r) {
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
		if s.commonFloor != nil && s.commonFloor[abi] >= number || s.floorOn(abi) >= number {
			continue
		}
		for j, r := range s.Rules {
			if isConditional(r) && !slices.Contains(out, r) &&
				slices.ContainsFunc(s.heightsOn(abi), func(heights []int) bool { return heights[j] >= number }) {
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

// floorOn returns the highest number on an ABI that is named whatever the target is; -1 for none.
func (s *side) floorOn(abi string) int {
	if n, ok := s.floors[abi]; ok {
		return n
	}
	floor := -1
	for i, heights := range s.heightsOn(abi) {
		highest := -1
		for j, r := range s.Rules {
			if !isConditional(r) {
				highest = max(highest, heights[j])
			}
		}
		if i == 0 || highest < floor {
			floor = highest
		}
	}
	s.floors[abi] = floor
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
	if l != LoaderOCI && len(s.ArchMap) > 0 {
		names = archMapFor(s.Profile, l, Host{Arch: host})
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

// filter returns what a runtime with a build of libseccomp makes of the profile in an environment, whose key is key.
func (s *side) filter(l Loader, host *seccomp.Architecture, e environment, key string, lib int,
	v runtimeVariant) *Filter {
	k := filterKey{l, host, key, lib, v}
	if f, ok := s.filters[k]; ok {
		return f
	}
	rk := filterKey{loader: l, host: host, environment: key}
	r := s.resolved[rk]
	if r == nil {
		r = Resolve(s.Profile, l, e.Host(l, host))
		s.resolved[rk] = r
	}
	f := r.compile(s.index, v.runtime, v.version, s.libs[lib])
	s.filters[k] = f
	return f
}

// border is runc's border on an ABI for one loader, host and environment.
type border struct {
	heights []int // for each build of libseccomp; -1 for none
	listed  bool  // the profile lists the architecture, without which old releases of runc have no border there
}

// height returns the border of a variant of runc and a build of libseccomp; -1 for none.
func (b border) height(v runtimeVariant, lib int) int {
	if !b.listed && v.listedOnly() {
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

// border returns runc's border on an ABI in an environment, whose key is key.
func (s *side) border(l Loader, host *seccomp.Architecture, e environment, key string, a *seccomp.Architecture) border {
	f := s.filter(l, host, e, key, 0, plainVariant)
	b := border{listed: slices.ContainsFunc(f.Architectures, func(s seccomp.String) bool { return s.Text == a.Name })}
	k := borderKey{l, host, a, key}
	if known, ok := s.borders[k]; ok {
		b.heights = known
		return b
	}
	b.heights = slices.Repeat([]int{-1}, len(s.libs))
	s.borders[k] = b.heights
	if f.Default.Runs() || f.Default.Action == "SCMP_ACT_TRACE" || !f.Covers(a) {
		return b
	}
	for lib, heights := range s.heightsOn(a.ABI) {
		for i, h := range heights {
			if f.live[i] != nil {
				b.heights[lib] = max(b.heights[lib], h)
			}
		}
	}
	return b
}

// fragile reports whether there may be a target for which libseccomp loses the number of the call on one of the ABIs
// (Filter.Unloaded), so rules have to do with syscalls that they do not name: there is a rule about a name that
// the ABI does not have, and none without conditions about one that it has.
func (s *side) fragile(loaders []Loader, abis []string) bool {
	for _, l := range loaders {
		decides, foreign := make([]bool, len(abis)), make([]bool, len(abis))
		for i, r := range s.Rules {
			if OutcomeFor(r, l) == DefaultFor(s.Profile, l) {
				continue
			}
			always := !isConditional(r) && hasEmpty(s.index.first[i]) && hasEmpty(s.index.parts[i])
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
				}
			}
		}
		for j, abi := range abis {
			beside := abi != "x86_64" || slices.Contains(abis, "x32")
			if foreign[j] && !decides[j] && !seccomp.Multiplexes(abi) && beside {
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

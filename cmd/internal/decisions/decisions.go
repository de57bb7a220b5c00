// Package decisions shows what seccomp profiles decide in words and tables: explanations, decision tables,
// differences, and the facts about syscalls.
package decisions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Scope says for which targets, machines and containers a profile is evaluated. The zero Scope is that of most
// people: the loaders that read all fields of the file, the releases in wide use, x86_64 and aarch64, and containers
// that ask for no capabilities.
type Scope struct {
	Targets decide.Targets
	// Archs are the architectures of the calls; nil for the usual ones.
	Archs []*seccomp.Architecture
	// AllArchs takes every architecture that the profile lists for one of its hosts, instead of Archs.
	AllArchs bool
	Caps     Caps
	// Kernel is the release of Linux; the zero Version is that of Targets.
	Kernel seccomp.Version
}

// Caps is a bounding set of capabilities, put together as Docker's and Podman's flags do: what a container has
// without asking, and what is added.
type Caps struct {
	// All is every capability, None an empty set to begin with.
	All, None bool
	// Add are names of capabilities that are added.
	Add []string
}

// For returns the set in a container of a loader, sorted.
func (c Caps) For(l decide.Loader) []string {
	var set []string
	switch {
	case c.All:
		return seccomp.Capabilities()
	case !c.None:
		set = decide.DefaultCaps(l)
	}
	set = append(set, c.Add...)
	slices.Sort(set)
	return slices.Compact(set)
}

// ParseCaps reads capabilities: names, with or without CAP_ and in any case, or all, none, default.
func ParseCaps(words []string) (Caps, error) {
	var c Caps
	for _, w := range words {
		upper := strings.ToUpper(strings.TrimSpace(w))
		name := "CAP_" + strings.TrimPrefix(upper, "CAP_")
		switch {
		case upper == "" || upper == "DEFAULT":
		case upper == "ALL":
			c.All = true
		case upper == "NONE":
			c.None = true
		case slices.Contains(seccomp.Capabilities(), name):
			c.Add = append(c.Add, name)
		default:
			if near := seccomp.NearestCapability(w); near != "" {
				return c, fmt.Errorf("there is no capability %q; did you mean %q?", w, near)
			}
			return c,
				fmt.Errorf("there is no capability %q; one is CAP_SYS_ADMIN, and all, none and default are words "+
					"for sets", w)
		}
	}
	return c, nil
}

// ParseArch reads an architecture as profiles, Linux, Docker, Go or an OCI platform spell it: SCMP_ARCH_AARCH64,
// aarch64, arm64, linux/arm64.
func ParseArch(s string) (*seccomp.Architecture, error) {
	bare := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "linux/")
	for _, a := range seccomp.Architectures() {
		if bare == ArchName(a) || bare == strings.ToLower(a.Name) {
			return a, nil
		}
	}
	for _, a := range seccomp.Architectures() {
		if bare != "" && (bare == a.GOARCH || bare == a.Docker || bare == a.Containers) {
			return a, nil
		}
	}
	if a, ok := seccomp.LookupArchitecture(seccomp.NearestArchitecture(s)); ok {
		return nil, fmt.Errorf("there is no architecture %q; did you mean %q?", s, ArchName(a))
	}
	return nil, fmt.Errorf("there is no architecture %q; it is one of %s", s, strings.Join(ArchNames(), ", "))
}

// ArchName returns what people call an architecture: "x86_64", "mipsel64n32".
func ArchName(a *seccomp.Architecture) string {
	return strings.ToLower(strings.TrimPrefix(a.Name, "SCMP_ARCH_"))
}

// ArchNames returns the names of all architectures, in libseccomp's order.
func ArchNames() []string {
	var names []string
	for _, a := range seccomp.Architectures() {
		names = append(names, ArchName(a))
	}
	return names
}

// hostOf returns the architecture of the machine that runs programs of a.
func hostOf(a *seccomp.Architecture) *seccomp.Architecture {
	for _, h := range seccomp.Architectures() {
		if h.ABI == a.Native && h.BigEndian == a.BigEndian {
			return h
		}
	}
	return a
}

// numberOffsets are what the kernel adds to the numbers of libseccomp's tables.
var numberOffsets = map[string]int{"mips": 4000, "mips64": 5000, "mips64n32": 6000, "x32": 1 << 30}

// Number returns the number that a program passes to the kernel for a syscall on an ABI, with the offset of MIPS and
// the bit of x32.
func Number(s *seccomp.Syscall, abi string) (int, bool) {
	n, ok := s.Number(abi)
	return n + numberOffsets[abi], ok
}

// Named returns the syscall that has a number, as Number gives it, on an ABI.
func Named(abi string, number int) (*seccomp.Syscall, bool) {
	for _, name := range seccomp.Syscalls() {
		if s, ok := seccomp.LookupSyscall(name); ok {
			if n, ok := Number(s, abi); ok && n == number {
				return s, true
			}
		}
	}
	return nil, false
}

// A point is one target and the architecture of the calls.
type point struct {
	filter *decide.Filter
	arch   *seccomp.Architecture
	at     [dimensions]int // the place in the view's axes
}

// The dimensions in which points differ, in the order in which they are shown.
const (
	byLoader = iota
	byRuntime
	byLibseccomp
	byArch
	dimensions
)

// view is a profile as all targets of a scope see it. The points are all combinations of the values of its axes,
// those of the newest releases first.
type view struct {
	profile *seccomp.Profile
	targets decide.Targets
	points  []point
	loaders []decide.Loader
	// runtimes are "runc 1.5.3" and so on, newest first; libseccomps too.
	runtimes    []string
	libseccomps []string
	archs       []*seccomp.Architecture
	archNames   []string        // of archs, with the machine where an architecture is there twice
	exact       bool            // runtimes are named with their releases, even where all are there
	named       map[string]bool // the runtimes that the user targeted
}

type runtimeVersion struct {
	name    string
	version seccomp.Version
}

// newView compiles the profile for all targets of the scope; for the newest releases only where usual.
func newView(p *seccomp.Profile, s Scope, usual bool) *view {
	v := &view{profile: p, targets: s.Targets, loaders: s.Targets.Loaders(p), exact: usual, named: map[string]bool{}}
	targets := s.Targets.AllTargets(p)
	if usual {
		targets = s.Targets.Usual(p)
	}
	var runtimes []runtimeVersion
	var libs []decide.Libseccomp
	for _, t := range targets {
		if r := (runtimeVersion{t.Runtime, t.RuntimeVersion}); !slices.Contains(runtimes, r) {
			runtimes = append(runtimes, r)
		}
		if !slices.ContainsFunc(libs, func(l decide.Libseccomp) bool { return l.String() == t.Libseccomp.String() }) {
			libs = append(libs, t.Libseccomp)
		}
	}
	slices.SortStableFunc(runtimes, func(a, b runtimeVersion) int {
		if a.name != b.name {
			return strings.Compare(b.name, a.name) // runc, then crun
		}
		return b.version.Compare(a.version)
	})
	slices.SortStableFunc(libs, func(a, b decide.Libseccomp) int { return b.Version.Compare(a.Version) })
	for _, r := range runtimes {
		v.named[r.name] = s.Targets.Given(r.name)
		v.runtimes = append(v.runtimes, r.name+" "+release(r.version))
	}
	for _, l := range libs {
		v.libseccomps = append(v.libseccomps, l.String())
	}
	kernel := s.Kernel
	if kernel.IsZero() {
		kernel = targets[0].Host.Kernel
	}

	calls := s.calls(p, v.loaders)
	for _, c := range calls {
		v.archs = append(v.archs, c.arch)
		name := ArchName(c.arch)
		if slices.ContainsFunc(calls, func(o call) bool { return o.arch == c.arch && o.host != c.host }) {
			name += " on a host of " + ArchName(c.host)
		}
		v.archNames = append(v.archNames, name)
	}
	for li, l := range v.loaders {
		caps := s.Caps.For(l)
		for hi := range calls {
			if hi > 0 && calls[hi].host == calls[hi-1].host {
				continue // done with the one before
			}
			host := calls[hi].host
			resolved := decide.Resolve(p, l, decide.Host{Arch: host, Caps: caps, Kernel: kernel})
			for ri, r := range runtimes {
				for bi, lib := range libs {
					filter := resolved.Compile(r.name, r.version, lib)
					for ai := range calls {
						if calls[ai].host == host {
							v.points = append(v.points, point{filter, calls[ai].arch, [dimensions]int{li, ri, bi, ai}})
						}
					}
				}
			}
		}
	}
	return v
}

// release returns a version without the numbers that stand for the newest.
func release(v seccomp.Version) string {
	const any = 1 << 16
	switch {
	case v.Minor > any:
		return fmt.Sprint(v.Major)
	case v.Patch > any:
		return fmt.Sprintf("%d.%d", v.Major, v.Minor)
	}
	return v.String()
}

// call is an architecture of calls, and that of the machine.
type call struct{ arch, host *seccomp.Architecture }

// calls returns the architectures that are looked at, those of one host together.
func (s Scope) calls(p *seccomp.Profile, loaders []decide.Loader) []call {
	var out []call
	add := func(arch, host *seccomp.Architecture) {
		if !slices.Contains(out, call{arch, host}) {
			out = append(out, call{arch, host})
		}
	}
	hosts := p.Hosts()
	switch {
	case s.AllArchs:
		for _, h := range hosts {
			add(h, h)
			for _, l := range loaders {
				for _, name := range decide.Resolve(p, l, decide.Host{Arch: h}).Architectures {
					if a, ok := seccomp.LookupArchitecture(name.Text); ok && hostOf(a) == hostOf(h) {
						add(a, h)
					}
				}
			}
		}
	case len(s.Archs) > 0:
		for _, a := range s.Archs {
			// A machine may be of a 32-bit architecture itself, where the profile is for such.
			itself := slices.Contains(hosts, a)
			if !itself || slices.Contains(hosts, hostOf(a)) {
				add(a, hostOf(a))
			}
			if itself {
				add(a, a)
			}
		}
	default:
		for _, h := range hosts {
			if h.Name == "SCMP_ARCH_X86_64" || h.Name == "SCMP_ARCH_AARCH64" {
				add(h, h)
			}
		}
		if len(out) == 0 {
			for _, h := range hosts {
				add(h, h)
			}
		}
	}
	var together []call
	for i, first := range out {
		if slices.ContainsFunc(out[:i], func(c call) bool { return c.host == first.host }) {
			continue
		}
		for _, c := range out[i:] {
			if c.host == first.host {
				together = append(together, c)
			}
		}
	}
	return together
}

// group is the points that give one answer.
type group struct {
	points []point
	blocks []block
}

// block is a set of points that are all combinations of some loaders, runtimes, builds and architectures, by their
// places in the axes.
type block [dimensions][]int

// group returns the points of the view in groups of one key, that of the first point first.
func (v *view) group(key func(p point) string) []group {
	var groups []group
	index := map[string]int{}
	for _, p := range v.points {
		k := key(p)
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, group{})
		}
		groups[i].points = append(groups[i].points, p)
	}
	for i := range groups {
		at := make([][dimensions]int, len(groups[i].points))
		for j, p := range groups[i].points {
			at[j] = p.at
		}
		groups[i].blocks = blocks(at, 0)
	}
	return groups
}

// blocks returns a set of points as few blocks: values of a dimension with the same points in the others go together.
func blocks(points [][dimensions]int, d int) []block {
	if d == dimensions {
		return []block{{}}
	}
	rest := map[int][][dimensions]int{}
	var values []int
	for _, p := range points {
		if _, ok := rest[p[d]]; !ok {
			values = append(values, p[d])
		}
		value := p[d]
		p[d] = 0
		rest[value] = append(rest[value], p)
	}
	slices.Sort(values)
	together := map[string][]int{}
	var order []string
	for _, value := range values {
		slices.SortFunc(rest[value], func(a, b [dimensions]int) int { return slices.Compare(a[:], b[:]) })
		key := fmt.Sprint(rest[value])
		if together[key] == nil {
			order = append(order, key)
		}
		together[key] = append(together[key], value)
	}
	var out []block
	for _, key := range order {
		same := together[key]
		for _, b := range blocks(rest[same[0]], d+1) {
			b[d] = same
			out = append(out, b)
		}
	}
	return out
}

// who returns a block in words: "Docker and Podman with runc or crun on x86_64".
func (v *view) who(b block) string {
	var loaders, archs []string
	for _, i := range b[byLoader] {
		loaders = append(loaders, v.loaders[i].String())
	}
	for _, i := range b[byArch] {
		archs = append(archs, v.archNames[i])
	}
	s := list(loaders, "and") + " with " + v.runtimeWords(b[byRuntime])
	if len(b[byLibseccomp]) < len(v.libseccomps) {
		s += " and libseccomp " + v.releases(b[byLibseccomp])
	}
	if len(archs) == len(v.archs) && len(archs) > 4 {
		return s + " on all architectures"
	}
	return s + " on " + list(archs, "and")
}

// runtimeWords returns some of the runtimes in words; those whose targeted releases are all there without their
// numbers, unless it is one that the user targeted.
func (v *view) runtimeWords(some []int) string {
	var words []string
	for _, name := range []string{"runc", "crun"} {
		all, here := 0, []string(nil)
		for i, r := range v.runtimes {
			if strings.HasPrefix(r, name) {
				all++
				if slices.Contains(some, i) {
					here = append(here, r)
				}
			}
		}
		if all > 0 && len(here) == all && !v.exact && (all > 1 || !v.named[name]) {
			here = []string{name}
		}
		words = append(words, here...)
	}
	return list(words, "or")
}

// releases returns some of the builds of libseccomp in words, oldest first: "2.5.4 to 2.5.6 and 2.5.4-1+deb12u1".
func (v *view) releases(some []int) string {
	var words []string
	for i := len(v.libseccomps) - 1; i >= 0; i-- {
		if !slices.Contains(some, i) {
			continue
		}
		from := i
		if i > 0 && slices.Contains(some, i-1) && strings.HasPrefix(v.libseccomps[i], v.libseccomps[i-1]) {
			from = i - 1 // the release stands for the builds of it
		}
		for i > 0 && slices.Contains(some, i-1) {
			i--
		}
		switch from - i {
		case 0:
			words = append(words, v.libseccomps[i])
		case 1:
			words = append(words, v.libseccomps[from], v.libseccomps[i])
		default:
			words = append(words, v.libseccomps[from]+" to "+v.libseccomps[i])
		}
	}
	return list(words, "or")
}

// list returns words as people list them: "a, b and c".
func list(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + and + " " + words[len(words)-1]
}

// place returns "path:line:column".
func place(f *source.File, offset int) string {
	p := f.Position(offset)
	return fmt.Sprintf("%s:%d:%d", f.Path, p.Line, p.Column)
}

package decide

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// product is targets: each of the loaders with each of the hosts and so on.
type product struct {
	loaders, hosts, worlds, turns []int
	libs                          uint64
}

// products returns products that between them are the blocks.
func (d *differ) products(blocks []block) []product {
	if len(blocks) == 0 {
		return []product{{}}
	}
	libs := map[block]uint64{}
	for _, b := range blocks {
		one := b
		one.libs = 0
		libs[one] |= b.libs
	}
	if len(libs) < len(blocks) {
		blocks = slices.Clone(blocks)
		for i := range blocks {
			blocks[i].libs = 0
		}
		slices.SortFunc(blocks, func(a, b block) int {
			return cmp.Or(a.loader-b.loader, a.host-b.host, a.world-b.world, a.turn-b.turn)
		})
		blocks = slices.Compact(blocks)
		for i, b := range blocks {
			blocks[i].libs = libs[b]
		}
	}
	// What is left after each step are blocks that agree in all that was put together before.
	out := make([]product, len(blocks))
	for i, b := range blocks {
		out[i] = product{[]int{b.loader}, []int{b.host}, []int{b.world}, []int{b.turn}, b.libs}
	}
	dimensions := []func(p *product) *[]int{
		func(p *product) *[]int { return &p.turns },
		func(p *product) *[]int { return &p.worlds },
		func(p *product) *[]int { return &p.hosts },
		func(p *product) *[]int { return &p.loaders },
	}
	for _, dimension := range dimensions {
		at := map[string]int{}
		var joined []product
		for _, p := range out {
			rest := p
			*dimension(&rest) = nil
			key := rest.key()
			n, ok := at[key]
			if !ok {
				at[key] = len(joined)
				joined = append(joined, p)
				continue
			}
			into := dimension(&joined[n])
			*into = append(slices.Clip(*into), *dimension(&p)...)
		}
		for i := range joined {
			slices.Sort(*dimension(&joined[i]))
		}
		out = joined
	}
	return out
}

func (p product) key() string {
	var k []byte
	for _, list := range [][]int{p.loaders, p.hosts, p.worlds, p.turns} {
		for _, n := range list {
			k = append(k, byte(n), byte(n>>8))
		}
		k = append(k, 0xff, 0xff)
	}
	for i := range 8 {
		k = append(k, byte(p.libs>>(8*i)))
	}
	return string(k)
}

// someTargets returns targets of a product.
func (d *differ) someTargets(p product, worlds []World) []Target {
	var out []Target
	for _, l := range p.loaders {
		for _, h := range p.hosts {
			for _, w := range p.worlds {
				for _, t := range p.turns {
					for lib, build := range d.libs {
						if len(out) == 16 {
							return out
						}
						if p.libs&(1<<lib) != 0 {
							out = append(out, Target{d.loaders[l], worlds[w].Host(d.loaders[l], d.hosts[h]), d.turns[t].runtime, d.turns[t].version, build})
							break
						}
					}
				}
			}
		}
	}
	return out
}

// words returns a product in words: "Docker, runc before 1.1.15, libseccomp 2.5.6 or newer, containers with CAP_BPF"; "" for all targets. An abi
// of "" stands for all.
func (d *differ) words(p product, worlds []World, abi string) string {
	var parts []string
	if p.libs == 0 {
		return ""
	}
	if len(p.loaders) < len(d.loaders) {
		var names []string
		for _, l := range p.loaders {
			names = append(names, d.loaders[l].String())
		}
		parts = append(parts, and(names))
	}
	if w := d.turnWords(p.turns); w != "" {
		parts = append(parts, w)
	}
	if w := d.libWords(p.libs); w != "" {
		parts = append(parts, w)
	}
	if w := worldWords(p.worlds, worlds); w != "" {
		parts = append(parts, w)
	}
	on := 0 // hosts that have the ABI
	for _, h := range d.hosts {
		if abi == "" || h.Native == architectureOfABI(abi).Native {
			on++
		}
	}
	if on > len(p.hosts) {
		var names []string
		for _, h := range p.hosts {
			names = append(names, strings.ToLower(strings.TrimPrefix(d.hosts[h].Name, "SCMP_ARCH_")))
		}
		parts = append(parts, "hosts of "+and(names))
	}
	return strings.Join(parts, ", ")
}

func (d *differ) turnWords(turns []int) string {
	if len(turns) == len(d.turns) {
		return ""
	}
	var names []string
	for _, runtime := range []string{"runc", "crun"} {
		var all []seccomp.Version
		var in []int
		for i, t := range d.turns {
			if t.runtime != runtime {
				continue
			}
			if slices.Contains(turns, i) {
				in = append(in, len(all))
			}
			all = append(all, t.version)
		}
		if len(in) > 0 {
			names = append(names, releaseWords(runtime, all, in))
		}
	}
	return and(names)
}

// releaseWords returns releases in words, given by their positions in the list of all releases that make a difference, oldest first.
func releaseWords(program string, all []seccomp.Version, in []int) string {
	first, last := in[0], in[len(in)-1]
	switch {
	case len(in) == len(all):
		return program
	case last-first+1 != len(in):
	case first == 0:
		return program + " before " + all[last+1].String()
	case last == len(all)-1:
		return program + " " + all[first].String() + " or newer"
	default:
		return program + " from " + all[first].String() + " to before " + all[last+1].String()
	}
	var names []string
	for _, i := range in {
		names = append(names, all[i].String())
	}
	return program + " " + and(names)
}

func (d *differ) libWords(libs uint64) string {
	if bits.OnesCount64(libs) == len(d.libs) {
		return ""
	}
	sorted := make([]int, len(d.libs))
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return d.libs[a].Version.Compare(d.libs[b].Version) })
	var in, releases []int // positions in the order of releases, without distributions' builds
	var builds []string
	for _, lib := range sorted {
		has := libs&(1<<lib) != 0
		if d.libs[lib].Build != "" {
			if has {
				builds = append(builds, d.libs[lib].String())
			}
			continue
		}
		if has {
			in = append(in, len(releases))
		}
		releases = append(releases, lib)
	}
	var versions []seccomp.Version
	for _, lib := range releases {
		versions = append(versions, d.libs[lib].Version)
	}
	switch {
	case len(in) == 0:
		return "libseccomp " + and(builds)
	case len(in) == 1:
		return "libseccomp " + and(append([]string{versions[in[0]].String()}, builds...))
	}
	return and(append([]string{releaseWords("libseccomp", versions, in)}, builds...))
}

// worldWords returns those of the worlds in words: "containers with CAP_BPF"; "" for all of them.
func worldWords(some []int, worlds []World) string {
	if len(some) == len(worlds) {
		return ""
	}
	var kernels []seccomp.Version // newest first
	for _, w := range worlds {
		if !slices.Contains(kernels, w.Kernel) {
			kernels = append(kernels, w.Kernel)
		}
	}
	slices.SortFunc(kernels, func(a, b seccomp.Version) int { return b.Compare(a) })
	kernel := func(v seccomp.Version) string {
		release := func(i int) string { return fmt.Sprintf("%d.%d", kernels[i].Major, kernels[i].Minor) }
		switch i := slices.Index(kernels, v); {
		case len(kernels) == 1:
			return ""
		case i == 0:
			return "Linux " + release(0) + " or newer"
		case i == len(kernels)-1:
			return "Linux before " + release(i-1)
		default:
			return "Linux from " + release(i) + " to before " + release(i-1)
		}
	}
	in := map[string]bool{}
	for _, i := range some {
		in[worlds[i].key()] = true
	}
	// What all of them have in common describes them if it describes no other.
	common := func(has func(World) bool) []string {
		var lists [][]string
		for _, w := range worlds {
			if !has(w) {
				continue
			}
			var literals []string
			for _, c := range w.Has {
				literals = append(literals, "with "+c)
			}
			for _, c := range w.Lacks {
				literals = append(literals, "without "+c)
			}
			if k := kernel(w.Kernel); k != "" {
				literals = append(literals, "on "+k)
			}
			lists = append(lists, literals)
		}
		shared := lists[0]
		for _, l := range lists[1:] {
			shared = slices.DeleteFunc(slices.Clone(shared), func(s string) bool { return !slices.Contains(l, s) })
		}
		if len(shared) == 0 {
			return nil
		}
		for _, w := range worlds {
			if !has(w) && !slices.ContainsFunc(shared, func(s string) bool { return !w.meets(s, kernel) }) {
				return nil
			}
		}
		return shared
	}
	if l := common(func(w World) bool { return in[w.key()] }); l != nil {
		return "containers " + and(l)
	}
	if l := common(func(w World) bool { return !in[w.key()] }); l != nil {
		return "containers, but not those " + and(l)
	}
	if len(some) > 6 {
		return "some containers"
	}
	var names []string
	for _, i := range some {
		w := worlds[i]
		var one []string
		if len(w.Has) > 0 {
			one = append(one, "with "+and(w.Has))
		}
		if len(w.Lacks) > 0 {
			one = append(one, "without "+and(w.Lacks))
		}
		if k := kernel(w.Kernel); k != "" {
			one = append(one, "on "+k)
		}
		names = append(names, strings.Join(one, " "))
	}
	return "containers " + strings.Join(names, ", or ")
}

// meets reports whether a literal of worldWords is true in the world.
func (w World) meets(literal string, kernel func(seccomp.Version) string) bool {
	how, what, _ := strings.Cut(literal, " ")
	switch how {
	case "with":
		return slices.Contains(w.Has, what)
	case "without":
		return slices.Contains(w.Lacks, what)
	}
	return kernel(w.Kernel) == what
}

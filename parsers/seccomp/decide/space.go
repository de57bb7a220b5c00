package decide

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// runtimeVariant is a release of a runtime that works in its own way.
type runtimeVariant struct {
	runtime string
	version seccomp.Version
}

// plainVariant is a release of a runtime that adds nothing to what libseccomp does.
var plainVariant = runtimeVariant{"crun", crunReadsAllConds}

// readsFirst reports whether only the first six conditions of a rule are read.
func (v runtimeVariant) readsFirst() bool {
	return v.runtime == "crun" && v.version.Less(crunReadsAllConds)
}

// listedOnly reports whether there is a border for listed architectures only.
func (v runtimeVariant) listedOnly() bool { return v.version.Less(stubForNative) }

// ownDefault reports whether the release takes another default action than others.
func (v runtimeVariant) ownDefault() bool {
	return v.runtime == "runc" && v.version.Less(readsDefaultErrno)
}

// variants returns a targeted release of a runtime for each way in which it works, where the releases of since are the
// first of their way, those with Version.Debian among Debian's packages: the oldest of each way, or the newest of all
// where there is one way.
func (t Targets) variants(runtime string, since []seccomp.Version) (out []runtimeVariant) {
	type way struct {
		reached int // how many of since
		debian  bool
	}
	ways := map[way]seccomp.Version{} // the oldest targeted release of each
	for _, r := range t.Ranges(runtime) {
		packaged := r.packaged().Debian
		steps := slices.DeleteFunc(slices.Clone(since),
			func(v seccomp.Version) bool { return v.Debian && !packaged })
		slices.SortFunc(steps, seccomp.Version.Compare)
		steps = slices.CompactFunc(steps, func(a, b seccomp.Version) bool { return a.Compare(b) == 0 })
		reached := func(v seccomp.Version) int {
			n, found := slices.BinarySearchFunc(steps, v, seccomp.Version.Compare)
			if found {
				n++
			}
			return n
		}
		for n := reached(r.From); n <= reached(r.To); n++ {
			v := r.From
			if n > reached(r.From) {
				v = steps[n-1]
			}
			v.Debian = packaged
			if old, ok := ways[way{n, packaged}]; !ok || v.Less(old) {
				ways[way{n, packaged}] = v
			}
		}
	}
	if len(ways) == 1 {
		return []runtimeVariant{{runtime, t.newestOf(runtime)}}
	}
	for _, v := range ways {
		out = append(out, runtimeVariant{runtime, v})
	}
	slices.SortFunc(out, func(a, b runtimeVariant) int {
		if n := a.version.Compare(b.version); n != 0 || a.version.Debian == b.version.Debian {
			return n
		}
		if a.version.Debian {
			return -1
		}
		return 1
	})
	return out
}

// buildGroup is builds of libseccomp that are looked at together.
type buildGroup struct {
	first int    // one of them
	knows bool   // whether they know the syscall in question
	set   uint64 // bits by index in differ.libs
}

// eachBuild returns the builds of libseccomp, each on its own.
func (d *differ) eachBuild() []buildGroup {
	out := make([]buildGroup, len(d.libs))
	for i := range out {
		out[i] = buildGroup{first: i, set: 1 << i}
	}
	return out
}

// query says which targets are asked for. Loaders and hosts are always those of the differ.
type query struct {
	environments []environment
	variants     []runtimeVariant
	builds       []buildGroup
	// whole says that the question is about whole filters, not about the calls of an ABI: target.arch is nil.
	whole bool
	// syscall restricts the ABIs to those that have it; nil for no restriction.
	syscall *seccomp.Syscall
	// bordered reports whether runc's border may matter on an ABI to the number of syscall there; nil for no.
	bordered func(l Loader, abi string, number int) bool
}

// place is a loader on a host in an environment, and an ABI for which both profiles' filters are.
type place struct {
	loader      Loader
	host, arch  *seccomp.Architecture
	environment environment
	// old and new return what the loader leaves of each profile there.
	old, new func() *remainder
	// number is that of the syscall in question on the ABI.
	number int
	// bordered says that runc's border may matter; before and after are set only then.
	bordered      bool
	before, after border
	// sameBorders says that before and after are equal.
	sameBorders bool
}

// target is one point of the space: a place, a runtime and some builds of libseccomp.
type target struct {
	*place
	variant runtimeVariant
	builds  buildGroup
	block   block // where it stands
}

// space iterates over the targets of a query, each as indexes of its axes grow: loader, host, ABI, environment, runtime
// variant, builds of libseccomp. The target is valid until the next one.
func (d *differ) space(q query) iter.Seq[*target] {
	return func(yield func(*target) bool) {
		keys := make([]string, len(q.environments))
		for i, e := range q.environments {
			keys[i] = e.key()
		}
		for p, at := range d.places(q, keys) {
			for vi, v := range q.variants {
				for _, g := range q.builds {
					at.variant, at.libs = vi, g.set
					if !yield(&target{p, v, g, at}) {
						return
					}
				}
			}
		}
	}
}

// places iterates over the places of a query.
func (d *differ) places(q query, keys []string) iter.Seq2[*place, block] {
	return func(yield func(*place, block) bool) {
		for li, l := range d.loaders {
			for hi, h := range d.hosts {
				archs := d.shared[li][hi]
				if q.whole {
					archs = []*seccomp.Architecture{nil}
				}
				for _, a := range archs {
					number, on := 0, true
					if q.syscall != nil {
						number, on = q.syscall.Number(a.ABI)
					}
					if !on {
						continue
					}
					bordered := q.bordered != nil && q.bordered(l, a.ABI, number)
					for ei, e := range q.environments {
						p := &place{
							loader: l, host: h, arch: a, environment: e, number: number, sameBorders: true,
						}
						p.old = remains(d.old, p, keys[ei])
						p.new = remains(d.new, p, keys[ei])
						if p.bordered = bordered; bordered {
							d.setBorders(p)
						}
						if !yield(p, block{loader: li, host: hi, environment: ei}) {
							return
						}
					}
				}
			}
		}
	}
}

// remains returns a function that returns what the loader leaves of a profile at a place, once it is asked for.
func remains(s *side, p *place, key string) func() *remainder {
	var r *remainder
	return func() *remainder {
		if r == nil {
			r = s.remains(p.loader, p.host, p.environment, key)
		}
		return r
	}
}

func (d *differ) setBorders(p *place) {
	p.before = d.old.border(p.old(), p.arch)
	p.after = d.new.border(p.new(), p.arch)
	p.sameBorders = p.before.listed == p.after.listed && slices.Equal(p.before.heights, p.after.heights)
}

// borderMove is a target for which runc's border is at different heights in the two profiles; -1 for none.
type borderMove struct {
	*target
	heightBefore, heightAfter int
}

// borderMoves iterates over the targets for which runc's border moved.
func (d *differ) borderMoves(environments []environment) iter.Seq[borderMove] {
	return func(yield func(borderMove) bool) {
		q := query{
			environments: environments, variants: d.variants, builds: d.eachBuild(),
			bordered: func(_ Loader, abi string, _ int) bool { return d.bordersMayMove(abi) },
		}
		for t := range d.space(q) {
			if t.sameBorders || t.variant.runtime != "runc" {
				continue
			}
			before, after := t.before.height(t.variant, t.builds.first), t.after.height(t.variant, t.builds.first)
			if before != after && !yield(borderMove{t, before, after}) {
				return
			}
		}
	}
}

// block is the place of targets in the space: the indexes on its axes, and a set of builds of libseccomp.
type block struct {
	loader, host, environment, variant int
	libs                               uint64
}

// addBlock adds targets to those that were added before, of which the last may differ in libseccomp only.
func addBlock(blocks []block, b block) []block {
	if n := len(blocks) - 1; n >= 0 {
		last := blocks[n]
		if last.libs = b.libs; last == b {
			blocks[n].libs |= b.libs
			return blocks
		}
	}
	return append(blocks, b)
}

// grouped are targets by what was found out about them.
type grouped[K comparable] struct {
	keys   []K // in the order in which they were found
	blocks map[K][]block
}

func (g *grouped[K]) add(key K, b block) {
	if g.blocks == nil {
		g.blocks = map[K][]block{}
	}
	if g.blocks[key] == nil {
		g.keys = append(g.keys, key)
	}
	g.blocks[key] = addBlock(g.blocks[key], b)
}

// product is targets: each of the loaders with each of the hosts and so on, by their indexes.
type product struct {
	loaders, hosts, environments, variants []int
	libs                                   uint64
}

// products returns products that between them are the blocks, whose environments are given.
func (d *differ) products(blocks []block, environments []environment) []product {
	if len(blocks) == 0 {
		return []product{{}}
	}
	blocks = mergeBuilds(blocks)
	// What is left after each step are products that differ in the axes that follow.
	out := make([]product, len(blocks))
	for i, b := range blocks {
		out[i] = product{[]int{b.loader}, []int{b.host}, []int{b.environment}, []int{b.variant}, b.libs}
	}
	axes := []func(p *product) *[]int{
		func(p *product) *[]int { return &p.variants },
		func(p *product) *[]int { return &p.environments },
		func(p *product) *[]int { return &p.hosts },
		func(p *product) *[]int { return &p.loaders },
	}
	if len(environments) > 0 && environments[0].named != nil { // of which more can be said together
		axes[0], axes[1] = axes[1], axes[0]
	}
	for _, axis := range axes {
		at := map[string]int{}
		var joined []product
		for _, p := range out {
			rest := p
			*axis(&rest) = nil
			key := rest.key()
			n, ok := at[key]
			if !ok {
				at[key] = len(joined)
				joined = append(joined, p)
				continue
			}
			into := axis(&joined[n])
			*into = append(slices.Clip(*into), *axis(&p)...)
		}
		for i := range joined {
			slices.Sort(*axis(&joined[i]))
		}
		out = joined
	}
	return out
}

// mergeBuilds puts blocks together that differ only in the builds of libseccomp.
func mergeBuilds(blocks []block) []block {
	libs := map[block]uint64{}
	for _, b := range blocks {
		one := b
		one.libs = 0
		libs[one] |= b.libs
	}
	if len(libs) == len(blocks) {
		return blocks
	}
	blocks = slices.Clone(blocks)
	for i := range blocks {
		blocks[i].libs = 0
	}
	slices.SortFunc(blocks, func(a, b block) int {
		return cmp.Or(a.loader-b.loader, a.host-b.host, a.environment-b.environment, a.variant-b.variant)
	})
	blocks = slices.Compact(blocks)
	for i, b := range blocks {
		blocks[i].libs = libs[b]
	}
	return blocks
}

// key is equal for equal products.
func (p product) key() string {
	var k []byte
	for _, list := range [][]int{p.loaders, p.hosts, p.environments, p.variants} {
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
func (d *differ) someTargets(p product, environments []environment) []Target {
	const few = 16
	var out []Target
	if p.libs == 0 {
		return nil
	}
	lib := d.libs[bits.TrailingZeros64(p.libs)]
	for _, l := range p.loaders {
		for _, h := range p.hosts {
			for _, e := range p.environments {
				for _, v := range p.variants {
					if len(out) == few {
						return out
					}
					loader, variant := d.loaders[l], d.variants[v]
					host := environments[e].Host(loader, d.hosts[h])
					out = append(out, Target{loader, host, variant.runtime, variant.version, lib})
				}
			}
		}
	}
	return out
}

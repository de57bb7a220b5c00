package decide

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// TargetSet is a set of the targets that were compared: each of its loaders with each of its hosts and so on. The zero
// TargetSet is all of them.
type TargetSet struct {
	// Loaders are the loaders; nil for all.
	Loaders []Loader
	// Runtimes are the releases of the runtimes, runc's first; nil for all.
	Runtimes []Releases
	// Libseccomp are the builds of libseccomp; nil for all.
	Libseccomp *Releases
	// Containers are the containers and kernels.
	Containers Containers
	// Hosts are the architectures of the machines; nil for all that can run the ABI in question.
	Hosts []*seccomp.Architecture
}

// Releases are releases of a program that work alike. Where From, Before and Only are zero, they are all upstream
// releases that are targeted.
type Releases struct {
	// Program is "runc", "crun" or "libseccomp".
	Program string
	// From is the oldest one, and Before the first newer one that is not among them; zero where there is no such bound.
	From, Before seccomp.Version
	// Only are the releases and builds where these are no range: "2.5.4", "2.5.4-1+deb12u1".
	Only []string
	// Also are builds of distributions that are among them too.
	Also []string
}

// Containers says in which containers, and on which kernels, something holds. The zero Containers are all.
type Containers struct {
	// AnyOf are conditions of which the container must meet one.
	AnyOf []ContainerCondition
	// Except says that it must meet none of AnyOf instead.
	Except bool
	// Some says that it holds in some of these containers only, those about which more would have to be said.
	Some bool
}

// All reports whether these are all containers, on every targeted kernel.
func (c Containers) All() bool { return len(c.AnyOf) == 0 && !c.Some }

// ContainerCondition is what a container must be to meet the condition.
type ContainerCondition struct {
	// Has and Lacks are capabilities, sorted.
	Has, Lacks []string
	// KernelFrom is the oldest release of Linux, and KernelBefore the first newer one that is too new; zero for no
	// bound.
	KernelFrom, KernelBefore seccomp.Version
}

// All reports whether the set is all targets that were compared.
func (s TargetSet) All() bool {
	return s.Loaders == nil && s.Runtimes == nil && s.Libseccomp == nil && s.Hosts == nil && s.Containers.All()
}

// key is equal for equal sets.
func (s TargetSet) key() string {
	var hosts []string
	for _, h := range s.Hosts {
		hosts = append(hosts, h.Name)
	}
	lib := Releases{}
	if s.Libseccomp != nil {
		lib = *s.Libseccomp
	}
	return fmt.Sprintf("%d %q %q %q %q", s.Loaders, s.Runtimes, lib, fmt.Sprint(s.Containers), hosts)
}

// targetSet describes a product. An abi of "" stands for all.
func (d *differ) targetSet(p product, environments []environment, abi string) TargetSet {
	var s TargetSet
	if p.libs == 0 {
		return s
	}
	if len(p.loaders) < len(d.loaders) {
		for _, l := range p.loaders {
			s.Loaders = append(s.Loaders, d.loaders[l])
		}
	}
	s.Runtimes = d.runtimeReleases(p.variants)
	s.Libseccomp = d.libseccompReleases(p.libs)
	s.Containers = containersOf(p.environments, environments)
	able := 0 // hosts that have the ABI
	for _, h := range d.hosts {
		if abi == "" || h.Native == architectureOfABI(abi).Native {
			able++
		}
	}
	if able > len(p.hosts) {
		for _, h := range p.hosts {
			s.Hosts = append(s.Hosts, d.hosts[h])
		}
	}
	return s
}

// runtimeReleases describes some of the variants of the runtimes; nil for all of them.
func (d *differ) runtimeReleases(variants []int) []Releases {
	if len(variants) == len(d.variants) {
		return nil
	}
	var out []Releases
	for _, runtime := range []string{"runc", "crun"} {
		var all []seccomp.Version
		var in []int
		for i, v := range d.variants {
			if v.runtime != runtime {
				continue
			}
			if slices.Contains(variants, i) {
				in = append(in, len(all))
			}
			all = append(all, v.version)
		}
		if len(in) > 0 {
			out = append(out, releasesOf(runtime, all, in))
		}
	}
	return out
}

// releasesOf describes releases that are given by their indexes in the list of all releases that make a difference,
// oldest first.
func releasesOf(program string, all []seccomp.Version, in []int) Releases {
	out := Releases{Program: program}
	first, last := in[0], in[len(in)-1]
	packaged := func(v seccomp.Version) bool { return v.Debian }
	if last-first+1 != len(in) || slices.ContainsFunc(all, packaged) {
		for _, i := range in {
			name := all[i].String()
			if packaged(all[i]) {
				name += " as Debian builds it"
			}
			out.Only = append(out.Only, name)
		}
		return out
	}
	if first > 0 {
		out.From = all[first]
	}
	if last < len(all)-1 {
		out.Before = all[last+1]
	}
	return out
}

// libseccompReleases describes some of the builds of libseccomp; nil for all of them.
func (d *differ) libseccompReleases(libs uint64) *Releases {
	if bits.OnesCount64(libs) == len(d.libs) {
		return nil
	}
	sorted := make([]int, len(d.libs))
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return d.libs[a].Version.Compare(d.libs[b].Version) })
	var in []int // the indexes in versions of those that are in the set
	var versions []seccomp.Version
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
			in = append(in, len(versions))
		}
		versions = append(versions, d.libs[lib].Version)
	}
	var out Releases
	switch {
	case len(in) == 0:
		return &Releases{Program: "libseccomp", Only: builds}
	case len(in) == 1:
		return &Releases{Program: "libseccomp", Only: append([]string{versions[in[0]].String()}, builds...)}
	}
	if out = releasesOf("libseccomp", versions, in); out.Only != nil {
		out.Only = append(out.Only, builds...)
	} else {
		out.Also = builds
	}
	return &out
}

// containersOf describes some of the environments, which are given by their indexes.
func containersOf(some []int, environments []environment) Containers {
	if len(some) == len(environments) {
		return Containers{}
	}
	if environments[0].named != nil {
		return containersNamed(some, environments)
	}
	conditions := conditionsOf(environments)
	in := make([]bool, len(environments))
	for _, i := range some {
		in[i] = true
	}
	// What all of them have in common describes them if it describes no other one.
	if c, ok := common(conditions, func(i int) bool { return in[i] }); ok {
		return Containers{AnyOf: []ContainerCondition{c}}
	}
	if c, ok := common(conditions, func(i int) bool { return !in[i] }); ok {
		return Containers{AnyOf: []ContainerCondition{c}, Except: true}
	}
	const few = 6
	if len(some) > few {
		return Containers{Some: true}
	}
	var out Containers
	for _, i := range some {
		out.AnyOf = append(out.AnyOf, conditions[i])
	}
	return out
}

// containersNamed is containersOf for environments that stand for others too: all that can be said of them is what
// rules about the syscall ask, which is exact where it is all that matters.
func containersNamed(some []int, environments []environment) Containers {
	var named []environment
	at := map[string]int{}
	left := map[int]int{} // how many environments that are not among some say so
	index := make([]int, len(environments))
	for i, e := range environments {
		one := environment{Has: e.named.Has, Lacks: e.named.Lacks, Kernel: e.Kernel}
		key := one.key()
		if _, ok := at[key]; !ok {
			at[key] = len(named)
			named = append(named, one)
		}
		index[i] = at[key]
		left[index[i]]++
	}
	var in []int
	for _, i := range some {
		left[index[i]]--
		in = appendNew(in, index[i])
	}
	exact := !slices.ContainsFunc(in, func(i int) bool { return left[i] > 0 })
	if exact {
		return containersOf(in, named)
	}
	out := Containers{Some: true}
	if c := containersOf(in, named); len(c.AnyOf) == 1 && !c.Except {
		out.AnyOf = c.AnyOf
	}
	return out
}

// conditionsOf returns the conditions that each of the environments alone meets.
func conditionsOf(environments []environment) []ContainerCondition {
	var kernels []seccomp.Version // newest first
	for _, e := range environments {
		if !slices.Contains(kernels, e.Kernel) {
			kernels = append(kernels, e.Kernel)
		}
	}
	slices.SortFunc(kernels, func(a, b seccomp.Version) int { return b.Compare(a) })
	out := make([]ContainerCondition, len(environments))
	for i, e := range environments {
		c := ContainerCondition{Has: e.Has, Lacks: e.Lacks}
		n := slices.Index(kernels, e.Kernel)
		if n > 0 {
			c.KernelBefore = kernels[n-1]
		}
		if n < len(kernels)-1 {
			c.KernelFrom = e.Kernel
		}
		out[i] = c
	}
	return out
}

// common returns what the chosen conditions have in common; false where that is nothing, or where others meet it too.
func common(conditions []ContainerCondition, chosen func(int) bool) (ContainerCondition, bool) {
	var shared ContainerCondition
	first := true
	for i, c := range conditions {
		switch {
		case !chosen(i):
		case first:
			shared, first = ContainerCondition{
				slices.Clone(c.Has), slices.Clone(c.Lacks), c.KernelFrom, c.KernelBefore,
			}, false
		default:
			shared.Has = slices.DeleteFunc(shared.Has, func(s string) bool { return !slices.Contains(c.Has, s) })
			shared.Lacks = slices.DeleteFunc(shared.Lacks, func(s string) bool { return !slices.Contains(c.Lacks, s) })
			if c.KernelFrom != shared.KernelFrom || c.KernelBefore != shared.KernelBefore {
				shared.KernelFrom, shared.KernelBefore = seccomp.Version{}, seccomp.Version{}
			}
		}
	}
	if len(shared.Has)+len(shared.Lacks) == 0 && shared.KernelFrom.IsZero() && shared.KernelBefore.IsZero() {
		return ContainerCondition{}, false
	}
	for i, c := range conditions {
		if !chosen(i) && c.implies(shared) {
			return ContainerCondition{}, false
		}
	}
	return shared, true
}

// implies reports whether what meets c, a condition of one environment, meets o, which is made of such conditions.
func (c ContainerCondition) implies(o ContainerCondition) bool {
	kernel := o.KernelFrom.IsZero() && o.KernelBefore.IsZero() ||
		c.KernelFrom == o.KernelFrom && c.KernelBefore == o.KernelBefore
	return kernel && !slices.ContainsFunc(o.Has, func(s string) bool { return !slices.Contains(c.Has, s) }) &&
		!slices.ContainsFunc(o.Lacks, func(s string) bool { return !slices.Contains(c.Lacks, s) })
}

package seccomp

import "slices"

// Hosts returns the architectures of the machines that a profile is made for: those of archMap, those that the listed architectures are native on, or else x86_64
// and aarch64.
func (p *Profile) Hosts() []*Architecture {
	var hosts []*Architecture
	add := func(a *Architecture, ok bool) {
		if ok && !slices.Contains(hosts, a) {
			hosts = append(hosts, a)
		}
	}
	for _, m := range p.ArchMap {
		add(LookupArchitecture(m.Architecture.Text))
	}
	if len(p.ArchMap) == 0 {
		for _, name := range p.Architectures {
			if a, ok := LookupArchitecture(name.Text); ok {
				add(a.host(), true)
			}
		}
	}
	if len(hosts) == 0 {
		add(LookupArchitecture("SCMP_ARCH_X86_64"))
		add(LookupArchitecture("SCMP_ARCH_AARCH64"))
	}
	return hosts
}

// host returns the architecture of the kernel that runs programs of a, of the same byte order.
func (a *Architecture) host() *Architecture {
	for _, h := range architectures() {
		if h.ABI == a.Native && h.BigEndian == a.BigEndian {
			return h
		}
	}
	return a
}

// Usual returns, for each loader, runtime and host that a profile is for, the target of the newest releases with the capabilities of a container that asks for
// none: what most people get. It is what a rule looks at that asks what a profile does; one that asks whether something changes looks at Points.
//
// The loaders are those of Loaders where none are given.
func (t Targets) Usual(p *Profile, loaders ...Loader) []Target {
	if len(loaders) == 0 {
		loaders = t.Loaders(p)
	}
	libs := t.Libseccomps()
	newest := libs[0]
	for _, l := range libs {
		if newest.Version.Less(l.Version) {
			newest = l
		}
	}
	var out []Target
	for _, l := range loaders {
		for _, runtime := range t.Runtimes() {
			for _, a := range p.Hosts() {
				out = append(out, Target{l, Host{Arch: a, Caps: DefaultCaps(l), Kernel: t.newestKernel()}, runtime, t.newestOf(runtime), newest})
			}
		}
	}
	return out
}

func (t Targets) newestOf(consumer string) Version {
	v := t.Range(consumer).To
	if v.Patch == endless {
		v.Patch = endless - 1
	}
	return v
}

// newestKernel is the newest targeted release of Linux; the zero Version, which allows every minKernel, where the user named none.
func (t Targets) newestKernel() Version {
	if !t.Given("kernel") {
		return Version{}
	}
	return t.Range("kernel").To
}

// Points returns every target that may make another filter of a profile: its loaders, the hosts, the runtimes before and after each release that changed what they do, and
// every build of libseccomp. Capabilities and the kernel are those of Usual; Worlds gives the others.
func (t Targets) Points(p *Profile, loaders ...Loader) []Target {
	if len(loaders) == 0 {
		loaders = t.Loaders(p)
	}
	var out []Target
	for _, l := range loaders {
		for _, a := range p.Hosts() {
			for _, runtime := range t.Runtimes() {
				for _, v := range t.turns(runtime) {
					for _, lib := range t.Libseccomps() {
						out = append(out, Target{l, Host{Arch: a, Caps: DefaultCaps(l), Kernel: t.newestKernel()}, runtime, v, lib})
					}
				}
			}
		}
	}
	return out
}

// turns returns one release of a runtime for each way of working in the targeted range, newest last.
func (t Targets) turns(runtime string) []Version {
	r := t.Range(runtime)
	turn := crunReadsAllConds
	if runtime == "runc" {
		turn = stubForNative
	}
	if r.From.Less(turn) && !r.To.Less(turn) {
		return []Version{r.From, t.newestOf(runtime)}
	}
	return []Version{t.newestOf(runtime)}
}

package decide

import "github.com/sandlint/sandlint/parsers/seccomp"

// Usual returns, for each loader, runtime and host that a profile is for, the target of the newest releases with the
// capabilities of a container that asks for none: what most people get. Rules that ask what a
// profile does use it; those that ask whether something changes use AllTargets.
//
// The loaders are those of Loaders where none are given.
func (t Targets) Usual(p *seccomp.Profile, loaders ...Loader) []Target {
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
				out = append(out,
					Target{
						l, Host{Arch: a, Caps: DefaultCaps(l), Kernel: t.newestKernel()}, runtime, t.newestOf(runtime),
						newest,
					})
			}
		}
	}
	return out
}

func (t Targets) newestOf(consumer string) seccomp.Version {
	v := t.Range(consumer).To
	if v.Patch == endless {
		v.Patch = endless - 1
	}
	return v
}

// newestKernel is the newest targeted release of Linux; the zero Version, which allows every minKernel, where the
// user named none.
func (t Targets) newestKernel() seccomp.Version {
	if !t.Given("kernel") {
		return seccomp.Version{}
	}
	return t.Range("kernel").To
}

// AllTargets returns every target that may make another filter of a profile: its loaders, the hosts, the runtimes
// before and after each release that changed what they do, and every build of libseccomp. Capabilities and the kernel
// are those of Usual.
func (t Targets) AllTargets(p *seccomp.Profile, loaders ...Loader) []Target {
	if len(loaders) == 0 {
		loaders = t.Loaders(p)
	}
	var out []Target
	for _, l := range loaders {
		for _, a := range p.Hosts() {
			for _, runtime := range t.Runtimes() {
				for _, v := range t.representatives(runtime) {
					for _, lib := range t.Libseccomps() {
						out = append(out,
							Target{l, Host{Arch: a, Caps: DefaultCaps(l), Kernel: t.newestKernel()}, runtime, v, lib})
					}
				}
			}
		}
	}
	return out
}

// representatives returns one release of a runtime for each way of working in the targeted range, newest last.
func (t Targets) representatives(runtime string) []seccomp.Version {
	var out []seccomp.Version
	for _, v := range t.variants(runtime, waysOf(runtime)) {
		out = append(out, v.version)
	}
	if newest := t.newestOf(runtime); len(out) > 1 && out[len(out)-1].Debian == newest.Debian {
		out[len(out)-1] = newest
	}
	return out
}

// Representative returns the release that AllTargets takes for a targeted release of a runtime.
func (t Targets) Representative(runtime string, v seccomp.Version) seccomp.Version {
	variants := t.variants(runtime, waysOf(runtime))
	n := len(variants) - 1
	for n > 0 && v.Less(variants[n].version) {
		n--
	}
	return t.representatives(runtime)[n]
}

// waysOf returns the releases since which a runtime makes another filter of what it is given, oldest first.
func waysOf(runtime string) []seccomp.Version {
	if runtime == "runc" {
		return []seccomp.Version{firstStub, readsDefaultErrno, stubForNative}
	}
	return []seccomp.Version{crunReadsAllConds}
}

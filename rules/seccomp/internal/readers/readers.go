// Package readers knows which programs read a profile.
package readers

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
)

// Reads reports whether a loader is one of those that read the profile.
func Reads(p *rules.Pass, profile *workspace.Profile, l decide.Loader) bool {
	return slices.Contains(profile.Loaders(p.Targets().Seccomp), l)
}

// RuntimeReads reports whether a runtime, "runc" or "crun", reads the bytes of the file itself. All others get what a
// loader made of them.
func RuntimeReads(p *rules.Pass, profile *workspace.Profile, runtime string) bool {
	return profile.Dialect == seccomp.Bundle && slices.Contains(p.Targets().Seccomp.Runtimes(), runtime)
}

// AsIs reports whether a plain profile is for a runtime that the user named without a program that would read the file
// for it, so the runtime gets the bytes of the file, as in a bundle.
func AsIs(p *rules.Pass, profile *workspace.Profile, runtime string) bool {
	t := p.Targets().Seccomp
	return profile.Dialect == seccomp.OCI && t.Given(runtime) &&
		!t.Given("docker", "podman", "cri-o", "containerd", "kubernetes")
}

// Go returns the programs that read the profile with Go's encoding/json, for messages; crun is the only one that does
// not.
func Go(p *rules.Pass, profile *workspace.Profile) []string {
	switch profile.Dialect {
	case seccomp.Bundle:
		if RuntimeReads(p, profile, "runc") {
			return []string{"runc"}
		}
		return nil
	case seccomp.SPO:
		return []string{"the API server"}
	}
	return Loaders(p, profile, decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI)
}

// Loaders returns the names of those of some loaders that read the profile.
func Loaders(p *rules.Pass, profile *workspace.Profile, loaders ...decide.Loader) (names []string) {
	for _, l := range loaders {
		if Reads(p, profile, l) {
			names = append(names, l.String())
		}
	}
	return names
}

// Plain returns who reads the profile as LoaderOCI, for messages.
func Plain(p *rules.Pass, profile *workspace.Profile) string {
	switch profile.Dialect {
	case seccomp.Bundle:
		return phrase.List(p.Targets().Seccomp.Runtimes())
	case seccomp.SPO:
		return "the security-profiles-operator"
	}
	return decide.LoaderOCI.String()
}

// MayRunOn reports whether the includes and excludes of a rule let it be in force on a host.
func MayRunOn(rule *seccomp.Rule, l decide.Loader, host *seccomp.Architecture) bool {
	if l == decide.LoaderOCI {
		return true
	}
	is := func(s seccomp.String) bool { return s.Text == HostName(l, host) }
	return !slices.ContainsFunc(rule.Excludes.Arches, is) &&
		(len(rule.Includes.Arches) == 0 || slices.ContainsFunc(rule.Includes.Arches, is))
}

// HostName returns how a loader names a host in arches; "" for one that it does not know.
func HostName(l decide.Loader, a *seccomp.Architecture) string {
	if l == decide.LoaderContainers {
		return a.Containers
	}
	return a.Docker
}

// Only reports whether a runtime is the only one that the profile is for.
func Only(p *rules.Pass, runtime string) bool {
	return slices.Equal(p.Targets().Seccomp.Runtimes(), []string{runtime})
}

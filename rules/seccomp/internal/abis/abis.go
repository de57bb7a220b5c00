// Package abis knows for which ABIs a profile is made.
package abis

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// OnAny reports whether one of the ABIs has a syscall, by itself or as a part of socketcall(2) or ipc(2), to which
// libseccomp adds its rules.
func OnAny(s *seccomp.Syscall, abis []string) bool {
	return slices.ContainsFunc(abis, func(abi string) bool { return s.On(abi) || s.Multiplexed(abi) })
}

// Listed returns the ABIs for which a profile's filter is made as far as the file says so; nil where it does not. The
// native one belongs to every filter, so of each listed architecture counts too. A profile with archMap is also for
// hosts that archMap does not name.
func Listed(profile *workspace.Profile) []string {
	if len(profile.ArchMap) > 0 {
		return nil
	}
	var abis []string
	for _, name := range profile.Architectures {
		a, ok := seccomp.LookupArchitecture(name.Text)
		if !ok {
			return nil
		}
		for _, abi := range []string{a.ABI, a.Native} {
			if !slices.Contains(abis, abi) {
				abis = append(abis, abi)
			}
		}
	}
	return abis
}

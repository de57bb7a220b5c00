package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var unknownFilterArch = &rules.Rule{
	ID:       "seccomp/unknown-filter-arch",
	Summary:  "an architecture in includes or excludes has a name that no host has, so it never matches",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: goToNative",
		"containers/common v0.67.0, pkg/seccomp/seccomp_linux.go, with libseccomp-golang's names of architectures",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		docker, podman := readers.Reads(p, profile, decide.LoaderDocker),
			readers.Reads(p, profile, decide.LoaderContainers)
		if !docker && !podman {
			return // no loader reads the field
		}
		// name returns how the readers call an architecture.
		name := func(a *seccomp.Architecture) string {
			if docker && a.Docker != "" {
				return a.Docker
			}
			return a.Containers
		}
		known := map[string]bool{}
		for _, a := range seccomp.Architectures() {
			known[a.Docker] = known[a.Docker] || docker
			known[a.Containers] = known[a.Containers] || podman
		}
		// The mark of what is not a host; not a host either, but in every list of the default profiles.
		known[""], known["x32"] = false, true
		for _, rule := range profile.Rules {
			for n, list := range [][]seccomp.String{rule.Includes.Arches, rule.Excludes.Arches} {
				var given map[string]bool // the list as a set
				some := false
				for _, arch := range list {
					if known[arch.Text] {
						continue
					}
					if given == nil {
						given = literals.Set(list)
						some = slices.ContainsFunc(list, func(s seccomp.String) bool { return known[s.Text] })
					}
					effect := "it excludes nothing"
					if n == 0 {
						effect = "the rule is left out there"
						if !some {
							effect = "the rule is always left out"
						}
					}
					finding := report.At(profile, arch.Span,
						fmt.Sprintf("architecture %q is not the name of a host, so %s", arch.Text, effect))
					if a, ok := seccomp.LookupArchitecture(seccomp.NearestArchitecture(arch.Text)); ok &&
						name(a) != "" {
						near := name(a)
						finding.Message += fmt.Sprintf("; did you mean %q?", near)
						if !given[near] {
							edits := fixseccomp.ReplaceString(profile.Profile, arch, near)
							finding.Fixes = fixes.Edited(profile, "Rename to "+near, fixers.Unsafe, edits,
								fixers.Changes{fixseccomp.Syscalls(literals.Texts(rule.Names)), fixers.Reveals{}})
						}
					}
					p.Report(finding)
				}
			}
		}
	}),
}

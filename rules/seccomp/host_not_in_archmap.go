package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var hostNotInArchmap = &rules.Rule{
	ID:       "seccomp/host-not-in-archmap",
	Summary:  "archMap has no entry for a host, or one for something that is not a host, so 32-bit programs are killed",
	Severity: rules.Info,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: goToNative, nativeToSeccomp",
		"containers/common v0.67.0, pkg/seccomp/seccomp_linux.go: nativeToSeccomp has seven hosts",
		"libseccomp: a call of an ABI that is not in the filter gets the bad-architecture action, which is to kill",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		var loaders []decide.Loader
		for _, l := range []decide.Loader{decide.LoaderDocker, decide.LoaderContainers} {
			if readers.Reads(p, profile, l) {
				loaders = append(loaders, l)
			}
		}
		if len(loaders) == 0 || len(profile.ArchMap) == 0 || len(profile.Architectures) > 0 {
			return
		}
		for _, entry := range profile.ArchMap {
			a, ok := seccomp.LookupArchitecture(entry.Architecture.Text)
			if !ok || len(entry.SubArchitectures) == 0 ||
				slices.ContainsFunc(loaders, func(l decide.Loader) bool { return takes(l, a) }) {
				continue
			}
			names := readers.Loaders(p, profile, loaders...)
			for i := range names {
				names[i] += "'s"
			}
			p.Report(report.At(profile, entry.Architecture.Span,
				fmt.Sprintf("%q is not one of %s hosts, so the entry is never used", a.Name, phrase.List(names))))
		}
		var shown []string
		for _, platform := range p.Targets().Platforms {
			os, arch, _ := strings.Cut(platform, "/")
			arch, _, _ = strings.Cut(arch, "/")
			a, ok := seccomp.ArchitectureOf(arch)
			if !ok || os != "linux" || slices.Contains(shown, arch) || !hasOthers(a) {
				continue
			}
			if slices.ContainsFunc(profile.ArchMap,
				func(m seccomp.ArchMap) bool { return m.Architecture.Text == a.Name }) {
				continue
			}
			shown = append(shown, arch)
			p.Report(report.At(profile, archMapKey(profile),
				fmt.Sprintf(`"archMap" has no entry for linux/%s, so the filter there is for %s alone and kills `+
					`programs of its other ABIs`, arch, a.Name)))
		}
	}),
}

// takes reports whether a loader looks for an entry of archMap on machines of an architecture.
func takes(l decide.Loader, a *seccomp.Architecture) bool {
	if a.Docker == "x32" || l == decide.LoaderDocker && a.Docker == "" {
		return false // no kernel reports it
	}
	name := seccomp.String{Text: a.Name}
	probe := seccomp.Profile{
		DefaultAction: seccomp.String{Text: "SCMP_ACT_ALLOW"}, ArchMap: []seccomp.ArchMap{{Architecture: name}},
	}
	return len(decide.Resolve(&probe, l, decide.Host{Arch: a}).Architectures) > 0
}

// hasOthers reports whether a machine runs programs of other architectures than its own.
func hasOthers(a *seccomp.Architecture) bool {
	return slices.ContainsFunc(seccomp.Architectures(), func(b *seccomp.Architecture) bool {
		return b != a && b.Native == a.ABI && a.Bits == 64 && b.BigEndian == a.BigEndian
	})
}

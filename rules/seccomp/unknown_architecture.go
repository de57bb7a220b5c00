package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var unknownArchitecture = &rules.Rule{
	ID:       "seccomp/unknown-architecture",
	Summary:  "an architecture has a name that runtimes do not know, so they refuse the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp",
		"runc, libcontainer/seccomp/config.go: ConvertStringToArch; crun, src/libcrun/seccomp.c",
		"moby/profiles, seccomp/seccomp_linux.go: archMap takes the first entry for the host, and ignores the others",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, name := range profile.Architectures {
			if a, ok := seccomp.LookupArchitecture(name.Text); ok {
				support.Report(p, profile, "architecture", name, a.Support, "libseccomp", "runc", "crun")
				continue
			}
			reportArchitecture(p, profile, name, "", profile.Architectures)
		}
		if !readers.Reads(p, profile, decide.LoaderDocker) && !readers.Reads(p, profile, decide.LoaderContainers) {
			return // no loader reads archMap
		}
		var hosts []seccomp.String
		for _, entry := range profile.ArchMap {
			hosts = append(hosts, entry.Architecture)
		}
		for _, entry := range profile.ArchMap {
			if _, ok := seccomp.LookupArchitecture(entry.Architecture.Text); !ok && !entry.Architecture.Span.IsEmpty() {
				reportArchitecture(p, profile, entry.Architecture, ", so the entry is for no host", hosts)
			}
			for _, name := range entry.SubArchitectures {
				if _, ok := seccomp.LookupArchitecture(name.Text); !ok {
					reportArchitecture(p, profile, name, "", entry.SubArchitectures)
				}
			}
		}
	}),
}

// reportArchitecture reports a name that no architecture has. It is renamed only where the list does not have the
// near one already.
func reportArchitecture(p *rules.Pass, profile *workspace.Profile, name seccomp.String, effect string,
	list []seccomp.String) {
	if name.Text == "SCMP_ARCH_NATIVE" {
		p.Report(report.At(profile, name.Span,
			`architecture "SCMP_ARCH_NATIVE" is refused by runc and crun; the native architecture needs no mention`))
		return
	}
	finding := report.At(profile, name.Span, fmt.Sprintf("architecture %q is unknown%s", name.Text, effect))
	if crunTakesArchitecture(name.Text) && readers.Only(p, "crun") {
		finding.Severity = rules.Info
		finding.Message = fmt.Sprintf("architecture %q is known to crun only", name.Text)
	}
	if near := seccomp.NearestArchitecture(name.Text); near != "" {
		finding.Message += fmt.Sprintf("; did you mean %q?", near)
		if !slices.ContainsFunc(list, func(s seccomp.String) bool { return s.Text == near }) && isKnown(p, near) {
			finding.Fixes = fixes.Replace(profile, "Rename to "+near, fixers.Unsafe, name.Span, phrase.Quote(near),
				fixers.Changes{fixers.Repair{}, fixers.Reveals{}})
		}
	}
	p.Report(finding)
}

// isKnown reports whether some targeted release of each consumer knows an architecture.
func isKnown(p *rules.Pass, name string) bool {
	a, ok := seccomp.LookupArchitecture(name)
	missing, lacks := support.Find(p, a.Support, "libseccomp", "runc", "crun")
	return ok && !(lacks && missing.Extent == decide.AllReleases)
}

// crunTakesArchitecture reports whether crun, unlike all others, knows an architecture by an unknown name: it accepts
// any case, and needs no SCMP_ARCH_ before it.
func crunTakesArchitecture(name string) bool {
	bare := strings.TrimPrefix(name, "SCMP_ARCH_")
	_, ok := seccomp.LookupArchitecture("SCMP_ARCH_" + strings.ToUpper(bare))
	return ok
}

package seccomp

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
	"github.com/sandlint/sandlint/rules/seccomp/internal/support"
)

var flagNotSupported = &rules.Rule{
	ID:       "seccomp/flag-not-supported",
	Summary:  "a filter flag is newer than a targeted runtime, which refuses the profile",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"runc 1.1.5, libcontainer/specconv/spec_linux.go: \"seccomp flags are not yet supported by runc\"",
		"runc 1.2.0 and 1.5.0, libcontainer/seccomp/config.go: SupportedFlags; crun 0.9 and 1.6, src/libcrun/seccomp.c",
		"libseccomp 2.6.0: SCMP_FLTATR_CTL_WAITKILL, by which runc sets SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for i, name := range profile.Flags {
			flag, ok := seccomp.LookupFlag(name.Text)
			if !ok {
				continue
			}
			consumers := []string{"runc", "crun"}
			if !readers.Only(p, "crun") { // which gives the flags to the kernel itself
				consumers = append(consumers, "libseccomp")
			}
			l, ok := support.Find(p, flag.Support, consumers...)
			if !ok {
				continue
			}
			message := fmt.Sprintf("flag %q is unknown to %s", name.Text, l)
			if l.Consumer == "runc" && !runcFlags.Less(l.Since) {
				message = fmt.Sprintf("flag %q is in a profile for runc %s, which refuses all flags; %s is the "+
					"first release that accepts them", name.Text, l.Releases, l.Since)
				if l.Extent == decide.SomeReleases {
					message = fmt.Sprintf("flag %q makes runc before %s refuse the profile", name.Text, l.Since)
				}
			}
			finding := report.At(profile, name.Span, message)
			if finding.Severity = l.Severity(); finding.Severity != rules.Info { // else most of the targets take it
				finding.Fixes = deleteFlag(profile, i)
			}
			p.Report(finding)
		}
	}),
}

// runcFlags is the first release of runc that accepts a profile with flags.
var runcFlags = seccomp.Version{Major: 1, Minor: 2}

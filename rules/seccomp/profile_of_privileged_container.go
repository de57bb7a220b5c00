package seccomp

import (
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
)

// loadsWhenPrivileged is the first major release of Docker that loads the profile of a privileged container.
const loadsWhenPrivileged = 27

var profileOfPrivilegedContainer = &rules.Rule{
	ID:       "seccomp/profile-of-privileged-container",
	Summary:  "a service has a profile and is privileged, so Docker before 27 does not load the profile",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"moby/moby#47499: `--privileged` drops the profile that `--security-opt seccomp` names (reported, not run)",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		docker := p.Targets().Seccomp.Range("docker")
		if !readers.Reads(p, profile, decide.LoaderDocker) || docker.From.Major >= loadsWhenPrivileged {
			return
		}
		for _, use := range profile.Uses {
			if !use.Privileged {
				continue
			}
			finding := rules.Finding{
				File: use.File, Span: use.Span,
				Message: "the container is privileged, so Docker before 27 silently runs it without the profile",
			}
			if docker.To.Major < loadsWhenPrivileged {
				finding.Severity = rules.Warning
			}
			p.Report(finding)
		}
	}),
}

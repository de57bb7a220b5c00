package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/sshd"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var stackedDisables = &rules.Rule{
	ID:       "sandbox/stacked-disables",
	Summary:  "a program runs without its own sandbox in a container that confines nothing either",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Chromium, docs/linux/sandboxing.md",
		"Docker, docs: Seccomp security profiles for Docker",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		builder(p, run)
		outer := rules.Finding{}
		seccomp, hasSeccomp := run.Option("seccomp")
		how := ""
		switch {
		case run.IsPrivileged() && !run.Privileged.Overridable:
			outer.File, outer.Span, how = run.Privileged.File, run.Privileged.Span, "is privileged"
		case hasSeccomp && seccomp.Value.Is("unconfined") && !seccomp.Value.Overridable:
			outer.File, outer.Span, how = seccomp.Value.File, seccomp.Span, "has no seccomp profile"
		default:
			return
		}
		inner, what, off := starts.Of(p, run).Disabled()
		if !off {
			return
		}
		outer.Message = fmt.Sprintf("%s %s, and %s is off as well: nothing stands between what it runs and the kernel",
			run.What(), how, what)
		outer.Related = []rules.Related{inner}
		p.Report(outer)
	}),
}

// builder checks a container with an SSH server whose clients have Nix build for them.
func builder(p *rules.Pass, run *runs.Run) {
	for _, port := range run.Ports {
		if port.Container != "22" || !port.Everywhere() || port.Value.Overridable {
			continue
		}
		s := starts.Of(p, run)
		if s.Image == nil || sshd.Server(s.Image) == nil {
			return
		}
		if place, ok := s.Unconfined(); ok {
			p.Report(rules.Finding{
				File: port.Value.File, Span: port.Value.Span, Related: []rules.Related{place},
				Message: fmt.Sprintf("%q publishes an SSH server, and Nix builds for its clients without its sandbox "+
					"and without its syscall filter, so nothing stands between a build and the container",
					port.Value.Text),
			})
		}
		return
	}
}

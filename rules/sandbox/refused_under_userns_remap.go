package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
)

var refusedUnderUsernsRemap = &rules.Rule{
	ID:       "sandbox/refused-under-userns-remap",
	Summary:  "Docker refuses a container, because its daemon is configured to remap user namespaces",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"moby, daemon/daemon_unix.go, verifyPlatformContainerSettings: `privileged mode is incompatible with user " +
			"namespaces`",
		"Docker, docs: Isolate containers with a user namespace",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if run.Engine != runs.Docker || run.Host == runs.Configuration || run.Userns.IsSet() {
			return
		}
		d := p.Workspace.Daemon()
		if d == nil || !d.Userns.Known || d.Userns.Text == "" {
			return
		}
		report := func(v runs.Value, what, answer string) {
			p.Report(rules.Finding{
				File: v.File, Span: v.Span,
				Related: []rules.Related{
					{File: d.Source, Span: d.Userns.Span, Message: "the daemon remaps user namespaces"},
				},
				Message: fmt.Sprintf("%s %s without the host's user namespace, which Docker refuses while %s sets "+
					"userns-remap: %q", run.What(), what, d.Source.Path, answer),
			})
		}
		switch {
		case run.IsPrivileged() && !run.Privileged.Overridable:
			report(run.Privileged, "is privileged", "privileged mode is incompatible with user namespaces")
		case run.Network.Is("host"):
			report(run.Network, "shares the host's network",
				"cannot share the host's network namespace when user namespaces are enabled")
		case run.PID.Is("host"):
			report(run.PID, "shares the host's PID namespace",
				"cannot share the host PID namespace when user namespaces are enabled")
		}
	}),
}

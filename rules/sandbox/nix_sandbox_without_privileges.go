package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var nixSandboxWithoutPrivileges = &rules.Rule{
	ID:       "sandbox/nix-sandbox-without-privileges",
	Summary:  "Nix insists on its sandbox in a container that is run without the privileges for one",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox, sandbox-fallback",
		"measured with Nix 2.8.0 (`cloning builder process: Operation not permitted`) and 2.34.8 " +
			"(`this system does not support the kernel namespaces that are required for sandboxing`)",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if starts.PodmanOnly(p, run) || run.Engine != runs.Docker || run.MayBePrivileged() || !run.Certain() ||
			run.Host == runs.Devcontainer {
			return
		}
		_, hasSeccomp := run.Option("seccomp")
		if _, admin := run.Adds("SYS_ADMIN"); hasSeccomp || admin {
			return
		}
		n := starts.Of(p, run).Sandbox()
		if n == nil || !n.Nix || n.Fallback {
			return
		}
		finding := rules.Finding{
			File: run.File, Span: run.Span, Related: []rules.Related{n.Place},
			Message: fmt.Sprintf("%s starts %q with sandbox-fallback = false and without the privileges that Nix's "+
				"sandbox needs, so whatever Nix has to build fails", run.What(), n.Label),
		}
		if n.Demand != nil {
			finding.Related = append(finding.Related, *n.Demand)
		}
		p.Report(finding)
	}),
}

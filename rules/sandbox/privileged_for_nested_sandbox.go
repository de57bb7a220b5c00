package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var privilegedForNestedSandbox = &rules.Rule{
	ID:       "sandbox/privileged-for-nested-sandbox",
	Summary:  "a container is privileged only to run a sandbox, which needs far less",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"measured with bubblewrap 0.8.0 and Nix 2.34.8 in containers of runc, one name removed at a time",
		"NixOS/docker, README: the sandbox works with --privileged",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if !run.IsPrivileged() || run.Privileged.Overridable || starts.PodmanOnly(p, run) ||
			run.Engine != runs.Docker || run.Host == runs.Command || len(run.Devices) > 0 || len(run.CapAdd) > 0 ||
			run.PID.IsSet() || run.Open {
			return
		}
		n := starts.Of(p, run).Sandbox()
		if n == nil || !n.Alone {
			return
		}
		finding := rules.Finding{
			File: run.Privileged.File, Span: run.Privileged.Span, Related: []rules.Related{n.Place},
		}
		calls := "clone, unshare, mount, umount2 and pivot_root"
		if n.Nix {
			finding.Severity = rules.Info // as Nix's documentation says
			calls = "clone, unshare, mount, umount2, pivot_root, sethostname and setdomainname"
		}
		finding.Message = fmt.Sprintf("%s is privileged and only starts %s, whose sandbox needs no more than a "+
			"profile that allows %s, and systempaths=unconfined", run.What(), n.Label, calls)
		p.Report(finding)
	}),
}

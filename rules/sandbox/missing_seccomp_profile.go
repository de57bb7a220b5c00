package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
)

var missingSeccompProfile = &rules.Rule{
	ID:       "sandbox/missing-seccomp-profile",
	Summary:  "a container is to run under a seccomp profile that is not there",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"docker compose, pkg/compose/create.go, parseSecurityOpts: `opening seccomp profile (…) failed`",
		"docker/cli, cli/command/container/opts.go, parseSecurityOpts",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		for _, o := range run.Options {
			if o.Name != "seccomp" || !o.Value.Known || o.Value.Overridable {
				continue
			}
			if path, missing := p.Workspace.MissingProfile(run, o); missing {
				p.Report(rules.Finding{
					File: o.Value.File, Span: o.Value.Span,
					Message: fmt.Sprintf("there is no seccomp profile %s, so %s does not start", path, run.What()),
					Fixes:   respell(p, run, o),
				})
			}
		}
	}),
}

// respell returns the fix that names the profile beside which the missing one would be, where its name is nearly the
// same.
func respell(p *rules.Pass, run *runs.Run, o runs.Option) []fixers.Fix {
	near := p.Workspace.NearProfile(run, o)
	f := o.Value.File
	if near == "" || run.Host != runs.Compose || f.Text(o.Value.Span) != o.Value.Text {
		return nil
	}
	edit, change, ok := fixvalues.Replace(f, p.Workspace.Outline(f), o.Value.Span, near)
	if !ok {
		return nil
	}
	return []fixers.Fix{{
		Title: "Name " + near, Safety: fixers.Unsafe, Edits: []fixers.Edit{edit}, Changes: fixers.Changes{change},
	}}
}

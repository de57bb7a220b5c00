package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var profileAtBuildTime = &rules.Rule{
	ID:       "sandbox/profile-at-build-time",
	Summary:  "docker build is given a security option, which it ignores",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"docker/cli, docs/reference/commandline/build_legacy.md: --security-opt is only for a daemon on Windows",
		"BuildKit, executor/oci: every RUN without --security=insecure gets the default profile",
	},
	Check: rules.OnBuildOptions(func(p *rules.Pass, doc *workspace.Document) {
		for _, o := range doc.Ignored {
			if o.Name != "seccomp" && o.Name != "apparmor" && o.Name != "label" && o.Name != "systempaths" {
				continue
			}
			p.Report(rules.Finding{
				File: o.Value.File, Span: o.Span,
				Message: fmt.Sprintf("docker build ignores %q: the RUN instructions are confined as by default",
					o.Value.File.Text(o.Span)),
			})
		}
	}),
}

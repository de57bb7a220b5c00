package sandbox

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var npmUnsafePerm = &rules.Rule{
	ID:       "sandbox/npm-unsafe-perm",
	Summary:  "npm runs install scripts as root, or the option has no effect",
	Severity: rules.Info,
	Category: rules.Security,
	Optional: true,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"npm documentation, scripts: since npm 7 unsafe-perm, user and group are no longer relevant",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Npm().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Fixes: u.Delete(d), Message: "unsafe-perm has no " +
				"effect since npm 7; older releases run the install scripts of packages as root with it"})
		})
	}),
}

package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var configureAsRoot = &rules.Rule{
	ID:       "sandbox/configure-as-root",
	Summary:  "a check against running configure or makepkg as root is switched off",
	Severity: rules.Info,
	Category: rules.Security,
	Optional: true,
	Since:    "0.1.0",
	References: []string{
		"gnulib, m4/root.m4 and the configure scripts of coreutils and tar: FORCE_UNSAFE_CONFIGURE",
		"makepkg, NEWS of pacman 4.2: --asroot was removed",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Configure().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{File: d.Source, Span: u.Span, Message: configureMessage(u)})
		})
	}),
}

func configureMessage(u disables.Use) string {
	if u.Variable == "" {
		return "makepkg is asked to build as root, which it refuses since pacman 4.2, where --asroot was removed"
	}
	return u.Variable + " lets configure scripts run as root, which those of coreutils and tar refuse"
}

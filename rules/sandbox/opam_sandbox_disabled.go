package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/sandbox/internal/disables"
)

var opamSandboxDisabled = &rules.Rule{
	ID:       "sandbox/opam-sandbox-disabled",
	Summary:  "opam builds packages without its sandbox",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"ocaml/opam-repository#23327, where opam's maintainers recommend the option inside containers",
		"ocaml/opam#4327, ocaml/opam#3424",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		disables.Opam().Find(d, func(u disables.Use) {
			p.Report(rules.Finding{
				File: d.Source, Span: u.Span,
				Message: "opam builds packages here without bubblewrap, " +
					"so their scripts can change the whole image",
			})
		})
	}),
}

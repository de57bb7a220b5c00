package sandbox

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
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
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if !c.InDockerfile() {
			return
		}
		for _, w := range c.Words[1:] {
			if w.Text == "--disable-sandboxing" {
				p.Report(rules.Finding{
					File: c.File, Span: w.Span,
					Message: "opam builds packages here without bubblewrap, " +
						"so their scripts can change the whole image",
				})
			}
		}
	}, "opam"),
}

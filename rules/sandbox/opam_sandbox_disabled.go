package sandbox

import (
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var opamSandboxDisabled = &rules.Rule{
	ID:       "sandbox/opam-sandbox-disabled",
	Summary:  "opam builds packages without its sandbox",
	Severity: rules.Info,
	Category: "security",
	Since:    "0.1.0",
	References: []string{
		"ocaml/opam-repository#23327, where opam's maintainers recommend the option inside containers",
		"ocaml/opam#4327, ocaml/opam#3424",
	},
	Dockerfile: func(p *rules.Pass, d *workspace.Dockerfile) {
		eachCommand(d, func(c *shell.Command) {
			if c.Name != "opam" {
				return
			}
			for _, w := range c.Words[1:] {
				if w.Text == "--disable-sandboxing" {
					p.Report(rules.Finding{
						File: d.Source, Span: w.Span,
						Message: "opam builds packages here without bubblewrap, so their scripts can change the whole image",
					})
				}
			}
		})
	},
}

// eachCommand calls f for every command of a Dockerfile, including those that run in the container.
func eachCommand(d *workspace.Dockerfile, f func(*shell.Command)) {
	for _, i := range d.Instructions {
		if script := d.Script(i); script != nil {
			for _, c := range script.Commands {
				if len(c.Words) > 0 {
					f(c)
				}
			}
		}
	}
}

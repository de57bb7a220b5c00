package nix

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var sandboxRelaxed = &rules.Rule{
	ID:       "nix/sandbox-relaxed",
	Summary:  "a derivation may switch Nix's sandbox off for itself",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox; __noChroot",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		entry := deciding(text, "sandbox")
		if entry == nil || entry.Value != "relaxed" {
			return
		}
		p.Report(at(text, entry.Span, entry.Name.Text+" = relaxed builds outside the sandbox whatever derivation asks for it with __noChroot, and fixed-output ones"))
	}),
}

package nix

import (
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var sandboxRelaxed = &rules.Rule{
	ID:       "nix/sandbox-relaxed",
	Summary:  "a derivation may switch Nix's sandbox off for itself",
	Severity: rules.Info,
	Category: "security",
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox; __noChroot",
	},
	NixConf: func(p *rules.Pass, text *workspace.NixText) {
		entry := inforce.Deciding(text, "sandbox")
		if entry == nil || entry.Value != "relaxed" {
			return
		}
		p.Report(nixtext.At(text, entry.Span, entry.Name.Text+" = relaxed builds outside the sandbox whatever derivation asks for it with __noChroot, and fixed-output ones"))
	},
}

package nix

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var sandboxRelaxed = &rules.Rule{
	ID:       "nix/sandbox-relaxed",
	Summary:  "a derivation can disable Nix's sandbox for itself",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox; __noChroot",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		entry := inforce.Deciding(text, "sandbox")
		if entry == nil || entry.Value != "relaxed" {
			return
		}
		p.Report(nixtext.At(text, entry.Span,
			entry.Name.Text+" = relaxed builds fixed-output derivations, and those with __noChroot, outside the "+
				"sandbox"))
	}),
}

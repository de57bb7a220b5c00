package nix

import (
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var pluginFiles = &rules.Rule{
	ID:       "nix/plugin-files",
	Summary:  "Nix loads a plug-in, which must be built for exactly the release that loads it",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: plugin-files",
		"shlevy/nix-plugins#20, shlevy/nix-plugins#24, NixOS/nixpkgs#237637, cachix/devenv#276: every command fails " +
			"after an update of Nix",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range inforce.Contributing(text, "plugin-files") {
			part, ok := inforce.SupportedBy(text, entry)
			if !ok {
				continue
			}
			for _, word := range entry.Words {
				if text.File.Known(word.Span) {
					p.Report(nixtext.Atf(text, word.Span,
						"every Nix command fails if %q is missing or was built for another release of Nix%s", word.Text,
						part))
				}
			}
		}
	}),
}

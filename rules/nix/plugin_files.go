package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var pluginFiles = &rules.Rule{
	ID:       "nix/plugin-files",
	Summary:  "Nix loads a plugin, which has to be built for that very release",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: plugin-files",
		"shlevy/nix-plugins#20, shlevy/nix-plugins#24, NixOS/nixpkgs#237637, cachix/devenv#276: every command fails after an update of Nix",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range contributing(text, "plugin-files") {
			part, ok := heldBy(text, entry)
			if !ok {
				continue
			}
			for _, word := range entry.Words {
				if text.File.Known(word.Span) {
					p.Report(at(text, word.Span, fmt.Sprintf("every Nix command fails when %q is missing, or was built for another release of Nix%s", word.Text, part)))
				}
			}
		}
	}),
}

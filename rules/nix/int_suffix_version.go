package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var intSuffixVersion = &rules.Rule{
	ID:       "nix/int-suffix-version",
	Summary:  "a number has a unit that a targeted release does not accept, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix 2.23, commit 79c7d6205c: K, M, G and T after an integer",
		"Lix, lix/libutil/config.cc: integers without units",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		refused.Values(p, text, func(entry *nixconf.Entry, e nixconf.TargetError, finding rules.Finding) {
			finding.Fixes = refused.WriteMeant(text, entry, e) // the same number where the unit is accepted
			p.Report(finding)
		}, nixconf.BadSuffix)
	}),
}

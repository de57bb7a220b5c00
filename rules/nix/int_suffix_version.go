package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var intSuffixVersion = &rules.Rule{
	ID:       "nix/int-suffix-version",
	Summary:  "a number has a unit that a targeted release does not read, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix 2.23, commit 79c7d6205c: K, M, G and T after an integer",
		"Lix, lix/libutil/config.cc: integers without units",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		refusedValues(text, func(entry *nixconf.Entry, e nixconf.TargetError, finding rules.Finding) {
			finding.Fixes = writeFixed(text, entry, e) // the same number where the unit is read
			p.Report(finding)
		}, nixconf.BadSuffix)
	}),
}

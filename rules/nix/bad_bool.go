package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var badBool = &rules.Rule{
	ID:       "nix/bad-bool",
	Summary:  "a switch is neither true nor false, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libutil/configuration.cc: BaseSetting<bool>::parse takes true, yes, 1, false, no and 0",
		"NixOS/nixpkgs#21576: `= true;` locked a user out of the machine",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) { reportMeant(p, text, nixconf.BadBool) }),
}

// reportMeant reports the values that are refused for errors of some kinds, with the safe fix that writes what was meant where all targeted
// releases refuse the value.
func reportMeant(p *rules.Pass, text *nixuse.Text, kinds ...nixconf.ValueErrorKind) {
	refusedValues(text, func(entry *nixconf.Entry, e nixconf.TargetError, finding rules.Finding) {
		if e.Coverage == nixconf.All {
			finding.Fixes = writeFixed(text, entry, e)
		}
		p.Report(finding)
	}, kinds...)
}

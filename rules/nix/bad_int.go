package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var badInt = &rules.Rule{
	ID:       "nix/bad-int",
	Summary:  "the value is not an integer that Nix accepts, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: string2IntWithUnitPrefix",
		"NixOS/nix#2469",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		refused.Report(p, text, nixconf.BadInt, nixconf.BadJobs)
	}),
}

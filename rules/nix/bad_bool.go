package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var badBool = &rules.Rule{
	ID:       "nix/bad-bool",
	Summary:  "a boolean setting is neither true nor false, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: BaseSetting<bool>::parse takes true, yes, 1, false, no and 0",
		"NixOS/nixpkgs#21576: `= true;` locked a user out of the machine",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) { refused.Report(p, text, nixconf.BadBool) }),
}

package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var badEnum = &rules.Rule{
	ID:       "nix/bad-enum",
	Summary:  "a setting has a value that is not among those it can have, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libstore/globals.cc: the setting sandbox takes true, relaxed and false, but not yes, no, 1 and 0",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) { refused.Report(p, text, nixconf.BadEnum) }),
}

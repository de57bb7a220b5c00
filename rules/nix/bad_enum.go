package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var badEnum = &rules.Rule{
	ID:       "nix/bad-enum",
	Summary:  "a setting has none of the values that it can have, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libstore/globals.cc: the setting sandbox takes true, relaxed and false, and not yes, no, 1 and 0 as other switches do",
	},
	NixConf: func(p *rules.Pass, text *workspace.NixText) { refused.Report(p, text, nixconf.BadEnum) },
}

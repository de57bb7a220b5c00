package nix

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var invalidValue = &rules.Rule{
	ID:       "nix/invalid-value",
	Summary:  "a setting has a value that Nix refuses, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/configuration.cc and src/libstore/globals.cc: how each type of setting is read",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		refused.Values(p, text, func(_ *nixconf.Entry, _ nixconf.TargetError, finding rules.Finding) {
			p.Report(finding)
		}, nixconf.EmptyPath, nixconf.BadJSON)
	}),
}

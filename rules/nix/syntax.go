package nix

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var syntax = &rules.Rule{
	ID:       "nix/syntax",
	Summary:  "a line is neither a setting nor an include nor a comment, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"Nix, src/libutil/configuration.cc: parseConfigFiles",
		"NixOS/nix#6878: one bad line makes every command fail, even `nix --version`",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			p.Report(nixtext.At(text, problem.Span, problem.Message))
		}, nixconf.KindSyntax)
	}),
}

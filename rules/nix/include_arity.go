package nix

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var includeArity = &rules.Rule{
	ID:       "nix/include-arity",
	Summary:  "an include does not have exactly one path, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"Nix, src/libutil/configuration.cc: an include has two words",
		"Nix 2.34: the error message itself is ill-formed",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			p.Report(nixtext.At(text, problem.Span, problem.Message))
		}, nixconf.KindIncludeArity)
	}),
}

package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var missingEquals = &rules.Rule{
	ID:       "nix/missing-equals",
	Summary:  "a setting has no equals sign, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"NixOS/nixpkgs#29592: such a line locked users out of their machines",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			finding := nixtext.At(text, problem.Span, problem.Message)
			if line := nixtext.LineAt(text.File, problem.Span.Start); line != nil && len(line.Words) > 1 &&
				line.Words[1].Text != `\` && refused.Accepted(text, line.Words[0].Text, line.Words[1:]) {
				value := line.Words[1].Span.Start
				if edits, ok := nixtext.Replace(text, source.Span{Start: value, End: value}, "= "); ok {
					finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Insert the equals sign", fixers.Safe, edits,
						fixers.Changes{fixers.Repair{}})}
				}
			}
			p.Report(finding)
		}, nixconf.KindMissingEquals)
	}),
}

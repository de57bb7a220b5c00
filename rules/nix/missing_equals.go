package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var missingEquals = &rules.Rule{
	ID:       "nix/missing-equals",
	Summary:  "a setting stands without an equals sign, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"NixOS/nixpkgs#29592: users locked out of their machines by such a line",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		problemsOf(text, func(problem source.Problem) {
			finding := at(text, problem.Span, problem.Message)
			if line := lineAt(text.File, problem.Span.Start); line != nil && len(line.Words) > 1 && line.Words[1].Text != `\` && accepted(text, line.Words[0].Text, line.Words[1:]) {
				value := line.Words[1].Span.Start
				if edits, ok := replace(text, source.Span{Start: value, End: value}, "= "); ok {
					finding.Fixes = []fixers.Fix{fix(text, "Insert the equals sign", fixers.Safe, edits, fixers.Changes{Repair: true})}
				}
			}
			p.Report(finding)
		}, nixconf.KindMissingEquals)
	}),
}

// lineAt returns the line that holds an offset of the text.
func lineAt(f *nixconf.File, offset int) *nixconf.Line {
	for n := range f.Lines {
		if line := &f.Lines[n]; line.Span.Start <= offset && offset <= line.Span.End {
			return line
		}
	}
	return nil
}

package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var foreignSyntax = &rules.Rule{
	ID:       "nix/foreign-syntax",
	Summary:  "a nix.conf is in another format, such as INI, YAML or JSON, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"Nix, src/libutil/configuration.cc: parseConfigFiles knows assignments, includes, and comments that begin " +
			"with #",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		var lines []source.Problem
		nixtext.Problems(text, func(problem source.Problem) { lines = append(lines, problem) },
			nixconf.KindForeignSyntax)
		if len(lines) == 0 {
			return
		}
		finding := nixtext.At(text, lines[0].Span, lines[0].Message)
		switch n := len(lines) - 1; {
		case n == 1:
			finding.Message += "; 1 more line is in another format"
		case n > 1:
			finding.Message += fmt.Sprintf("; %d more lines are in another format", n)
		}
		for _, line := range lines[1:min(len(lines), 1+maxRelated)] {
			finding.Related = append(finding.Related,
				rules.Related{File: text.Fragment.File, Span: text.Fragment.Span(line.Span),
					Message: "another line in another format"})
		}
		p.Report(finding)
	}),
}

// maxRelated is the number of other lines that a finding names at most.
const maxRelated = 5

package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var foreignSyntax = &rules.Rule{
	ID:       "nix/foreign-syntax",
	Summary:  "a nix.conf is written in another format, such as INI, YAML or JSON, so that every Nix command stops at it",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"Nix, src/libutil/configuration.cc: parseConfigFiles knows assignments, includes, and comments that begin with #",
	},
	NixConf: func(p *rules.Pass, text *workspace.NixText) {
		var lines []source.Problem
		nixtext.Problems(text, func(problem source.Problem) { lines = append(lines, problem) }, nixconf.KindForeignSyntax)
		if len(lines) == 0 {
			return
		}
		finding := nixtext.At(text, lines[0].Span, lines[0].Message)
		switch n := len(lines) - 1; {
		case n == 1:
			finding.Message += "; so is 1 more line of another format"
		case n > 1:
			finding.Message += fmt.Sprintf("; so are %d more lines of another format", n)
		}
		for _, line := range lines[1:min(len(lines), 1+maxRelated)] {
			finding.Related = append(finding.Related, rules.Related{File: text.Fragment.File, Span: text.Fragment.Span(line.Span), Message: "another line of another format"})
		}
		p.Report(finding)
	},
}

// maxRelated is how many of the other lines a finding names.
const maxRelated = 5

package nix

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var assignmentSpacing = &rules.Rule{
	ID:       "nix/assignment-spacing",
	Summary:  "an equals sign has no space on one side, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: the equals sign is a token of its own",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			finding := nixtext.At(text, problem.Span, problem.Message)
			if line := nixtext.LineAt(text.File, problem.Span.Start); line != nil {
				if edits, ok := spaced(text, line); ok {
					finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Put spaces around the equals sign", fixers.Safe,
						edits, fixers.Changes{fixers.Repair{}})}
				}
			}
			p.Report(finding)
		}, nixconf.KindAssignmentSpacing)
	}),
}

// spaced returns the edits that put a blank on both sides of a line's first equals sign.
func spaced(text *nixuse.Text, line *nixconf.Line) ([]fixers.Edit, bool) {
	body := string(text.Fragment.Text[line.Span.Start:line.Span.End])
	equals := strings.IndexByte(body, '=')
	if equals <= 0 {
		return nil, false
	}
	with := "="
	if !strings.ContainsRune(" \t", rune(body[equals-1])) {
		with = " ="
	}
	if equals+1 < len(body) && !strings.ContainsRune(" \t\r#", rune(body[equals+1])) {
		with += " "
	}
	name, value, _ := strings.Cut(string(text.Fragment.Text[line.Span.Start:line.Comment.Start]), "=")
	after := nixconf.Parse(source.WholeFile(source.NewFile("", []byte(name+" = "+value))))
	if len(after.Problems) > 0 {
		return nil, false
	}
	for _, e := range after.Entries {
		if text.Known(line.Span) && refused.Refuses(text.Targets, e.Name.Text, e.Words) {
			return nil, false // Nix would refuse the line anyway
		}
	}
	start := line.Span.Start + equals
	return nixtext.Replace(text, source.Span{Start: start, End: start + 1}, with)
}

package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var gluedLines = &rules.Rule{
	ID:       "nix/glued-lines",
	Summary:  "a line holds two assignments, and Nix takes the second as part of the value of the first",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"cachix/cachix#137, DeterminateSystems/nix-installer#717: text appended to a file without final newline",
	},
	Check: rules.OnText(checkGluedLines),
}

func checkGluedLines(p *rules.Pass, text *nixuse.Text) {
	nixtext.Problems(text, func(problem source.Problem) {
		line := nixtext.LineAt(text.File, problem.Span.Start)
		if line == nil {
			return
		}
		if place, name, ok := nixconf.GluedAt(line.Words); ok {
			finding := nixtext.At(text, source.Span{Start: place, End: place + len(name)}, problem.Message)
			finding.Fixes = split(text, *line, place, nil)
			p.Report(finding)
		}
	}, nixconf.KindGluedLines)
	for _, entry := range text.Entries {
		place, ok := misread.Glued(entry)
		if !ok || !nixtext.Known(text, entry) || !takesNoText(text, entry) {
			continue
		}
		name := nameAt(text, place)
		message := fmt.Sprintf("setting %q begins in the middle of the line, so it is part of the value of %q", name,
			entry.Name.Text)
		if place < entry.Equals.Start {
			message = fmt.Sprintf(
				"setting %q begins in the middle of a word, so neither it nor what precedes it is set", name)
		}
		if !refused.Accepted(text, entry.Name.Text, entry.Words) {
			message += "; every Nix command fails"
		}
		finding := nixtext.At(text, source.Span{Start: place, End: place + len(name)}, message)
		finding.Fixes = split(text, text.Lines[entry.Line], place,
			slices.Concat(misread.Touched(text, entry), []string{entry.Name.Text},
				misread.Touched(text, &nixconf.Entry{Name: nixconf.Word{Text: name}})))
		p.Report(finding)
	}
}

// takesNoText reports whether the value of an entry is not free text, which may be anything.
func takesNoText(text *nixuse.Text, entry *nixconf.Entry) bool {
	facts, ok := names.FactsFor(text.Targets, entry.Name.Text)
	return !ok || facts.Kind != nixconf.KindString && facts.Kind != nixconf.KindJSON
}

// nameAt returns the name of a setting that begins at a place of the text.
func nameAt(text *nixuse.Text, place int) string {
	end := place
	for end < len(text.Fragment.Text) && text.Fragment.Text[end] != ' ' && text.Fragment.Text[end] != '\t' &&
		text.Fragment.Text[end] != '=' {
		end++
	}
	return string(text.Fragment.Text[place:end])
}

// split returns the fix that gives the second assignment a line of its own.
func split(text *nixuse.Text, line nixconf.Line, place int, settings []string) []fixers.Fix {
	start := place
	for start > line.Span.Start && (text.Fragment.Text[start-1] == ' ' || text.Fragment.Text[start-1] == '\t') {
		start--
	}
	s := source.Span{Start: start, End: place}
	edits, ok := nixtext.Replace(text, s, text.Fragment.File.NewlineAt(text.Fragment.Span(s).Start))
	if !ok {
		return nil
	}
	entries, ok := refused.ReadsClearly(text.Targets,
		string(text.Fragment.Text[line.Span.Start:start])+"\n"+string(text.Fragment.Text[place:line.Span.End]))
	if !ok {
		return nil
	}
	for _, e := range entries {
		if nixuse.Canonical(e.Name.Text) == "experimental-features" && !refused.GatesClearly(text) {
			return nil
		}
		if settings != nil {
			settings = append(settings, e.Name.Text) // old releases may have another canonical name
		}
	}
	return []fixers.Fix{nixtext.Fix(text, "Start a new line", fixers.Unsafe, edits,
		fixers.Changes{fixnix.Settings(settings)}.When(settings == nil, fixers.Repair{}))}
}

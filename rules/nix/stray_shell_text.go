package nix

import (
	"bytes"
	"slices"
	"sort"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var strayShellText = &rules.Rule{
	ID:       "nix/stray-shell-text",
	Summary:  "a line is left over from a shell script or a merge, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: parseConfigFiles",
		"dash(1): echo has no option except -n, and prints the others",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		var conflict *rules.Finding // one for a conflict, whatever its number of markers
		nixtext.Problems(text, func(problem source.Problem) {
			finding := nixtext.At(text, problem.Span, problem.Message)
			if line := nixtext.LineAt(text.File, problem.Span.Start); line != nil {
				finding.Fixes = dropped(text, line)
			}
			if !isMarker(text, problem) {
				p.Report(finding)
				return
			}
			if conflict == nil {
				conflict = &finding
			} else if len(conflict.Related) < maxRelated {
				conflict.Related = append(conflict.Related, rules.Related{
					File: finding.File, Span: finding.Span, Message: "another marker of the conflict",
				})
			}
		}, nixconf.KindStrayShellText)
		if conflict != nil {
			p.Report(*conflict)
		}
	}),
}

// isMarker reports whether a problem is the marker of a merge conflict.
func isMarker(text *nixuse.Text, problem source.Problem) bool {
	line := text.Fragment.Text[problem.Span.Start:problem.Span.End]
	return problem.Kind == nixconf.KindStrayShellText && slices.ContainsFunc(
		[]string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"},
		func(marker string) bool { return bytes.HasPrefix(line, []byte(marker)) })
}

// dropped returns the fix that removes what was left over, where the rest of the line is clear.
func dropped(text *nixuse.Text, line *nixconf.Line) []fixers.Fix {
	first := line.Words[0]
	title, span := "", first.Span
	switch {
	case nixconf.IsDelimiter(first.Text) && continued(text, line):
		return nil // the line below would belong to the one above
	case nixconf.IsDelimiter(first.Text):
		title = "Delete the line"
		if line.Comment.IsEmpty() {
			span = line.Span
			if span.End < len(text.Fragment.Text) {
				span.End++
			} else if !text.Fragment.Whole() {
				return nil
			}
		}
	case nixconf.IsEchoOption(first.Text) && len(line.Words) > 3 && line.Words[2].Text == "=" &&
		refused.Accepted(text, line.Words[1].Text, line.Words[3:]):
		if _, ok := refused.ReadsClearly(text.Targets,
			string(text.Fragment.Text[line.Words[1].Span.Start:line.Span.End])); !ok && text.Fragment.Known(line.Span) {
			return nil
		}
		title = "Delete " + first.Text
		if !text.Fragment.Whole() {
			return withoutOption(text, first, line.Words[1], title)
		}
		span.End = line.Words[1].Span.Start
	default:
		return nil
	}
	edits, ok := nixtext.Replace(text, span, "")
	if !ok {
		return nil
	}
	return []fixers.Fix{nixtext.Fix(text, title, fixers.Safe, edits, fixers.Changes{fixers.Repair{}})}
}

// continued reports whether the line below a line begins with blanks and is no assignment.
func continued(text *nixuse.Text, line *nixconf.Line) bool {
	n := sort.Search(len(text.Lines), func(n int) bool { return text.Lines[n].Span.Start > line.Span.Start })
	if n == len(text.Lines) {
		return false
	}
	below := text.Lines[n]
	return len(below.Words) > 0 && below.Words[0].Span.Start > below.Span.Start &&
		!slices.ContainsFunc(below.Words, func(w nixconf.Word) bool { return w.Text == "=" })
}

// withoutOption returns the fix that removes an option from the echo that wrote it, with the blanks after it.
func withoutOption(text *nixuse.Text, option, next nixconf.Word, title string) []fixers.Fix {
	edits, ok := nixtext.Replace(text, option.Span, "")
	if !ok {
		return nil
	}
	f := text.Fragment.File
	for end := text.Fragment.Span(next.Span).Start; edits[0].Span.End < end && f.Bytes[edits[0].Span.End] == ' '; {
		edits[0].Span.End++
	}
	return []fixers.Fix{nixtext.Fix(text, title, fixers.Safe, edits, fixers.Changes{fixers.Repair{}})}
}

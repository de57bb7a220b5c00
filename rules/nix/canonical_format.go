package nix

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var canonicalFormat = &rules.Rule{
	ID:       "nix/canonical-format",
	Summary:  "a line is not in the form that every reader of nix.conf accepts",
	Severity: rules.Style,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"DeterminateSystems/nix-installer#459, DeterminateSystems/nix-config-parser#13: a parser that splits at " +
			"every space refused aligned columns",
	},
	Check: rules.OnText(checkFormat),
}

func checkFormat(p *rules.Pass, text *nixuse.Text) {
	if text.Host == nixuse.HostOption {
		return
	}
	report := func(span source.Span, message, title string, edits []fixers.Edit) {
		finding := nixtext.At(text, span, message)
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, fixers.Safe, edits, fixers.Changes{})}
		p.Report(finding)
	}
	bad := map[source.Span]bool{}
	for _, problem := range text.Problems {
		if problem.Kind == nixconf.KindForeignSyntax {
			return // the text is in another language, which has a form of its own
		}
		bad[problem.Span] = true
	}
	for n := range text.Lines {
		line := &text.Lines[n]
		if line.Unknown || len(line.Words) > 0 &&
			bad[source.Span{Start: line.Words[0].Span.Start, End: line.Words[len(line.Words)-1].Span.End}] {
			continue
		}
		// The CR of a line end is reported once for the whole file.
		end := line.Span.End
		if end > line.Span.Start && end < len(text.Fragment.Text) && text.Fragment.Text[end-1] == '\r' {
			end--
		}
		span := source.Span{Start: line.Span.Start, End: end}
		written := string(text.Fragment.Text[span.Start:span.End])
		if len(line.Words) == 0 && line.Comment.IsEmpty() && strings.Trim(written, " \t\r") != "" {
			return // the text is in another encoding
		}
		form := canonicalLine(text.File, line, span.End)
		if form == written || !text.File.Known(span) {
			continue
		}
		if edits, ok := nixtext.Replace(text, span, form); ok {
			report(span, deviation(written, line), "Format the line", edits)
		}
	}
	if !text.Fragment.Whole() || len(text.Fragment.Text) == 0 {
		return
	}
	content := text.Fragment.Text
	if first := bytes.Index(content, []byte("\r\n")); first >= 0 {
		var edits []fixers.Edit
		for at := first; at < len(content)-1; at++ {
			if content[at] == '\r' && content[at+1] == '\n' {
				edits = append(edits, fixers.Edit{File: text.Fragment.File, Span: source.Span{Start: at, End: at + 1}})
			}
		}
		report(source.Span{Start: first, End: first + 1}, "lines end with CR LF", "End lines with LF", edits)
	}
	if last := content[len(content)-1]; last != '\n' && len(bytes.Trim(content, "\ufeff")) > 0 {
		lastLine := text.Lines[len(text.Lines)-1].Span
		report(lastLine, "the last line has no newline", "End the last line", []fixers.Edit{{
			File: text.Fragment.File, Span: source.Span{Start: len(content), End: len(content)}, Text: "\n",
		}})
	}
}

// canonicalLine returns a line, up to end, with one blank between words and before a comment, and none at its ends.
func canonicalLine(f *nixconf.File, line *nixconf.Line, end int) string {
	var b strings.Builder
	for n, word := range line.Words {
		if n > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word.Text)
	}
	if !line.Comment.IsEmpty() {
		if len(line.Words) > 0 {
			b.WriteByte(' ')
		}
		b.Write(bytes.TrimRight(f.Fragment.Text[line.Comment.Start:min(line.Comment.End, end)], " \t\r"))
	}
	return b.String()
}

// deviation says how a line differs from its canonical form.
func deviation(written string, line *nixconf.Line) string {
	switch {
	case strings.Trim(written, " \t\r") == "":
		return "the line contains only whitespace"
	case strings.IndexByte(" \t", written[0]) >= 0:
		return "the line begins with whitespace"
	case strings.IndexByte(" \t\r", written[len(written)-1]) >= 0:
		return "the line ends with whitespace"
	case !line.Comment.IsEmpty() && len(line.Words) > 0 &&
		line.Comment.Start-line.Words[len(line.Words)-1].Span.End != 1:
		return "the comment is not separated by one space"
	}
	return "words are not separated by one space"
}

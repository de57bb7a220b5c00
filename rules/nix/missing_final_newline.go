package nix

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var missingFinalNewline = &rules.Rule{
	ID:       "nix/missing-final-newline",
	Summary:  "text is appended to a nix.conf whose last line has no newline, so the two lines become one",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"cachix/cachix#137, DeterminateSystems/nix-installer#717",
	},
	Check: rules.OnText(checkMissingFinalNewline),
}

func checkMissingFinalNewline(p *rules.Pass, text *nixuse.Text) {
	size := len(text.Fragment.Text)
	if size == 0 || text.Fragment.Text[size-1] == '\n' || len(text.Lines) == 0 ||
		!text.Known(source.Span{Start: size, End: size}) {
		return
	}
	last := text.Lines[len(text.Lines)-1]
	if len(last.Words) == 0 && last.Comment.IsEmpty() {
		return
	}
	var next *nixuse.Event
	switch {
	case text.Host == nixuse.HostFile:
		next = p.Workspace.Appended(text.Fragment.File)
	case text.Host == nixuse.HostWrite && text.Event != nil:
		next = text.Event.NextAppend()
	}
	if next == nil || !beginsLine(next.Text) {
		return
	}
	span := last.Comment
	if len(last.Words) > 0 {
		span = source.Span{Start: last.Words[0].Span.Start, End: last.Words[len(last.Words)-1].Span.End}
	}
	finding := nixtext.At(text, span,
		"the last line has no newline, so what is appended to the file becomes part of it")
	finding.Related = []rules.Related{{File: next.File, Span: next.Span, Message: "text is appended here"}}
	finding.Fixes = endLine(text, runTogether(text, next.Text))
	p.Report(finding)
}

// beginsLine reports whether a text begins with an assignment or an include, which must have a line of its own.
func beginsLine(text *nixuse.Text) bool {
	if len(text.Entries) > 0 && text.Entries[0].Line == 0 {
		return text.Known(text.Entries[0].Name.Span)
	}
	return len(text.Includes) > 0 && text.Includes[0].Span.Start < text.Lines[0].Span.End &&
		text.Known(text.Includes[0].Span)
}

// runTogether returns the settings of the lines that become one when a text is appended to another.
func runTogether(text, next *nixuse.Text) []string {
	var names []string
	if n := len(text.Entries) - 1; n >= 0 && text.Entries[n].Line == len(text.Lines)-1 {
		names = append(names, nixuse.Canonical(text.Entries[n].Name.Text))
	}
	if len(next.Entries) > 0 && next.Entries[0].Line == 0 {
		names = append(names, nixuse.Canonical(next.Entries[0].Name.Text))
	}
	return names
}

// endLine returns the fix that ends the last line: in the file itself, in the format of printf, or by removing -n from
// echo. It changes what commands see of the given settings.
func endLine(text *nixuse.Text, settings []string) []fixers.Fix {
	size := len(text.Fragment.Text)
	end := source.Span{Start: size, End: size}
	if text.Fragment.Whole() {
		edits, ok := nixtext.Replace(text, end, text.Fragment.File.NewlineAt(size))
		if !ok {
			return nil
		}
		changes := fixers.Changes{fixnix.Settings(settings)}
		return []fixers.Fix{nixtext.Fix(text, "End the line", fixers.Safe, edits, changes)}
	}
	f := text.Fragment.File
	if text.Event == nil || text.Event.Command == nil || text.Event.File != f {
		return nil
	}
	c := text.Event.Command
	var edit fixers.Edit
	switch {
	case c.Name == "printf" && len(c.Words) == 2:
		w := f.Text(c.Words[1].Span)
		if len(w) < 2 || w[0] != '"' && w[0] != '\'' || w[len(w)-1] != w[0] || strings.HasSuffix(w[:len(w)-1], `\`) {
			return nil
		}
		at := c.Words[1].Span.End - 1
		edit = fixers.Edit{File: f, Span: source.Span{Start: at, End: at}, Text: `\n`}
	case c.Name == "echo" && len(c.Words) > 2 && c.Words[1].Text == "-n" && f.Text(c.Words[1].Span) == "-n":
		edit = fixers.Edit{File: f, Span: source.Span{Start: c.Words[1].Span.Start, End: c.Words[2].Span.Start}}
	default:
		return nil
	}
	return []fixers.Fix{nixtext.Fix(text, "End the line", fixers.Safe, []fixers.Edit{edit},
		fixers.Changes{fixnix.Settings(settings)})}
}

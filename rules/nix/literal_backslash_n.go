package nix

import (
	"bytes"
	"fmt"
	"strings"

	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var literalBackslashN = &rules.Rule{
	ID:       "nix/literal-backslash-n",
	Summary:  `a \n that was meant to end a line is two characters of a value, so the settings after it are lost`,
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: only a newline ends a line, in files and in NIX_CONFIG",
		"Bash manual, echo: backslashes are kept unless -e is given; dash expands them",
		"DeterminateSystems/nix-installer#427",
	},
	Check: rules.OnText(checkLiteralBackslashN),
}

func checkLiteralBackslashN(p *rules.Pass, text *nixuse.Text) {
	if !bytes.Contains(text.Fragment.Text, []byte(`\n`)) {
		return
	}
	for _, entry := range text.Entries {
		breaks := misread.LineBreaks(text, entry.Span, misread.IsPrompt(entry.Name.Text))
		if len(breaks) == 0 ||
			!text.Fragment.Known(source.Span{Start: entry.Name.Span.Start, End: breaks[0].Span.Start}) {
			continue
		}
		b := breaks[0]
		message := fmt.Sprintf(`the \n after %q is two characters and not a line end, so they are part of its value`,
			entry.Name.Text)
		switch {
		case b.Span.Start == entry.Span.Start:
			message = fmt.Sprintf(`the \n before %q is two characters and not a line end, so no setting has that name`,
				b.Next)
		case b.Next != "":
			message = fmt.Sprintf(
				`the \n before %q is two characters and not a line end, so that setting is lost in the value of %q`,
				b.Next, entry.Name.Text)
		}
		finding := nixtext.At(text, b.Span, message)
		_, _, quotes := misread.Unquoted(entry, text.Targets)
		_, _, commas := misread.WithoutCommas(entry, text.Targets)
		if quotes || commas {
			p.Report(finding)
			continue // the lines after the break would contain another mistake
		}
		if f, ok := breakLines(text, entry.Span, append(misread.Touched(text, entry), nextNames(breaks)...),
			breaks); ok {
			finding.Fixes = []fixers.Fix{f}
		} else if f, ok := variableToFile(text, entry); ok {
			finding.Fixes = []fixers.Fix{f}
		}
		p.Report(finding)
	}
	if text.Host == nixuse.HostFile {
		return // a comment in a file may well be about \n
	}
	for _, line := range text.Lines {
		if line.Comment.IsEmpty() {
			continue
		}
		for _, b := range misread.LineBreaks(text, line.Comment, true) {
			if b.Spaced {
				p.Report(nixtext.Atf(text, b.Span,
					`the \n before %q is two characters and not a line end, so that setting is lost in a comment`,
					b.Next))
				break
			}
		}
	}
}

func nextNames(breaks []misread.LineBreak) []string {
	var names []string
	for _, b := range breaks {
		if b.Next != "" {
			names = append(names, nixuse.Canonical(b.Next))
		}
	}
	return names
}

// breakLines returns the fix that turns the breaks in a span into line ends: in place where the host can hold them,
// else by replacing echo with printf.
func breakLines(text *nixuse.Text, in source.Span, names []string, breaks []misread.LineBreak) (fixers.Fix,
	bool) {
	changes := fixers.Changes{fixnix.Settings(names), fixers.Reveals{}}
	var edits []fixers.Edit
	inPlace := true
	for _, b := range breaks {
		if b.Next != "" && !b.Spaced {
			return fixers.Fix{}, false
		}
		newline := ""
		if b.Next != "" && b.Span.Start > in.Start {
			newline = text.Fragment.File.NewlineAt(text.Fragment.Span(b.Span).Start)
		}
		e, ok := nixtext.Replace(text, b.Span, newline)
		inPlace = inPlace && ok
		edits = append(edits, e...)
	}
	var lines strings.Builder
	at := in.Start
	for _, b := range breaks {
		lines.Write(text.Fragment.Text[at:b.Span.Start])
		lines.WriteByte('\n')
		at = b.Span.End
	}
	lines.Write(text.Fragment.Text[at:in.End])
	if _, ok := refused.ReadsClearly(text.Targets, lines.String()); !ok && text.Fragment.Known(in) {
		return fixers.Fix{}, false
	}
	if inPlace {
		return nixtext.Fix(text, `Write line ends in the place of \n`, fixers.Safe, edits, changes), true
	}
	if edits, ok := printf(text); ok {
		changes = append(changes, fixdocker.Words{Removed: []string{"echo"}, Added: []string{"printf"}})
		return nixtext.Fix(text, "Write the text with printf", fixers.Safe, edits, changes), true
	}
	return fixers.Fix{}, false
}

// printf returns the edits that replace the echo that writes a text with printf, where both write the same except for
// the line ends.
func printf(text *nixuse.Text) ([]fixers.Edit, bool) {
	e := text.Event
	if e == nil || e.Command == nil || e.Command.Name != "echo" || text.Host != nixuse.HostWrite ||
		len(e.Command.Words) != 2 {
		return nil, false
	}
	arg := e.Command.Words[1]
	if len(arg.Parts) != 1 || !arg.Parts[0].Verbatim || !arg.Known {
		return nil, false
	}
	part := arg.Parts[0]
	if part.Quoting != source.SingleQuoted && part.Quoting != source.DoubleQuoted ||
		strings.ContainsAny(part.Text, "%") {
		return nil, false
	}
	if strings.Count(part.Text, `\`) != strings.Count(part.Text, `\n`) {
		return nil, false // printf may give another backslash a meaning
	}
	edits := []fixers.Edit{{File: e.File, Span: e.Command.Words[0].Span, Text: "printf"}}
	if !strings.HasSuffix(part.Text, `\n`) {
		edits = append(edits, fixers.Edit{File: e.File, Span: source.Span{Start: part.Span.End, End: part.Span.End},
			Text: `\n`})
	}
	return edits, true
}

// variableToFile returns the fix that writes the settings of an ENV NIX_CONFIG to the nix.conf of the image, since ENV
// cannot hold a line end.
func variableToFile(text *nixuse.Text, entry *nixconf.Entry) (fixers.Fix, bool) {
	e := text.Event
	if text.Host != nixuse.HostEnv || e == nil || e.Kind != nixuse.SetEnv || e.Name != "NIX_CONFIG" || !e.Known {
		return fixers.Fix{}, false
	}
	base := e.Image.Root().Base
	if base == nil || base.Conf == nil || e.Instruction.Name != "ENV" || e.Instruction.Broken ||
		len(e.Instruction.Pairs) != 1 || len(text.Entries) != 1 || text.Entries[0] != entry || !e.ReadsSystemConf() {
		return fixers.Fix{}, false
	}
	var lines, names []string
	for line := range strings.SplitSeq(string(text.Fragment.Text), `\n`) {
		line = strings.TrimSpace(line)
		name, _, ok := strings.Cut(line, "=")
		switch {
		case line == "":
			continue
		case !ok:
			return fixers.Fix{}, false
		}
		lines = append(lines, line)
		names = append(names, nixuse.Canonical(strings.TrimSpace(name)))
	}
	command, ok := fixnix.AppendCommand(lines)
	return fixers.Fix{
		Title: "Write the settings to /etc/nix/nix.conf instead", Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{File: e.File, Span: e.Instruction.Span, Text: "RUN " + command}},
		Changes: fixers.Changes{
			fixdocker.NewInstructions{"RUN"}, fixdocker.RemovedInstructions{"ENV"}, fixdocker.Variables{"NIX_CONFIG"},
			fixnix.Settings(names), fixnix.Rights{}, fixers.Reveals{},
		},
	}, ok
}

package nix

import (
	"fmt"
	"slices"
	"unicode/utf8"

	fixnix "github.com/sandlint/sandlint/fixers/nixconf"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var hiddenCharacters = &rules.Rule{
	ID:       "nix/hidden-characters",
	Summary:  "a character that is invisible, or looks like another one, is part of a name or a word",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: words are separated by space, tab, carriage return and newline",
		"NixOS/nix#6064: a group that \"does not exist\" because of an odd character after its name",
	},
	Check: rules.OnText(checkHiddenCharacters),
}

func checkHiddenCharacters(p *rules.Pass, text *nixuse.Text) {
	if !slices.ContainsFunc(text.Fragment.Text,
		func(c byte) bool { return c >= utf8.RuneSelf || c == '\v' || c == '\f' }) {
		return
	}
	next := 0
	for n, line := range text.Lines {
		var entry *nixconf.Entry
		if next < len(text.Entries) && text.Entries[next].Line == n {
			entry = text.Entries[next]
			next++
		}
		if line.Unknown || len(line.Words) == 0 {
			continue
		}
		if finding, ok := hiddenIn(text, line, entry); ok {
			p.Report(finding)
		}
	}
}

func hiddenIn(text *nixuse.Text, line nixconf.Line, entry *nixconf.Entry) (rules.Finding, bool) {
	for i, word := range line.Words {
		place, r, ok := hidden.First(word.Text)
		if !ok || !text.Known(word.Span) {
			continue
		}
		message := hidden.Name(r)
		switch {
		case entry == nil && slices.ContainsFunc(text.Includes,
			func(inc nixconf.Include) bool { return inc.Path.Span == word.Span }):
			return rules.Finding{}, false // a file may have such a name
		case entry == nil:
			message += " is an ordinary character to Nix, so the line is not an assignment; every Nix command fails"
		case i == 0:
			shown := nixconf.Shown(line.Words[:1])
			if len(shown) == 0 {
				return rules.Finding{}, false
			}
			message += fmt.Sprintf(" is part of the name, so setting %q is not set", shown[0].Text)
		case !hasPlainWords(text, entry):
			return rules.Finding{}, false
		default:
			message += fmt.Sprintf(" is part of the word %q", word.Text)
		}
		s := source.Span{Start: word.Span.Start + place, End: word.Span.Start + place + utf8.RuneLen(r)}
		finding := nixtext.At(text, s, message)
		finding.Fixes = unhide(text, line, entry)
		return finding, true
	}
	return rules.Finding{}, false
}

// hasPlainWords reports whether the value of an entry consists of words in which nobody means a hidden character.
func hasPlainWords(text *nixuse.Text, entry *nixconf.Entry) bool {
	facts, ok := names.FactsFor(text.Targets, entry.Name.Text)
	return ok && facts.Kind != nixconf.KindString && facts.Kind != nixconf.KindJSON && facts.Kind != nixconf.KindPath
}

// unhide returns the fix that writes a line as it looks, where Nix accepts that. It is safe where only blanks and
// invisible characters change.
func unhide(text *nixuse.Text, line nixconf.Line, entry *nixconf.Entry) []fixers.Fix {
	shown := nixconf.Shown(line.Words)
	changes := fixers.Changes{}.When(entry == nil, fixers.Repair{})
	if len(shown) > 0 {
		if len(shown) < 2 || shown[1].Text != "=" || !refused.Accepted(text, shown[0].Text, shown[2:]) {
			return nil
		}
		if _, _, glued := nixconf.GluedAt(shown); glued {
			return nil
		}
		if entry != nil {
			changes = append(changes, fixnix.Settings{entry.Name.Text, shown[0].Text, nixuse.Canonical(shown[0].Text)})
		}
		if entry != nil && nixuse.Canonical(shown[0].Text) == "experimental-features" {
			for _, e := range text.Entries { // features decide about other settings
				changes = append(changes, fixnix.Settings{nixuse.Canonical(e.Name.Text)})
			}
		}
	}
	safety := fixers.Safe
	var edits []fixers.Edit
	for _, word := range line.Words {
		for i, r := range word.Text {
			with := ""
			switch hidden.KindOf(r) {
			case hidden.None:
				continue
			case hidden.Blank:
				with = " "
			case hidden.Dash:
				with, safety = "-", fixers.Unsafe
			case hidden.Equals:
				with, safety = "=", fixers.Unsafe
			case hidden.Quote:
				safety = fixers.Unsafe
			}
			s := source.Span{Start: word.Span.Start + i, End: word.Span.Start + i + utf8.RuneLen(r)}
			edit, ok := nixtext.Replace(text, s, with)
			if !ok {
				return nil
			}
			edits = append(edits, edit...)
		}
	}
	return []fixers.Fix{nixtext.Fix(text, "Write the line as it looks", safety, edits, changes)}
}

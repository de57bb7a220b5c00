package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// refusedValues calls report for each value that targeted releases refuse for an error of one of the given kinds, and for no cause that has a
// rule of its own. The finding has its message, with the releases where these are only a part of the targets, and its severity.
func refusedValues(text *workspace.NixText, report func(*nixconf.Entry, nixconf.TargetError, rules.Finding), kinds ...nixconf.ValueErrorKind) {
	for _, entry := range text.Entries {
		if !known(text, entry) {
			continue
		}
		for _, e := range text.ValueErrors(entry) {
			if !e.Fatal || e.Coverage == nixconf.None || !slices.Contains(kinds, e.Kind) || misread(text, entry) {
				continue
			}
			finding := at(text, valueSpan(entry, e.Word), e.Message)
			if e.Coverage == nixconf.Some {
				finding.Message += fmt.Sprintf(" (in %s)", e.Targets)
				if slices.Equal(text.Targets, nixconf.DefaultTargets()) {
					finding.Severity = rules.Warning // nobody said that the file is for these releases
				}
			}
			if text.Host == workspace.HostOption && e.Kind != nixconf.RelativePath {
				finding.Severity = rules.Warning // Nix warns about a bad --option and goes on
			}
			report(entry, e, finding)
			break
		}
	}
}

// misread reports whether an entry is not what its author wrote, for a cause that has a rule of its own: hidden characters, quotes,
// commas, a second assignment in the line, a literal \n, or a value that goes on in the next line.
func misread(text *workspace.NixText, entry *nixconf.Entry) bool {
	if _, _, ok := hidden.First(entry.Value); ok || judgedElsewhere(text, entry) {
		return true
	}
	if strings.HasSuffix(entry.Value, `\`) && entry.Line+1 < len(text.Lines) {
		if _, ok := problemOn(text, entry.Line+1, nixconf.KindLineContinuation); ok {
			return true
		}
	}
	_, ok := glued(entry)
	return ok
}

// problemOn returns the problem of a kind of a line.
func problemOn(text *workspace.NixText, line int, kind string) (source.Problem, bool) {
	span := text.Lines[line].Span
	for _, problem := range text.Problems {
		if problem.Kind == kind && span.Contains(problem.Span) {
			return problem, true
		}
	}
	return source.Problem{}, false
}

// glued returns the place in an entry where a second assignment begins.
func glued(entry *nixconf.Entry) (at int, ok bool) {
	hasEquals := func(w nixconf.Word) bool { return w.Text == "=" }
	if !strings.Contains(entry.Name.Text, "=") && !slices.ContainsFunc(entry.Words, hasEquals) {
		return 0, false
	}
	words := append([]nixconf.Word{entry.Name, {Text: "=", Span: entry.Equals}}, entry.Words...)
	at, _, ok = nixconf.GluedAt(words)
	return at, ok
}

// writeFixed returns the fix that writes a value as it was meant, where there is one reading.
func writeFixed(text *workspace.NixText, entry *nixconf.Entry, e nixconf.TargetError) []fixers.Fix {
	if !e.HasFix {
		return nil
	}
	edits, ok := fixnix.SetValue(text.Fragment, entry, e.Fixed)
	if !ok {
		return nil
	}
	return []fixers.Fix{fix(text, fmt.Sprintf("Write %s", e.Fixed), fixers.Safe, edits, fixers.Changes{Repair: true, Settings: []string{workspace.Canonical(entry.Name.Text)}})}
}

// valueSpan returns the word of a value that is at fault, or the whole value; for an empty one the setting's name.
func valueSpan(entry *nixconf.Entry, word int) source.Span {
	switch {
	case word >= 0 && word < len(entry.Words):
		return entry.Words[word].Span
	case entry.ValueSpan.IsEmpty():
		return entry.Span
	}
	return entry.ValueSpan
}

// isPlaceholder reports whether a word is to be filled in before Nix reads the file, so that nothing can be said of it.
func isPlaceholder(s string) bool {
	if strings.Contains(s, "${") || strings.Contains(s, "$(") || strings.Contains(s, "{{") || strings.Contains(s, "}}") || strings.HasPrefix(s, "$") {
		return true
	}
	n := len(s)
	return n > 2 && (s[0] == '<' && s[n-1] == '>' || s[0] == '@' && s[n-1] == '@' || s[0] == '%' && s[n-1] == '%')
}

// accepted reports whether no targeted release gives up on a setting with these words as its value. Where they are not known, nothing speaks against them.
func accepted(text *workspace.NixText, name string, words []nixconf.Word) bool {
	for _, w := range words {
		if !text.Known(w.Span) {
			return true
		}
	}
	return !refusedValue(text.Targets, name, words)
}

// refusedValue reports whether a targeted release gives up on a setting with these words as its value.
func refusedValue(ts nixconf.Targets, name string, words []nixconf.Word) bool {
	return slices.ContainsFunc(nixconf.CheckValueFor(ts, name, joined(words), words), func(e nixconf.TargetError) bool { return e.Fatal })
}

func joined(words []nixconf.Word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

// factsFor returns what the newest targeted release that has a setting knows about it.
func factsFor(ts nixconf.Targets, name string) (nixconf.Facts, bool) {
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.To, name); ok {
			return facts, true
		}
	}
	return nixconf.Facts{}, false
}

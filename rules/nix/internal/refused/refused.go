// Package refused reports values that targeted releases of Nix refuse, and checks the values that fixes write.
package refused

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/hostsystem"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

// Values calls report for each value that targeted releases refuse for an error of one of the given kinds, unless
// another rule reports the cause. The finding has its message, with the releases where only some of the targets refuse
// it, and its severity.
func Values(
	p *rules.Pass,
	text *nixuse.Text,
	report func(*nixconf.Entry, nixconf.TargetError, rules.Finding),
	kinds ...nixconf.ValueErrorKind,
) {
	for _, entry := range text.Entries {
		if !nixtext.Known(text, entry) {
			continue
		}
		for _, e := range text.ValueErrors(entry) {
			refused := e.Fatal && e.Coverage != nixconf.None
			if !refused || !slices.Contains(kinds, e.Kind) || misread.Is(text, entry) {
				continue
			}
			read := hostsystem.Refusal(p, text, entry)
			if read == nixconf.None {
				break
			}
			finding := nixtext.At(text, nixtext.ValueSpan(entry, e.Word), e.Message)
			warned := text.Host == nixuse.HostOption && e.Kind != nixconf.RelativePath
			if !warned && text.Host != nixuse.HostFlake && text.Host != nixuse.HostModule {
				finding.Message += ", so every Nix command fails"
			}
			if read == nixconf.Some {
				finding.Message += " (on macOS; Nix on Linux does not know the setting)"
				finding.Severity = rules.Warning
			}
			if e.Coverage == nixconf.Some {
				finding.Message += fmt.Sprintf(" (in %s)", e.Targets)
				if slices.Equal(text.Targets, nixconf.DefaultTargets()) {
					finding.Severity = rules.Warning // nobody said that the file is for these releases
				}
			}
			if e.Near != "" {
				finding.Message += fmt.Sprintf("; did you mean %q?", e.Near)
			}
			if warned {
				finding.Severity = rules.Warning // Nix warns about a bad --option and continues
			}
			report(entry, e, finding)
			break
		}
	}
}

// WriteNear returns the unsafe fix that writes the word that a misspelt value was probably meant to be.
func WriteNear(text *nixuse.Text, entry *nixconf.Entry, e nixconf.TargetError) []fixers.Fix {
	return write(text, entry, e.Near, fixers.Unsafe)
}

// WriteMeant returns the fix that writes a value as its author meant it, where there is only one possible meaning.
func WriteMeant(text *nixuse.Text, entry *nixconf.Entry, e nixconf.TargetError) []fixers.Fix {
	if !e.HasFix {
		return nil
	}
	return write(text, entry, e.Fixed, fixers.Safe)
}

func write(text *nixuse.Text, entry *nixconf.Entry, value string, safety fixers.Safety) []fixers.Fix {
	edits, ok := fixnix.SetValue(text.Fragment, entry, value)
	if !ok {
		return nil
	}
	return []fixers.Fix{nixtext.Fix(text, fmt.Sprintf("Write %s", value), safety, edits,
		fixers.Changes{fixers.Repair{}, fixnix.Settings{nixuse.Canonical(entry.Name.Text)}})}
}

// Accepted reports whether no targeted release refuses a setting with these words as its value. Words that are not
// known count as accepted.
func Accepted(text *nixuse.Text, name string, words []nixconf.Word) bool {
	for _, w := range words {
		if !text.Known(w.Span) {
			return true
		}
	}
	return !Refuses(text.Targets, name, words)
}

// Refuses reports whether a targeted release refuses a setting with these words as its value.
func Refuses(ts nixconf.Targets, name string, words []nixconf.Word) bool {
	return slices.ContainsFunc(nixconf.CheckValueFor(ts, name, joined(words), words), isFatal)
}

// mostGated is how many assignments of a setting GatesClearly looks at.
const mostGated = 32

// GatesClearly reports whether the settings of a text that Nix ignores without an experimental feature have values of
// one assignment each, so to enable a feature brings no refusal to light.
func GatesClearly(text *nixuse.Text) bool {
	for _, name := range nixconf.GatedNames() {
		entries := text.Setting(nixuse.Canonical(name))
		if len(entries) > mostGated || slices.ContainsFunc(entries, func(e *nixconf.Entry) bool {
			_, glued := misread.Glued(e)
			return glued || Refuses(text.Targets, e.Name.Text, e.Words)
		}) {
			return false
		}
	}
	return true
}

// ReadsClearly returns the entries of some lines, and false where Nix would refuse one of them, or where one holds two
// assignments or a character that is invisible or looks like another one. Fixes that make new lines ask for that.
func ReadsClearly(ts nixconf.Targets, lines string) ([]*nixconf.Entry, bool) {
	parts := nixconf.Parse(source.WholeFile(source.NewFile("", []byte(lines))))
	if len(parts.Problems) > 0 {
		return nil, false
	}
	isHidden := func(w nixconf.Word) bool {
		_, _, found := hidden.First(w.Text)
		return found
	}
	for _, e := range parts.Entries {
		if _, more := misread.Glued(e); more || Refuses(ts, e.Name.Text, e.Words) || isHidden(e.Name) ||
			slices.ContainsFunc(e.Words, isHidden) {
			return nil, false
		}
	}
	return parts.Entries, true
}

func isFatal(e nixconf.TargetError) bool { return e.Fatal }

func joined(words []nixconf.Word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

// Report reports the values that are refused for errors of the given kinds. Where all targeted releases refuse a value,
// the finding has the safe fix that writes what its author meant, or the unsafe one that writes the nearest word.
func Report(p *rules.Pass, text *nixuse.Text, kinds ...nixconf.ValueErrorKind) {
	Values(p, text, func(entry *nixconf.Entry, e nixconf.TargetError, finding rules.Finding) {
		if e.Coverage == nixconf.All {
			finding.Fixes = WriteMeant(text, entry, e)
			if e.Near != "" {
				finding.Fixes = WriteNear(text, entry, e)
			}
		}
		p.Report(finding)
	}, kinds...)
}

// Rewrite returns the edits that give an entry another value. It reports false where a targeted release refuses that
// value.
func Rewrite(text *nixuse.Text, entry *nixconf.Entry, value string) ([]fixers.Edit, bool) {
	if slices.ContainsFunc(nixconf.CheckValueFor(text.Targets, entry.Name.Text, value, nil), isFatal) {
		return nil, false
	}
	return fixnix.SetValue(text.Fragment, entry, value)
}

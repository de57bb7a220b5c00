package nix

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var quotedValue = &rules.Rule{
	ID:       "nix/quoted-value",
	Summary:  "a value is in quotes, which become part of it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe, fixers.Manual},
	References: []string{
		"Nix, src/libutil/configuration.cc: quotes are ordinary characters",
		"Nix, src/libstore/store-reference.cc: store URLs are parsed when the file is read, from 2.34 on",
	},
	Check: rules.OnText(checkQuotedValue),
}

// notSafelyUnquoted are the settings whose value is any text, in which quotes may be intended.
var notSafelyUnquoted = map[string]bool{
	"bash-prompt": true, "bash-prompt-prefix": true, "bash-prompt-suffix": true, "commit-lock-file-summary": true,
	"user-agent-suffix": true,
}

func checkQuotedValue(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if name, value, ok := misread.LineInQuotes(entry); ok && nixtext.Known(text, entry) &&
			!misread.HasLineBreak(text, entry) {
			p.Report(quotedLine(text, entry, name, value))
			continue
		}
		fixed, word, ok := misread.Unquoted(entry, text.Targets)
		if !ok || !nixtext.Known(text, entry) || misread.HasLineBreak(text, entry) {
			continue
		}
		name := nixuse.Canonical(entry.Name.Text)
		finding := nixtext.Atf(text, nixtext.ValueSpan(entry, word),
			"Nix has no quotes, so they are part of the value of %q", entry.Name.Text)
		safety := fixers.Safe
		if notSafelyUnquoted[name] {
			safety = fixers.Unsafe
		}
		bare := *entry
		bare.Words = nil
		for word := range strings.FieldsSeq(fixed) {
			bare.Words = append(bare.Words, nixconf.Word{Text: word})
		}
		bare.Value = fixed
		if divided, _, ok := misread.WithoutCommas(&bare, text.Targets); ok {
			fixed = divided
			if facts, _ := names.AnyFacts(entry.Name.Text, text.Targets); !facts.Names {
				safety = fixers.Unsafe
			}
		}
		if edits, ok := refused.Rewrite(text, entry, fixed); ok {
			fix := nixtext.Fix(text, "Write the value without quotes", safety, edits,
				fixers.Changes{fixnix.Settings(misread.Touched(text, entry))})
			finding.Fixes = []fixers.Fix{adviceOnTrust(entry, fix)}
		}
		p.Report(finding)
	}
}

// quotedLine reports a line that is in quotes as a whole.
func quotedLine(text *nixuse.Text, entry *nixconf.Entry, name, value string) rules.Finding {
	finding := nixtext.Atf(text, entry.Span, "Nix has no quotes, so the line sets %q, not %q", entry.Name.Text, name)
	bare := *entry
	bare.Name.Text = name
	_, twice := misread.InQuotes(value)
	if notSafelyUnquoted[nixuse.Canonical(name)] || twice || inforce.Assigns(text, nixuse.Canonical(name)) {
		return finding
	}
	for _, e := range nixconf.CheckValueFor(text.Targets, name, value, nil) {
		if e.Fatal {
			return finding
		}
	}
	edits, ok := nixtext.Replace(text, source.Span{Start: entry.Span.Start, End: entry.Span.Start + 1}, "")
	closing, closes := nixtext.Replace(text, source.Span{Start: entry.Span.End - 1, End: entry.Span.End}, "")
	if ok && closes {
		changes := fixers.Changes{fixnix.Settings(append(misread.Touched(text, &bare), entry.Name.Text))}
		fix := nixtext.Fix(text, "Write the line without quotes", fixers.Safe, append(edits, closing...), changes)
		finding.Fixes = []fixers.Fix{adviceOnTrust(&bare, fix)}
	}
	return finding
}

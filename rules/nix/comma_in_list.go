package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var commaInList = &rules.Rule{
	ID:       "nix/comma-in-list",
	Summary:  "the words of a list have commas between them, which become part of the words",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe, fixers.Manual},
	References: []string{
		"Nix, src/libutil/configuration.cc: lists are split at white space",
	},
	Check: rules.OnText(checkCommaInList),
}

func checkCommaInList(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		fixed, word, ok := misread.WithoutCommas(entry, text.Targets)
		if !ok || !nixtext.Known(text, entry) || misread.HasLineBreak(text, entry) {
			continue
		}
		if _, _, quoted := misread.Unquoted(entry, text.Targets); quoted {
			continue // the rule about quotes reports it
		}
		finding := nixtext.Atf(text, entry.Words[word].Span,
			"spaces separate the words of %q, so the comma is part of %q", entry.Name.Text, entry.Words[word].Text)
		safety := fixers.Unsafe
		if facts, _ := names.AnyFacts(entry.Name.Text, text.Targets); facts.Names {
			safety = fixers.Safe
		}
		if edits, ok := refused.Rewrite(text, entry, fixed); ok {
			fix := nixtext.Fix(text, "Write the words without commas", safety, edits,
				fixers.Changes{fixnix.Settings(misread.Touched(text, entry))})
			finding.Fixes = []fixers.Fix{adviceOnTrust(entry, fix)}
		}
		p.Report(finding)
	}
}

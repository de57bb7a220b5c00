package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var invalidValue = &rules.Rule{
	ID:       "nix/invalid-value",
	Summary:  "a setting has a value that Nix refuses, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libutil/configuration.cc and src/libstore/globals.cc: how each type of setting is read",
		"NixOS/nixpkgs#21576: `= true;` locked a user out of the machine",
	},
	NixConf: checkInvalidValue,
}

func checkInvalidValue(p *rules.Pass, text *workspace.NixText) {
	for _, entry := range text.Entries {
		if !known(text, entry) {
			continue
		}
		for _, e := range nixconf.CheckValueFor(text.Targets, entry.Name.Text, entry.Value, entry.Words) {
			if !e.Fatal || e.Coverage == nixconf.None {
				continue
			}
			if judgedElsewhere(text, entry) {
				break
			}
			message := e.Message
			if e.Coverage == nixconf.Some {
				message += fmt.Sprintf(" (in %s)", e.Targets)
			}
			finding := at(text, valueSpan(entry, e.Word), message)
			if text.Host == workspace.HostOption {
				finding.Severity = rules.Warning // Nix warns about a bad --option and goes on
			}
			if e.HasFix && e.Coverage == nixconf.All {
				if edits, ok := fixnix.SetValue(text.Fragment, entry, e.Fixed); ok {
					finding.Fixes = []fixers.Fix{fix(text, fmt.Sprintf("Write %s", e.Fixed), fixers.Safe, edits, fixers.Changes{Repair: true, Settings: []string{workspace.Canonical(entry.Name.Text)}})}
				}
			}
			p.Report(finding)
			break
		}
	}
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

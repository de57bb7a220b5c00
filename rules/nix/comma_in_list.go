package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var commaInList = &rules.Rule{
	ID:       "nix/comma-in-list",
	Summary:  "the words of a list have commas between them, which become a part of the words",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: lists are split at white space",
	},
	NixConf: checkCommaInList,
}

func checkCommaInList(p *rules.Pass, text *workspace.NixText) {
	for _, entry := range text.Entries {
		fixed, word, ok := uncommaed(entry, text.Targets)
		if !ok || !known(text, entry) || hasLineBreak(text, entry) {
			continue
		}
		if _, _, quoted := unquoted(entry, text.Targets); quoted {
			continue // the quotes go first
		}
		finding := at(text, entry.Words[word].Span, fmt.Sprintf("the words of %q are divided by blanks, so the comma is a part of %q", entry.Name.Text, entry.Words[word].Text))
		safety := fixers.Unsafe
		if facts, _ := anyFacts(entry.Name.Text, text.Targets); facts.Names {
			safety = fixers.Safe
		}
		if edits, ok := rewritten(text, entry, fixed); ok {
			finding.Fixes = []fixers.Fix{fix(text, "Write the words without commas", safety, edits, fixers.Changes{Settings: touched(text, entry)})}
		}
		p.Report(finding)
	}
}

// rewritten returns the edits that give an entry another value, where no targeted release refuses that.
func rewritten(text *workspace.NixText, entry *nixconf.Entry, value string) ([]fixers.Edit, bool) {
	for _, e := range nixconf.CheckValueFor(text.Targets, entry.Name.Text, value, nil) {
		if e.Fatal {
			return nil, false
		}
	}
	return fixnix.SetValue(text.Fragment, entry, value)
}

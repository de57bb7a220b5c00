package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var quotedValue = &rules.Rule{
	ID:       "nix/quoted-value",
	Summary:  "a value stands in quotes, which become a part of it",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: quotes are ordinary characters",
		"Nix, src/libstore/store-reference.cc: store URLs are parsed when the file is read, from 2.34 on",
	},
	NixConf: checkQuotedValue,
}

// freeTexts are the settings whose value is any text, so that quotes may be meant.
var freeTexts = map[string]bool{
	"bash-prompt": true, "bash-prompt-prefix": true, "bash-prompt-suffix": true, "commit-lock-file-summary": true, "user-agent-suffix": true,
}

func checkQuotedValue(p *rules.Pass, text *workspace.NixText) {
	for _, entry := range text.Entries {
		fixed, word, ok := unquoted(entry, text.Targets)
		if !ok || !known(text, entry) || hasLineBreak(text, entry) {
			continue
		}
		name := workspace.Canonical(entry.Name.Text)
		finding := at(text, valueSpan(entry, word), fmt.Sprintf("Nix knows no quotes, so they are a part of the value of %q", entry.Name.Text))
		safety := fixers.Safe
		if freeTexts[name] {
			safety = fixers.Unsafe
			finding.Severity = rules.Warning
		}
		if edits, ok := rewritten(text, entry, fixed); ok {
			finding.Fixes = []fixers.Fix{fix(text, "Write the value without quotes", safety, edits, fixers.Changes{Settings: touched(text, entry)})}
		}
		p.Report(finding)
	}
}

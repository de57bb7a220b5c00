package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var duplicateSubstituter = &rules.Rule{
	ID:          "nix/duplicate-substituter",
	Summary:     "a cache is listed twice",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libstore/store-api.cc: getDefaultSubstituters skips a URL only if its text is the same",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, setting := range []string{"substituters", "trusted-substituters"} {
			first := map[string]caches.Cache{}
			for _, c := range caches.Of(text, setting) {
				key := caches.BareURL(c.Text)
				earlier, ok := first[key]
				if !ok {
					first[key] = c
					continue
				}
				finding := nixtext.Atf(text, c.Span(), "%q is listed twice", c.Text)
				finding.Related = []rules.Related{{File: text.Fragment.File, Span: text.Fragment.Span(earlier.Span()),
					Message: "it is listed here"}}
				if c.Text != earlier.Text {
					finding.Message = fmt.Sprintf("%q is the same cache as %q, so Nix asks it twice for everything",
						c.Text, earlier.Text)
					p.Report(finding)
					continue
				}
				if edits, ok := fixnix.RemoveWord(text.Fragment, c.Entry, c.Index); ok &&
					(c.Index > 0 || len(c.Entry.Words) > 1) {
					finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Remove the second one", fixers.Safe, edits,
						fixers.Changes{fixnix.Settings{setting}})}
				}
				p.Report(finding)
			}
		}
	}),
}

package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var duplicateSubstituter = &rules.Rule{
	ID:       "nix/duplicate-substituter",
	Summary:  "a cache is listed twice",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libstore/store-api.cc: getDefaultSubstituters passes over a URL only where it is the same text",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, setting := range []string{"substituters", "trusted-substituters"} {
			first := map[string]cache{}
			for _, c := range caches(text, setting) {
				key := bareURL(c.text)
				earlier, ok := first[key]
				if !ok {
					first[key] = c
					continue
				}
				finding := at(text, c.span(), fmt.Sprintf("%q is listed twice", c.text))
				finding.Related = []rules.Related{{File: text.Fragment.File, Span: text.Fragment.Span(earlier.span()), Message: "it is listed here"}}
				if c.text != earlier.text {
					finding.Message = fmt.Sprintf("%q is the same cache as %q, and Nix asks it twice for everything", c.text, earlier.text)
					p.Report(finding)
					continue
				}
				if edits, ok := fixnix.RemoveWord(text.Fragment, c.entry, c.index); ok && (c.index > 0 || len(c.entry.Words) > 1) {
					finding.Fixes = []fixers.Fix{fix(text, "Remove the second one", fixers.Safe, edits, fixers.Changes{Settings: []string{setting}})}
				}
				p.Report(finding)
			}
		}
	}),
}

// bareURL returns a URL without slashes at the end of its path.
func bareURL(u string) string {
	base, query, hasQuery := strings.Cut(u, "?")
	base = strings.TrimRight(base, "/")
	if hasQuery {
		return base + "?" + query
	}
	return base
}

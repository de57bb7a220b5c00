package nix

import (
	"fmt"
	"net/netip"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var plainHTTPSubstituter = &rules.Rule{
	ID:       "nix/plain-http-substituter",
	Summary:  "a substituter is asked over plain HTTP",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: substituters, require-sigs",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		unsigned := false
		if entry := deciding(text, "require-sigs"); entry != nil {
			unsigned = isFalse(entry.Value)
		}
		seen := map[string]bool{}
		for _, setting := range []string{"substituters", "trusted-substituters"} {
			for _, c := range caches(text, setting) {
				if c.url.Scheme != "http" || isPrivate(c.url.Hostname()) || seen[c.text] {
					continue
				}
				seen[c.text] = true
				finding := at(text, c.span(), fmt.Sprintf("%q is asked over plain HTTP, so that everyone on the way sees what is installed", c.url.Host))
				if unsigned || c.trusted() {
					finding.Severity = rules.Error
					finding.Message = fmt.Sprintf("%q is asked over plain HTTP and needs no signature, so that everyone on the way can put in programs of their own", c.url.Host)
				}
				// Behind another port, or a bare address, there mostly is no TLS.
				_, err := netip.ParseAddr(c.url.Hostname())
				if c.url.Port() == "" && err != nil {
					if edits, ok := fixnix.ReplaceWord(text.Fragment, c.entry.Words[c.index], "https"+c.text[len("http"):]); ok {
						finding.Fixes = []fixers.Fix{fix(text, "Use https", fixers.Unsafe, edits, fixers.Changes{Settings: []string{setting}})}
					}
				}
				p.Report(finding)
			}
		}
	}),
}

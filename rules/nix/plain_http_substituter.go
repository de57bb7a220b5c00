package nix

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var plainHTTPSubstituter = &rules.Rule{
	ID:       "nix/plain-http-substituter",
	Summary:  "a substituter is accessed over plain HTTP",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: substituters, require-sigs",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		unsigned := false
		if entry := inforce.Deciding(text, "require-sigs"); entry != nil {
			unsigned = inforce.IsFalse(entry.Value)
		}
		same := map[string][]caches.Cache{}
		settings := map[string]fixnix.Settings{} // where each occurs
		for _, setting := range []string{"substituters", "trusted-substituters"} {
			for _, c := range caches.Of(text, setting) {
				if same[c.Text] = append(same[c.Text], c); !slices.Contains(settings[c.Text], setting) {
					settings[c.Text] = append(settings[c.Text], setting)
				}
			}
		}
		seen := map[string]bool{}
		for _, setting := range []string{"substituters", "trusted-substituters"} {
			for _, c := range caches.Of(text, setting) {
				if c.URL.Scheme != "http" || caches.IsPrivate(c.URL.Hostname()) || seen[c.Text] {
					continue
				}
				seen[c.Text] = true
				finding := nixtext.Atf(text, c.Span(),
					"%q is accessed over plain HTTP, so anyone on the network path can see what is installed",
					c.URL.Host)
				if unsigned || c.Trusted() {
					finding.Severity = rules.Error
					finding.Message = fmt.Sprintf(
						"%q is accessed over plain HTTP and needs no signature, so anyone on the network path can "+
							"inject code", c.URL.Host)
				}
				// On another port, or on a bare address, there usually is no TLS.
				_, err := netip.ParseAddr(c.URL.Hostname())
				if c.URL.Port() == "" && err != nil {
					if edits := useHTTPS(text, same[c.Text]); edits != nil {
						finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Use https", fixers.Unsafe, edits,
							fixers.Changes{settings[c.Text]})}
					}
				}
				p.Report(finding)
			}
		}
	}),
}

// useHTTPS returns the edits that write https everywhere where an address stands; nil where one cannot be edited.
func useHTTPS(text *nixuse.Text, same []caches.Cache) (edits []fixers.Edit) {
	for _, c := range same {
		e, ok := fixnix.ReplaceWord(text.Fragment, c.Entry.Words[c.Index], "https"+c.Text[len("http"):])
		if !ok {
			return nil
		}
		edits = append(edits, e...)
	}
	return edits
}

package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var signaturesDisabled = &rules.Rule{
	ID:       "nix/signatures-disabled",
	Summary:  "Nix takes programs from a cache without a signature",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: require-sigs; store parameter trusted",
		"NixOS/nix#4528",
	},
	Check: rules.OnText(checkSignatures),
}

func checkSignatures(p *rules.Pass, text *nixuse.Text) {
	if entry := deciding(text, "require-sigs"); entry != nil && isFalse(entry.Value) {
		finding := at(text, entry.Span, entry.Name.Text+" = "+entry.Value+" makes Nix take whatever any substituter sends, whoever built it")
		if text.Host == nixuse.HostOption {
			finding.Severity = rules.Warning
			finding.Message = "this command takes whatever any substituter sends, whoever built it"
		}
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "true"); ok {
			finding.Fixes = []fixers.Fix{fix(text, "Set it to true", fixers.Unsafe, edits, fixers.Changes{Settings: []string{"require-sigs"}})}
		}
		p.Report(finding)
	}
	for _, setting := range []string{"substituters", "trusted-substituters"} {
		for _, c := range caches(text, setting) {
			if !c.trusted() || !isRemote(c) {
				continue
			}
			finding := at(text, c.span(), fmt.Sprintf("with the parameter trusted Nix takes whatever %q sends without a signature", c.url.Host))
			if edits, ok := fixnix.ReplaceWord(text.Fragment, c.entry.Words[c.index], c.without("trusted")); ok {
				finding.Fixes = []fixers.Fix{fix(text, "Remove the parameter", fixers.Unsafe, edits, fixers.Changes{Settings: []string{setting}})}
			}
			p.Report(finding)
		}
	}
}

// isRemote reports whether what a cache sends comes over a network.
func isRemote(c cache) bool {
	switch c.url.Scheme {
	case "http", "https", "s3", "ssh", "ssh-ng":
		return c.url.Hostname() != "localhost" && c.url.Hostname() != "127.0.0.1" && c.url.Hostname() != "::1"
	}
	return false
}

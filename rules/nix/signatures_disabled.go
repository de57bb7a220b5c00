package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var signaturesDisabled = &rules.Rule{
	ID:       "nix/signatures-disabled",
	Summary:  "Nix accepts programs from a cache without a signature",
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
	if entry := inforce.Deciding(text, "require-sigs"); entry != nil && inforce.IsFalse(entry.Value) {
		finding := nixtext.At(text, entry.Span,
			entry.Name.Text+" = "+entry.Value+" makes Nix accept whatever any substituter sends, no matter who built "+
				"it")
		if text.Host == nixuse.HostOption {
			finding.Severity = rules.Warning
			finding.Message = "this command accepts whatever any substituter sends, no matter who built it"
		}
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "true"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to true", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{"require-sigs"}})}
		}
		p.Report(finding)
	}
	for _, setting := range []string{"substituters", "trusted-substituters"} {
		for _, c := range caches.Of(text, setting) {
			if !c.Trusted() || !c.IsRemote() {
				continue
			}
			finding := nixtext.Atf(text, c.Span(),
				"with the parameter trusted, Nix accepts whatever %q sends without a signature", c.URL.Host)
			if edits, ok := fixnix.ReplaceWord(text.Fragment, c.Entry.Words[c.Index], c.Without("trusted")); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Remove the parameter", fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings{setting}})}
			}
			p.Report(finding)
		}
	}
}

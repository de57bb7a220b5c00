package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var nativeCodeInEval = &rules.Rule{
	ID:       "nix/native-code-in-eval",
	Summary:  "Nix expressions can run programs during evaluation",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: allow-unsafe-native-code-during-evaluation",
		"Nix, src/libexpr/primops.cc: the setting enables builtins.importNative and builtins.exec",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "allow-unsafe-native-code-during-evaluation"
		entry := inforce.Deciding(text, setting)
		if entry == nil || !inforce.IsTrue(entry.Value) {
			return
		}
		part, ok := inforce.SupportedBy(text, entry)
		if !ok {
			return
		}
		finding := nixtext.At(text, entry.Span,
			setting+" = "+entry.Value+" lets every expression that is evaluated run programs outside any sandbox"+part)
		if text.Host == nixuse.HostOption {
			finding.Severity = rules.Warning
			finding.Message = "every expression that this command evaluates can run programs outside any sandbox" + part
		}
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{setting}})}
		}
		p.Report(finding)
	}),
}

package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var nativeCodeInEval = &rules.Rule{
	ID:       "nix/native-code-in-eval",
	Summary:  "Nix expressions may run programs while they are evaluated",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: allow-unsafe-native-code-during-evaluation",
		"Nix, src/libexpr/primops.cc: the setting brings builtins.importNative and builtins.exec",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "allow-unsafe-native-code-during-evaluation"
		entry := deciding(text, setting)
		if entry == nil || !isTrue(entry.Value) {
			return
		}
		part, ok := heldBy(text, entry)
		if !ok {
			return
		}
		finding := at(text, entry.Span, setting+" = "+entry.Value+" lets every expression that is evaluated run programs, outside any sandbox"+part)
		if text.Host == nixuse.HostOption {
			finding.Severity = rules.Warning
			finding.Message = "every expression that this command evaluates may run programs, outside any sandbox" + part
		}
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{fix(text, "Set it to false", fixers.Unsafe, edits, fixers.Changes{Settings: []string{setting}})}
		}
		p.Report(finding)
	}),
}

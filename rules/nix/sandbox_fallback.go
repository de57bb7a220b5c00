package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var sandboxFallback = &rules.Rule{
	ID:       "nix/sandbox-fallback",
	Summary:  "Nix builds without the sandbox that is configured where the kernel does not allow one",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: sandbox-fallback",
		"NixOS/nix#13928, NixOS/nix#16207",
	},
	Check: rules.OnText(checkSandboxFallback),
}

func checkSandboxFallback(p *rules.Pass, text *nixuse.Text) {
	const setting = "sandbox-fallback"
	changes := fixers.Changes{fixnix.Settings{setting}}
	sandbox := inforce.Deciding(text, "sandbox")
	if sandbox != nil && sandbox.Value == "false" {
		return // there is no sandbox to fall back from
	}
	if set := inforce.Contributing(text, setting); len(set) > 0 {
		entry := inforce.Deciding(text, setting)
		if entry == nil || !inforce.IsTrue(entry.Value) {
			return
		}
		finding := nixtext.At(text, entry.Span,
			setting+" = "+entry.Value+" makes Nix silently build without a sandbox where the kernel does not allow one")
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits, changes)}
		}
		p.Report(finding)
		return
	}
	if sandbox == nil || sandbox.Value != "true" || len(text.Includes) > 0 {
		return
	}
	if text.Image != nil {
		if value, ok := inforce.AtEnd(text, setting); !ok || value != "true" || inforce.HasChild(text.Image) {
			return
		}
	}
	finding := nixtext.At(text, sandbox.Span,
		sandbox.Name.Text+" = true is silently ignored where the kernel does not allow a sandbox, since "+
			"sandbox-fallback is true by default")
	if edits, ok := fixnix.InsertLine(text.Fragment, text.File, sandbox.Line+1, setting+" = false"); ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Add sandbox-fallback = false", fixers.Unsafe, edits, changes)}
	}
	p.Report(finding)
}

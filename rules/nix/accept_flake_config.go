package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var acceptFlakeConfig = &rules.Rule{
	ID:       "nix/accept-flake-config",
	Summary:  "every flake can change Nix settings without confirmation",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: accept-flake-config",
		"NixOS/nix#9649: a flake's nixConfig runs a program as root for a trusted user; NixOS/nix#11066",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		entry := inforce.Deciding(text, "accept-flake-config")
		if entry == nil || !inforce.IsTrue(entry.Value) || text.Host == nixuse.HostOption {
			return
		}
		part, ok := inforce.SupportedBy(text, entry)
		if !ok {
			return
		}
		finding := nixtext.At(text, entry.Span,
			entry.Name.Text+" = "+entry.Value+" lets every flake that is evaluated change Nix settings: caches, "+
				"their keys, and the programs that Nix runs"+part)
		if p.Workspace.PlaceOf(text) != workspace.OnHost {
			finding.Severity = rules.Warning
		}
		changes := fixers.Changes{fixnix.Settings{"accept-flake-config"}}
		once := len(text.Setting("accept-flake-config")) == 1 // else another line comes into force
		if edits, ok := fixnix.DeleteLine(text.Fragment, text.File, entry); ok && once {
			finding.Fixes = append(finding.Fixes, nixtext.Fix(text, "Delete the line", fixers.Unsafe, edits, changes))
		} else if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = append(finding.Fixes, nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits, changes))
		}
		p.Report(finding)
	}),
}

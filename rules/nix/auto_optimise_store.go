package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/hostsystem"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

// The name of this file cannot end in _darwin: Go would compile it on macOS only.
var autoOptimiseStoreDarwin = &rules.Rule{
	ID:       "nix/auto-optimise-store-darwin",
	Summary:  "the store is optimised while it is being written to, which breaks builds on macOS",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix#7273: `cannot link '/nix/store/.tmp-link' to '/nix/store/.links/…': File exists`",
		"nix-darwin/nix-darwin#1152 refuses the setting except for Lix 2.92 and later, where it is fixed; " +
			"nix-darwin/nix-darwin#484",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "auto-optimise-store"
		entry := inforce.Deciding(text, setting)
		if entry == nil || !inforce.IsTrue(entry.Value) {
			return
		}
		why := hostsystem.Darwin(p, text)
		broken := names.BeforeLix292(text.Targets)
		if why == "" || len(broken) == 0 {
			return
		}
		message := fmt.Sprintf(
			"%s = %s can corrupt the store and make builds fail on macOS; %s shows that this file is for macOS",
			entry.Name.Text, entry.Value, why)
		if !slices.Equal(broken, text.Targets) {
			message += fmt.Sprintf(" (in %s)", broken)
		}
		finding := nixtext.At(text, entry.Span, message)
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{setting}})}
		}
		p.Report(finding)
	}),
}

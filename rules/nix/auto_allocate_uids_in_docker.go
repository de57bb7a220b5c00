package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var autoAllocateUIDsInDocker = &rules.Rule{
	ID:       "nix/auto-allocate-uids-in-docker",
	Summary:  "builds in a container run as users that have no name or do not exist there",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix#9761, Mic92/nixos-shell#70: `cannot find name for user ID 872415232` in builds without a sandbox",
		"NixOS/nix#7692: up to Nix 2.13 such builds fail in Docker; DeterminateSystems/nix-installer#196",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "auto-allocate-uids"
		entry := inforce.Deciding(text, setting)
		if entry == nil || !inforce.IsTrue(entry.Value) || p.Workspace.PlaceOf(text) != workspace.InImage {
			return
		}
		if text.Image != nil {
			if value, ok := inforce.AtEnd(text, setting); !ok || value != "true" {
				return
			}
		} else if !everOn(text, setting) {
			return // Nix ignores it without the experimental feature
		}
		finding := nixtext.At(text, entry.Span,
			entry.Name.Text+" = "+entry.Value+" makes builds run as user 872415232 and up; in a container, where Nix "+
				"usually has no sandbox, programs find no name for such a user")
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{setting}})}
		}
		p.Report(finding)
	}),
}

// everOn reports whether a file alone enables a setting in the newest release of some target.
func everOn(text *nixuse.Text, setting string) bool {
	for _, target := range text.Targets {
		s := effective.Merge([]effective.Source{{File: text.File, Kind: effective.SystemFile}}, target.Distribution,
			target.To)
		if on, known := s.Bool(setting); on && known {
			return true
		}
	}
	return false
}

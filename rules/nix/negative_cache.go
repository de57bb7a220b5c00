package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var negativeCache = &rules.Rule{
	ID:       "nix/negative-cache",
	Summary:  "Nix remembers cache misses for an hour",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: narinfo-cache-negative-ttl; its default is 3600 seconds since Nix 2.1",
		"NixOS/nix#4028, NixOS/nix#781, NixOS/nix#4478",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "narinfo-cache-negative-ttl"
		c, ok := caches.ThirdParty(text)
		if !ok || len(inforce.Contributing(text, setting)) > 0 || p.Workspace.PlaceOf(text) == workspace.OnHost {
			return
		}
		if text.Image != nil {
			if value, ok := inforce.AtEnd(text, setting); !ok || value != "3600" || inforce.HasChild(text.Image) {
				return
			}
		}
		finding := nixtext.Atf(text, c.Span(),
			"Nix remembers for an hour what %q did not have, even if a build has pushed it since", c.URL.Host)
		if edits, ok := fixnix.InsertLine(text.Fragment, text.File, c.Entry.Line+1, setting+" = 0"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Add narinfo-cache-negative-ttl = 0", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{setting}})}
		}
		p.Report(finding)
	}),
}

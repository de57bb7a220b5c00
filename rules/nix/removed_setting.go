package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var removedSetting = &rules.Rule{
	ID:          "nix/removed-setting",
	Summary:     "a setting was removed before the targeted releases of Nix, so it has no effect",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, release notes of 2.13: repeat and enforce-determinism were removed",
		"Nix, src/libutil/configuration.cc: unknown settings only cause a warning",
	},
	Check: rules.OnText(checkRemovedSetting),
}

func checkRemovedSetting(p *rules.Pass, text *nixuse.Text) {
	if inforce.LoadsPlugins(text) {
		return
	}
	for _, entry := range text.Entries {
		name := entry.Name.Text
		if _, ok := names.Newest(name, text.Targets); ok || !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if _, _, ok := names.NotAppendable(name, text.Targets); ok {
			continue
		}
		k, status := names.OfSetting(name, text.Targets)
		if status != names.Removed {
			continue
		}
		message := fmt.Sprintf("setting %q is unknown to %s: %s", name, names.Releases(text.Targets), k.Description)
		if k.Coverage == nixconf.Some {
			message = fmt.Sprintf("setting %q is unknown to %s", name, k.Unknown)
		}
		if k.RenamedTo != "" {
			message += fmt.Sprintf("; %q replaces it", k.RenamedTo)
		}
		finding := nixtext.At(text, entry.Name.Span, message)
		if k.Coverage == nixconf.None {
			if edits, ok := fixnix.DeleteLine(text.Fragment, text.File, entry); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Delete the line without effect", fixers.Safe, edits,
					fixers.Changes{fixnix.Settings{name}})}
			}
		}
		p.Report(finding)
	}
}

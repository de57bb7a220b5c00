package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/features"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var otherDistribution = &rules.Rule{
	ID: "nix/other-distribution",
	Summary: "a setting or experimental feature belongs to a distribution of Nix that is not targeted, so it has no " +
		"effect",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"Sources of Nix, Lix and Determinate Nix: which of them has which setting",
		"Lix, release notes of 2.90: filter-syscalls and allow-new-privileges were removed",
	},
	Check: rules.OnText(checkOtherDistribution),
}

func checkOtherDistribution(p *rules.Pass, text *nixuse.Text) {
	plugins := inforce.LoadsPlugins(text)
	for _, entry := range text.Entries {
		name := entry.Name.Text
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if names.IsFeatures(name) {
			foreignFeatures(p, text, entry)
			continue
		}
		if _, ok := names.Newest(name, text.Targets); ok || plugins {
			continue
		}
		if _, _, ok := names.NotAppendable(name, text.Targets); ok {
			continue
		}
		if k, status := names.OfSetting(name, text.Targets); status == names.Foreign {
			p.Report(nixtext.Atf(text, entry.Name.Span, "setting %q is unknown to %s; it belongs to %s", name,
				names.Releases(text.Targets), k.Description))
		}
	}
}

func foreignFeatures(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry) {
	features.Each(text, entry, func(_ int, w nixconf.Word, k nixconf.Knowledge, status names.Status) {
		if status != names.Foreign {
			return
		}
		message := fmt.Sprintf("experimental feature %q is unknown to %s; it belongs to %s", w.Text,
			names.Releases(text.Targets), k.Description)
		if near := nixconf.NearestFeature(w.Text, text.Targets); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		p.Report(nixtext.At(text, w.Span, message))
	})
}

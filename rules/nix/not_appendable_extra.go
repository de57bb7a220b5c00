package nix

import (
	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var notAppendableExtra = &rules.Rule{
	ID:       "nix/not-appendable-extra",
	Summary:  "extra- precedes a setting that cannot be appended to, so the line has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: extra- is looked up for settings whose type can be appended to",
	},
	Check: rules.OnText(checkNotAppendableExtra),
}

func checkNotAppendableExtra(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		base, k, ok := names.NotAppendable(entry.Name.Text, text.Targets)
		if !ok {
			continue
		}
		in := names.Releases(text.Targets)
		if k.Coverage == nixconf.Some {
			in = k.Unknown.String()
		}
		finding := nixtext.Atf(text, entry.Name.Span, "setting %q cannot be appended to, so %q is unknown to %s", base,
			entry.Name.Text, in)
		if k.Coverage == nixconf.None && !inforce.Assigns(text, nixuse.Canonical(base)) &&
			refused.Accepted(text, base, entry.Words) {
			if edits, ok := nixtext.Replace(text, entry.Name.Span, base); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Rename to "+base, fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings{nixuse.Canonical(base), entry.Name.Text}})}
			}
		}
		p.Report(finding)
	}
}

package nix

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var deprecatedAlias = &rules.Rule{
	ID:         "nix/deprecated-alias",
	Summary:    "a setting has an old name",
	Severity:   rules.Info,
	Category:   rules.Formatting,
	Since:      "0.1.0",
	Deprecated: true,
	Fixes:      []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libstore/include/nix/store/globals.hh: the aliases of each setting",
		"Nix, release notes of 2.0: the settings that got new names",
	},
	Check: rules.OnText(checkDeprecatedAlias),
}

func checkDeprecatedAlias(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		name := entry.Name.Text
		facts, ok := names.Newest(name, text.Targets)
		if !ok || !facts.Alias || !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		now := facts.Name
		if facts.Extra {
			now = "extra-" + now
		}
		if !sameVariable(name, now, facts, text.Targets) {
			continue
		}
		finding := nixtext.Atf(text, entry.Name.Span, "%q is an old name of %q", name, now)
		if edits, ok := nixtext.Replace(text, entry.Name.Span, now); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Rename to "+now, fixers.Safe, edits, fixers.Changes{})}
		}
		p.Report(finding)
	}
}

// sameVariable reports whether two names are one setting in every targeted release.
func sameVariable(old, now string, facts nixconf.Facts, ts nixconf.Targets) bool {
	for _, t := range ts {
		for _, r := range t.Releases() {
			a, okA := nixconf.Lookup(t.Distribution, r, old)
			b, okB := nixconf.Lookup(t.Distribution, r, now)
			if !okA || !okB || !a.Alias || b.Alias || a.Name != facts.Name || b.Name != facts.Name ||
				a.Extra != b.Extra {
				return false
			}
		}
	}
	return true
}

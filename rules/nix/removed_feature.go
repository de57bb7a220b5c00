package nix

import (
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/features"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var removedFeature = &rules.Rule{
	ID:       "nix/removed-feature",
	Summary:  "an experimental feature no longer exists in the targeted releases of Nix",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/experimental-features.cc, release by release",
		"Nix, release notes of 2.18 (discard-references), 2.22 (repl-flake) and 2.34 (no-url-literals)",
	},
	Check: rules.OnText(checkRemovedFeature),
}

func checkRemovedFeature(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if !names.IsFeatures(entry.Name.Text) || !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		features.Each(text, entry, func(n int, w nixconf.Word, k nixconf.Knowledge, status names.Status) {
			if status == names.Removed || status == names.Unknown && k.Change != "" {
				p.Report(removedFeatureAt(text, entry, n, k))
			}
		})
	}
}

func removedFeatureAt(text *nixuse.Text, entry *nixconf.Entry, n int, k nixconf.Knowledge) rules.Finding {
	w := entry.Words[n]
	in, why := names.Releases(text.Targets), k.Change
	if k.Coverage == nixconf.Some {
		in = k.Unknown.String()
	}
	if why == "" {
		why = k.Description
	}
	finding := nixtext.Atf(text, w.Span, "experimental feature %q is unknown to %s: %s", w.Text, in, why)
	if k.Stable == nixconf.All || k.Coverage == nixconf.Some {
		finding.Severity = rules.Info // what it enabled is built in, or the file is for older releases too
	}
	if k.Coverage == nixconf.Some {
		return finding
	}
	if setting, ok := strings.CutPrefix(k.RenamedTo, "the setting "); ok {
		if edits, ok := becomesSetting(text, entry, n, setting); ok {
			name, _, _ := strings.Cut(setting, " ")
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Write "+setting+" instead", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{"experimental-features", name}})}
		}
	}
	if k.Stable == nixconf.All {
		if edits, ok := withoutWord(text, entry, n); ok {
			finding.Fixes = append(finding.Fixes,
				nixtext.Fix(text, "Delete the feature, which is built in", fixers.Safe, edits, fixers.Changes{}))
		}
	}
	return finding
}

// withoutWord returns the edits that remove a word from a list, and the whole line where it only adds that word and can
// be deleted.
func withoutWord(text *nixuse.Text, entry *nixconf.Entry, n int) ([]fixers.Edit, bool) {
	if len(entry.Words) == 1 && names.IsExtra(entry, text.Targets) {
		if edits, ok := fixnix.DeleteLine(text.Fragment, text.File, entry); ok {
			return edits, true
		}
	}
	return fixnix.RemoveWord(text.Fragment, entry, n)
}

// becomesSetting returns the edits that write a setting of its own for word n.
func becomesSetting(text *nixuse.Text, entry *nixconf.Entry, n int, setting string) ([]fixers.Edit, bool) {
	if len(entry.Words) == 1 && names.IsExtra(entry, text.Targets) {
		return fixnix.ReplaceLine(text.Fragment, text.File, entry.Line, setting)
	}
	removed, ok := fixnix.RemoveWord(text.Fragment, entry, n)
	if !ok {
		return nil, false
	}
	inserted, ok := fixnix.InsertLine(text.Fragment, text.File, entry.Line, setting)
	return append(removed, inserted...), ok
}

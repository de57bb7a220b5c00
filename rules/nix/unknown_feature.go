package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/features"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var unknownFeature = &rules.Rule{
	ID:       "nix/unknown-feature",
	Summary:  "no targeted release of Nix knows an experimental feature, so it is not enabled",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe, fixers.Manual},
	References: []string{
		"Nix, src/libutil/experimental-features.cc",
		"DeterminateSystems/nix-installer#1048",
	},
	Check: rules.OnText(checkUnknownFeature),
}

func checkUnknownFeature(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		switch {
		case !text.Fragment.Known(entry.Name.Span):
		case names.IsFeatures(entry.Name.Text):
			features.Each(text, entry, func(n int, w nixconf.Word, k nixconf.Knowledge, status names.Status) {
				if status == names.TooNew || status == names.Unknown && k.Change == "" {
					p.Report(unknownFeatureAt(text, entry, n, k))
				}
			})
		case entry.Name.Text == "deprecated-features" || entry.Name.Text == "extra-deprecated-features":
			unknownDeprecatedFeatures(p, text, entry)
		}
	}
}

func unknownFeatureAt(text *nixuse.Text, entry *nixconf.Entry, n int, k nixconf.Knowledge) rules.Finding {
	w := entry.Words[n]
	if finding, ok := settingAmongFeatures(text, w); ok && k.Description == "" {
		return finding
	}
	near := ""
	message := fmt.Sprintf("experimental feature %q is unknown to %s", w.Text, names.Releases(text.Targets))
	if k.Description != "" {
		message += fmt.Sprintf("; known to %s", k.Description)
	} else if near = nixconf.NearestFeature(w.Text, text.Targets); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	finding := nixtext.At(text, w.Span, message)
	if near == "" {
		return finding
	}
	title := "Rename to " + near
	edits, ok := fixnix.ReplaceWord(text.Fragment, w, near)
	if slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool { return w.Text == near }) {
		title = fmt.Sprintf("Delete it, since %s is listed too", near)
		edits, ok = fixnix.RemoveWord(text.Fragment, entry, n)
	}
	if ok && refused.GatesClearly(text) {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings(misread.Touched(text, entry))})}
	}
	return finding
}

// settingAmongFeatures reports a word that no release takes as a feature, and that is the name of a setting.
func settingAmongFeatures(text *nixuse.Text, w nixconf.Word) (rules.Finding, bool) {
	title := fmt.Sprintf("Write %s = … on a line of its own", w.Text)
	if facts, ok := names.Newest(w.Text, text.Targets); ok && facts.Name == w.Text {
		finding := nixtext.Atf(text, w.Span, "%q is a setting, not an experimental feature, so it has no effect here",
			w.Text)
		if facts.Kind == nixconf.KindBool {
			title = fmt.Sprintf("Write %s = true on a line of its own", w.Text)
		}
		finding.Fixes = []fixers.Fix{{Title: title, Safety: fixers.Manual}}
		return finding, true
	}
	for _, d := range nixconf.Distributions() {
		facts, ok := nixconf.Lookup(d, d.Newest(), w.Text)
		if !ok || facts.Name != w.Text {
			continue
		}
		finding := nixtext.Atf(text, w.Span,
			"no release of Nix has an experimental feature %q; in %s it is a setting", w.Text, d.Title())
		if facts.Kind == nixconf.KindBool {
			finding.Fixes = []fixers.Fix{{
				Title:  fmt.Sprintf("Write %s = true on a line of its own, where Nix is %s", w.Text, d.Title()),
				Safety: fixers.Manual,
			}}
		}
		return finding, true
	}
	return rules.Finding{}, false
}

// unknownDeprecatedFeatures reports the words of Lix's deprecated-features that no targeted release of Lix knows.
func unknownDeprecatedFeatures(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry) {
	if !nixtext.Known(text, entry) || misread.Is(text, entry) || misread.AssignsTwice(entry) {
		return
	}
	for _, w := range entry.Words {
		for _, e := range nixconf.CheckValueFor(text.Targets, entry.Name.Text, w.Text,
			[]nixconf.Word{{Text: w.Text, Span: source.Span{}}}) {
			if e.Kind == nixconf.UnknownFeature && e.Coverage == nixconf.All {
				p.Report(nixtext.Atf(text, w.Span, "deprecated feature %q is unknown to %s", w.Text, e.Targets))
			}
		}
	}
}

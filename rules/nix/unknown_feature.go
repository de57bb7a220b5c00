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
)

var unknownFeature = &rules.Rule{
	ID:       "nix/unknown-feature",
	Summary:  "no targeted release of Nix knows an experimental feature, so it is not enabled",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
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
	if ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings(misread.Touched(text, entry))})}
	}
	return finding
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

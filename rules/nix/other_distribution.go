package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
)

var otherDistribution = &rules.Rule{
	ID:       "nix/other-distribution",
	Summary:  "a setting or an experimental feature belongs to another distribution of Nix than the targeted ones, so that it has no effect",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"Sources of Nix, Lix and Determinate Nix: which of them has which setting",
		"Lix, release notes of 2.90: filter-syscalls and allow-new-privileges are gone",
	},
	Check: rules.OnText(checkOtherDistribution),
}

func checkOtherDistribution(p *rules.Pass, text *nixuse.Text) {
	plugins := loadsPlugins(text)
	for _, entry := range text.Entries {
		name := entry.Name.Text
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if isFeatures(name) {
			foreignFeatures(p, text, entry)
			continue
		}
		if _, ok := newestKnows(name, text.Targets); ok || plugins {
			continue
		}
		if _, _, ok := notAppendable(name, text.Targets); ok {
			continue
		}
		if k, fate := settingFate(name, text.Targets); fate == foreign {
			p.Report(at(text, entry.Name.Span, fmt.Sprintf("setting %q is unknown to %s; it belongs to %s", name, releases(text.Targets), k.Description)))
		}
	}
}

func foreignFeatures(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry) {
	eachFeature(text, entry, func(_ int, w nixconf.Word, k nixconf.Knowledge, fate fate) {
		if fate != foreign {
			return
		}
		message := fmt.Sprintf("experimental feature %q is unknown to %s; it belongs to %s", w.Text, releases(text.Targets), k.Description)
		if near := nixconf.NearestFeature(w.Text, text.Targets); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		p.Report(at(text, w.Span, message))
	})
}

// eachFeature calls report for the words of experimental-features that not all targeted releases know. Words with quotes, commas or a literal \n
// have rules of their own, and so have lines that hold a second assignment.
func eachFeature(text *nixuse.Text, entry *nixconf.Entry, report func(n int, w nixconf.Word, k nixconf.Knowledge, fate fate)) {
	var judged, elsewhere bool
	for n, w := range entry.Words {
		if !text.File.Known(w.Span) {
			continue
		}
		k, fate := fateOf(nixconf.FeatureKnown, w.Text, text.Targets)
		if k.Coverage == nixconf.All {
			continue
		}
		if !judged {
			judged, elsewhere = true, misread(text, entry) || assignsTwice(entry)
		}
		if elsewhere {
			return
		}
		report(n, w, k, fate)
	}
}

// assignsTwice reports whether a second assignment is glued to the value of an entry.
func assignsTwice(entry *nixconf.Entry) bool {
	for n, w := range entry.Words {
		if n > 0 && w.Text == "=" {
			return true
		}
	}
	return false
}

package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var gatedSetting = &rules.Rule{
	ID:       "nix/gated-setting",
	Summary:  "a setting belongs to an experimental feature that is not enabled, so it has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: from 2.16 on settings may need an experimental feature",
		"NixOS/nix#8687, DeterminateSystems/nix-installer#621",
	},
	Check: rules.OnText(checkGatedSetting),
}

func checkGatedSetting(p *rules.Pass, text *nixuse.Text) {
	if text.Host == nixuse.HostOption || text.Hosted != nil {
		// Flags anywhere on the line, and in files, may enable features; and what a workflow or script writes is added
		// to what an action or another command has written.
		return
	}
	refusing := map[string]bool{} // features that bring a value into force that a targeted release refuses
	for _, entry := range text.Entries {
		if facts, ok := names.Newest(entry.Name.Text, text.Targets); ok && facts.Gate != "" {
			refusing[facts.Gate] = refusing[facts.Gate] || refusedOnceEnabled(text, entry)
		}
	}
	for _, entry := range text.Entries {
		facts, ok := names.Newest(entry.Name.Text, text.Targets)
		if !ok || facts.Gate == "" || !text.Fragment.Known(entry.Name.Span) || misread.HasLineBreak(text, entry) {
			continue
		}
		in, coverage := names.Where(text.Targets, entry.Name.Text, func(f nixconf.Facts) bool { return f.Gate != "" })
		severity, ok := featureMissing(text, facts.Gate)
		if !ok {
			continue
		}
		message := fmt.Sprintf("setting %q is ignored without the experimental feature %q, which is not enabled",
			entry.Name.Text, facts.Gate)
		if text.Host == nixuse.HostFile {
			message += " here"
		}
		if coverage == nixconf.Some {
			message += fmt.Sprintf(" (in %s)", in)
		}
		finding := nixtext.At(text, entry.Name.Span, message)
		finding.Severity = severity
		if edits, ok := enable(text, entry, facts.Gate); ok && !refusing[facts.Gate] {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Enable "+facts.Gate, fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings(enabledBy(text, facts.Gate))})}
		}
		p.Report(finding)
	}
}

// featureMissing reports whether a feature is not enabled where a text is read, and with which severity: the system's
// file is read first, so only that file can enable a feature for its settings; a file of unknown origin may be read
// after it.
func featureMissing(text *nixuse.Text, feature string) (rules.Severity, bool) {
	if text.Image != nil {
		effective := text.Image.SettingsBefore(nil)
		if effective.Uncertain {
			return 0, false
		}
		for _, t := range text.Image.Model.Texts {
			if mentions(t.File, feature) {
				return 0, false
			}
		}
		for _, e := range text.Image.Timeline() {
			if e.Nix != nil && e.Nix.Installer != nil && (feature == "flakes" || feature == "nix-command") &&
				e.Nix.Installer.Kind != nixuse.OfficialDaemon && e.Nix.Installer.Kind != nixuse.OfficialSingle {
				return 0, false // these installers enable both
			}
			if e.Text != nil && mentions(e.Text.File, feature) {
				return 0, false
			}
		}
		on, known := effective.Settings.Feature(feature)
		return rules.Warning, known && !on
	}
	if mentions(text.File, feature) {
		return 0, false
	}
	path := text.Path
	switch {
	case strings.Contains(path, "config/nix/"), strings.Contains(path, "home"),
		strings.HasSuffix(path, "nix.custom.conf"):
		return 0, false // the system's file is read before it
	case strings.HasSuffix(path, "etc/nix/nix.conf"):
		return rules.Warning, true
	}
	return rules.Info, true
}

// mentions reports whether a text, or what it includes, may enable a feature.
func mentions(f *nixconf.File, feature string) bool {
	for n := range f.Lines {
		if f.Lines[n].Unknown {
			return true
		}
	}
	for _, entry := range f.Entries {
		if names.IsFeatures(entry.Name.Text) && (!f.Known(entry.ValueSpan) || strings.Contains(entry.Value, feature)) {
			return true
		}
	}
	return slices.ContainsFunc(f.Includes,
		func(i nixconf.Include) bool { return i.File == nil || mentions(i.File, feature) })
}

// refusedOnceEnabled reports whether a targeted release refuses the value of an entry once its feature is enabled.
func refusedOnceEnabled(text *nixuse.Text, entry *nixconf.Entry) bool {
	return slices.ContainsFunc(text.ValueErrors(entry), func(e nixconf.TargetError) bool { return e.Fatal })
}

// enable returns the edits that enable a feature in a text: in its last list of features, else in a line before an
// entry.
func enable(text *nixuse.Text, entry *nixconf.Entry, feature string) ([]fixers.Edit, bool) {
	for _, e := range slices.Backward(text.Entries) {
		if names.IsFeatures(e.Name.Text) {
			return fixnix.AppendWord(text.Fragment, e, feature)
		}
	}
	return fixnix.InsertLine(text.Fragment, text.File, entry.Line, "extra-experimental-features = "+feature)
}

// enabledBy returns the settings that change when a feature is enabled for a text.
func enabledBy(text *nixuse.Text, feature string) []string {
	gated := text.Gated(func(f string) bool { return f == feature })
	return append([]string{"experimental-features"}, gated...)
}

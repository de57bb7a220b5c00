package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var unknownSetting = &rules.Rule{
	ID:       "nix/unknown-setting",
	Summary:  "no targeted release of Nix knows a setting, so it has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: unknown settings only cause a warning",
		"NixOS/nix#495, NixOS/nix#6672",
	},
	Check: rules.OnText(checkUnknownSetting),
}

// featureAsSetting reports an experimental feature that stands as a setting.
func featureAsSetting(text *nixuse.Text, entry *nixconf.Entry) (rules.Finding, bool) {
	name := entry.Name.Text
	if nixconf.FeatureKnown(name, text.Targets).Coverage == nixconf.None {
		return rules.Finding{}, false
	}
	finding := nixtext.Atf(text, entry.Name.Span,
		"%q is an experimental feature, not a setting, so the line has no effect; experimental-features lists it", name)
	on, ok := nixconf.ParseBool(entry.Value)
	if !ok || !on || len(text.Setting("experimental-features")) > 0 || !text.Known(entry.Span) {
		return finding, true
	}
	line := "extra-experimental-features = " + name
	if edits, ok := fixnix.ReplaceLine(text.Fragment, text.File, entry.Line, line); ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Write "+line, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings(append(misread.Touched(text, &nixconf.Entry{
				Name: nixconf.Word{Text: "experimental-features"},
			}), name))})}
	}
	return finding, true
}

func checkUnknownSetting(p *rules.Pass, text *nixuse.Text) {
	if inforce.LoadsPlugins(text) {
		return
	}
	for _, entry := range text.Entries {
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if _, _, hidden := hidden.First(entry.Name.Text); hidden {
			continue
		}
		if _, ok := misread.Glued(entry); ok && strings.Contains(entry.Name.Text, "=") {
			continue
		}
		if _, ok := names.Newest(entry.Name.Text, text.Targets); ok {
			continue // nearly every name is known
		}
		k := nixconf.Known(entry.Name.Text, text.Targets)
		if k.Coverage != nixconf.None || misread.HasLineBreak(text, entry) {
			continue
		}
		_, status := names.OfSetting(entry.Name.Text, text.Targets)
		if status != names.Unknown && status != names.TooNew {
			continue // a rule of its own reports it
		}
		if _, _, ok := misread.LineInQuotes(entry); ok {
			continue
		}
		if _, _, ok := names.NotAppendable(entry.Name.Text, text.Targets); ok {
			continue
		}
		if finding, ok := featureAsSetting(text, entry); ok {
			p.Report(finding)
			continue
		}
		near := ""
		if k.Description == "" {
			near = nixconf.Nearest(entry.Name.Text, text.Targets)
		}
		message := fmt.Sprintf("setting %q is unknown to %s", entry.Name.Text, names.Releases(text.Targets))
		switch {
		case near != "":
			message += fmt.Sprintf("; did you mean %q?", near)
		case k.Description != "":
			message += fmt.Sprintf("; known to %s", k.Description)
		}
		finding := nixtext.At(text, entry.Name.Span, message)
		if near != "" && len(text.Setting(nixuse.Canonical(near))) == 0 {
			if edits, ok := nixtext.Replace(text, entry.Name.Span, near); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Rename to "+near, fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings{nixuse.Canonical(near), entry.Name.Text}})}
			}
		}
		p.Report(finding)
	}
}

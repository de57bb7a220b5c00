package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var unknownSetting = &rules.Rule{
	ID:       "nix/unknown-setting",
	Summary:  "a setting has a name that no targeted release of Nix knows, so that it has no effect",
	Severity: rules.Warning,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: unknown settings are only warned about",
		"NixOS/nix#495, NixOS/nix#6672",
	},
	NixConf: checkUnknownSetting,
}

func checkUnknownSetting(p *rules.Pass, text *workspace.NixText) {
	if loadsPlugins(text) {
		return
	}
	for _, entry := range text.Entries {
		if !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		if _, _, hidden := hidden.First(entry.Name.Text); hidden {
			continue
		}
		if _, ok := glued(entry); ok && strings.Contains(entry.Name.Text, "=") {
			continue
		}
		if _, ok := newestKnows(entry.Name.Text, text.Targets); ok {
			continue // which is nearly every name
		}
		k := nixconf.Known(entry.Name.Text, text.Targets)
		if k.Coverage != nixconf.None || hasLineBreak(text, entry) {
			continue
		}
		if _, fate := settingFate(entry.Name.Text, text.Targets); fate != unheard && fate != tooNew {
			continue // a rule of its own says what became of it
		}
		if _, _, ok := lineInQuotes(entry); ok {
			continue
		}
		if _, _, ok := notAppendable(entry.Name.Text, text.Targets); ok {
			continue
		}
		near := ""
		if k.Description == "" {
			near = nixconf.Nearest(entry.Name.Text, text.Targets)
		}
		message := fmt.Sprintf("setting %q is unknown to %s", entry.Name.Text, releases(text.Targets))
		switch {
		case near != "":
			message += fmt.Sprintf("; did you mean %q?", near)
		case k.Description != "":
			message += fmt.Sprintf("; known to %s", k.Description)
		}
		finding := at(text, entry.Name.Span, message)
		if near != "" && len(text.Setting(workspace.Canonical(near))) == 0 {
			if edits, ok := replace(text, entry.Name.Span, near); ok {
				finding.Fixes = []fixers.Fix{fix(text, "Rename to "+near, fixers.Unsafe, edits, fixers.Changes{Settings: []string{workspace.Canonical(near), entry.Name.Text}})}
			}
		}
		p.Report(finding)
	}
}

// loadsPlugins reports whether a text names plugins, which may bring settings of their own.
func loadsPlugins(text *workspace.NixText) bool {
	return slices.ContainsFunc(text.Entries, func(entry *nixconf.Entry) bool {
		return entry.Name.Text == "plugin-files" || entry.Name.Text == "extra-plugin-files"
	})
}

// releases names targets for a message; the default ones need no numbers.
func releases(ts nixconf.Targets) string {
	if slices.Equal(ts, nixconf.DefaultTargets()) {
		return "Nix, Lix and Determinate Nix"
	}
	return ts.String()
}

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
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

// The name of this file cannot end in _darwin: Go would compile it on macOS only.
var autoOptimiseStoreDarwin = &rules.Rule{
	ID:       "nix/auto-optimise-store-darwin",
	Summary:  "the store is optimised while it is being written to, which breaks builds on macOS",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix#7273: `cannot link '/nix/store/.tmp-link' to '/nix/store/.links/…': File exists`",
		"nix-darwin/nix-darwin#1152 refuses the setting except for Lix 2.92 and later, where it is fixed; " +
			"nix-darwin/nix-darwin#484",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		const setting = "auto-optimise-store"
		entry := inforce.Deciding(text, setting)
		if entry == nil || !inforce.IsTrue(entry.Value) || text.Image != nil ||
			p.Workspace.InImage(text.Fragment.File) {
			return
		}
		why := forDarwin(p.Targets().Platforms, text)
		broken := names.BeforeLix292(text.Targets)
		if why == "" || len(broken) == 0 {
			return
		}
		message := fmt.Sprintf(
			"%s = %s can corrupt the store and make builds fail on macOS; %s shows that this file is for macOS",
			entry.Name.Text, entry.Value, why)
		if !slices.Equal(broken, text.Targets) {
			message += fmt.Sprintf(" (in %s)", broken)
		}
		finding := nixtext.At(text, entry.Span, message)
		if edits, ok := fixnix.SetValue(text.Fragment, entry, "false"); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Set it to false", fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{setting}})}
		}
		p.Report(finding)
	}),
}

// forDarwin names what shows that a text is for macOS, or returns "".
func forDarwin(platforms []string, text *nixuse.Text) string {
	if len(platforms) > 0 {
		if !slices.ContainsFunc(platforms, func(p string) bool { return !strings.HasPrefix(p, "darwin/") }) {
			return "its target platform"
		}
		return ""
	}
	for part := range strings.FieldsFuncSeq(strings.ToLower(text.Fragment.File.Path),
		func(r rune) bool { return strings.ContainsRune("/\\-_. ", r) }) {
		switch part {
		case "darwin", "macos", "osx", "macbook", "mac":
			return "its path"
		}
	}
	for _, entry := range text.Entries {
		facts, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), entry.Name.Text)
		if !ok || !nixtext.Known(text, entry) {
			continue
		}
		if slices.Equal(facts.Platforms, []string{"darwin"}) {
			return entry.Name.Text
		}
		switch facts.Name {
		case "system", "extra-platforms":
			if strings.HasSuffix(entry.Value, "-darwin") {
				return entry.Name.Text
			}
		case "sandbox-paths", "allowed-impure-host-deps":
			if strings.Contains(entry.Value, "/System/Library") {
				return entry.Name.Text
			}
		}
	}
	return ""
}

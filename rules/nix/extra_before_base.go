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
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var extraBeforeBase = &rules.Rule{
	ID:       "nix/extra-before-base",
	Summary:  "extra- adds values to a setting before the setting is assigned, so they are lost",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe, fixers.Safe},
	References: []string{
		"NixOS/nix#9487, nix-darwin#626; worked around in NixOS/nixpkgs#278064",
	},
	Check: rules.OnText(checkExtraBeforeBase),
}

func checkExtraBeforeBase(p *rules.Pass, text *nixuse.Text) {
	for _, here := range text.Entries {
		if !nixtext.Assigns(text, here, text.Targets) {
			continue
		}
		var added []nixtext.Located // since the assignment before, the last one first
		for t, earlier := range text.Before(here) {
			if nixtext.Assigns(t, earlier, text.Targets) {
				break
			}
			if names.IsExtra(earlier, text.Targets) {
				added = append(added, nixtext.Located{Text: t, Entry: earlier})
			}
		}
		if len(added) == 0 {
			continue
		}
		name := nixuse.Canonical(here.Name.Text)
		last := lastAssignment(text, name)
		for _, earlier := range slices.Backward(added) {
			p.Report(lostAddition(text, name, earlier, here, last))
		}
	}
}

// assignedPast reports whether a later text assigns a setting again.
func assignedPast(text *nixuse.Text, name string) bool {
	for t, entry := range text.PastEnd(name) {
		if nixtext.Assigns(t, entry, text.Targets) {
			return true
		}
	}
	return false
}

// lastAssignment returns the last assignment of a setting that the text assigns.
func lastAssignment(text *nixuse.Text, name string) *nixconf.Entry {
	for _, entry := range slices.Backward(text.Setting(name)) {
		if !names.IsExtra(entry, text.Targets) {
			return entry
		}
	}
	return nil
}

// lostAddition is the finding about values that are added before their setting is assigned; last is its last
// assignment.
func lostAddition(text *nixuse.Text, name string, earlier nixtext.Located, later, last *nixconf.Entry) rules.Finding {
	message := fmt.Sprintf("%q adds to %q before the latter is assigned, so these values are lost",
		earlier.Entry.Name.Text, later.Name.Text)
	if text.Host == nixuse.HostFlake {
		message += "; Nix applies the settings of nixConfig in the order of their names"
	}
	finding := nixtext.At(earlier.Text, earlier.Entry.Name.Span, message)
	finding.Related = []rules.Related{{
		File: text.Fragment.File, Span: text.Fragment.Span(later.Span),
		Message: fmt.Sprintf("%q is assigned here", later.Name.Text),
	}}
	base := strings.TrimPrefix(earlier.Entry.Name.Text, "extra-")
	if !nixtext.Known(text, later) || !refused.Accepted(text, later.Name.Text, later.Words) || misread.Is(text, later) {
		return finding // Nix refuses the later line, so this one may be the one to keep
	}
	if earlier.Text == text && !assignedPast(text, name) &&
		(text.Image != nil || !inforce.Loosens(base, earlier.Entry)) {
		if edits, ok := fixnix.MoveBelow(text.Fragment, text.File, earlier.Entry, last); ok {
			finding.Fixes = append(finding.Fixes,
				nixtext.Fix(text, "Move the line below", fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings{name}}))
		}
	}
	if edits, ok := fixnix.DeleteLine(earlier.Text.Fragment, earlier.Text.File, earlier.Entry); ok {
		finding.Fixes = append(finding.Fixes,
			nixtext.Fix(earlier.Text, "Delete the line without effect", fixers.Safe, edits,
				fixers.Changes{}.When(earlier.Text != text, fixnix.Overridden{name})))
	}
	return finding
}

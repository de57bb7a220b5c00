package nix

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
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
	added := map[string][]nixtext.Located{} // what was added to each setting since its last assignment
	entries := nixtext.SameSource(text)
	for _, here := range entries {
		name := nixuse.Canonical(here.Entry.Name.Text)
		switch {
		case names.IsExtra(here.Entry, text.Targets):
			added[name] = append(added[name], here)
		case here.Text.Fragment.Known(here.Entry.Name.Span):
			if here.Text == text {
				for _, earlier := range added[name] {
					p.Report(lostAddition(text, name, earlier, here, lastOf(entries, here)))
				}
			}
			delete(added, name)
		}
	}
}

// lastOf returns the last assignment of the setting that an entry assigns.
func lastOf(entries []nixtext.Located, first nixtext.Located) nixtext.Located {
	name := nixuse.Canonical(first.Entry.Name.Text)
	for _, l := range slices.Backward(entries) {
		if nixuse.Canonical(l.Entry.Name.Text) == name && !names.IsExtra(l.Entry, l.Text.Targets) {
			return l
		}
	}
	return first
}

// lostAddition is the finding about values that are added before their setting is assigned; last is its last
// assignment.
func lostAddition(text *nixuse.Text, name string, earlier, later, last nixtext.Located) rules.Finding {
	message := fmt.Sprintf("%q adds to %q before the latter is assigned, so these values are lost",
		earlier.Entry.Name.Text, later.Entry.Name.Text)
	if text.Host == nixuse.HostFlake {
		message += "; Nix applies the settings of nixConfig in the order of their names"
	}
	finding := nixtext.At(earlier.Text, earlier.Entry.Name.Span, message)
	finding.Related = []rules.Related{{
		File: text.Fragment.File, Span: text.Fragment.Span(later.Entry.Span),
		Message: fmt.Sprintf("%q is assigned here", later.Entry.Name.Text),
	}}
	if earlier.Text == text && last.Text == text {
		if edits, ok := fixnix.MoveBelow(text.Fragment, text.File, earlier.Entry, last.Entry); ok {
			finding.Fixes = append(finding.Fixes,
				nixtext.Fix(text, "Move the line below", fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings{name}}))
		}
	}
	if edits, ok := fixnix.DeleteLine(earlier.Text.Fragment, earlier.Text.File, earlier.Entry); ok {
		finding.Fixes = append(finding.Fixes,
			nixtext.Fix(earlier.Text, "Delete the line without effect", fixers.Safe, edits, fixers.Changes{}))
	}
	return finding
}

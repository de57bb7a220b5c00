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
)

var extraBeforeBase = &rules.Rule{
	ID:       "nix/extra-before-base",
	Summary:  "values are added with extra- before the setting itself is assigned, which throws them away",
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
	added := map[string][]located{} // what was added to each setting since its last assignment
	entries := sameSource(text)
	for _, here := range entries {
		name := nixuse.Canonical(here.entry.Name.Text)
		switch {
		case isExtra(here.entry, text.Targets):
			added[name] = append(added[name], here)
		case here.text.Fragment.Known(here.entry.Name.Span):
			if here.text == text {
				for _, earlier := range added[name] {
					p.Report(lostAddition(text, name, earlier, here, lastOf(entries, here)))
				}
			}
			delete(added, name)
		}
	}
}

// lastOf returns the last assignment of the setting that an entry assigns.
func lastOf(entries []located, first located) located {
	name := nixuse.Canonical(first.entry.Name.Text)
	for _, l := range slices.Backward(entries) {
		if nixuse.Canonical(l.entry.Name.Text) == name && !isExtra(l.entry, l.text.Targets) {
			return l
		}
	}
	return first
}

// lostAddition is the finding of values that are added before their setting is assigned; last is its last assignment.
func lostAddition(text *nixuse.Text, name string, earlier, later, last located) rules.Finding {
	message := fmt.Sprintf("%q adds to %q before that is assigned, so these values are lost", earlier.entry.Name.Text, later.entry.Name.Text)
	if text.Host == nixuse.HostFlake {
		message += "; Nix applies nixConfig in the order of the names"
	}
	finding := at(earlier.text, earlier.entry.Name.Span, message)
	finding.Related = []rules.Related{{
		File: text.Fragment.File, Span: text.Fragment.Span(later.entry.Span),
		Message: fmt.Sprintf("%q is assigned here", later.entry.Name.Text),
	}}
	if earlier.text == text && last.text == text {
		if edits, ok := fixnix.MoveBelow(text.Fragment, text.File, earlier.entry, last.entry); ok {
			finding.Fixes = append(finding.Fixes, fix(text, "Move the line below", fixers.Unsafe, edits, fixers.Changes{Settings: []string{name}}))
		}
	}
	if edits, ok := fixnix.DeleteLine(earlier.text.Fragment, earlier.text.File, earlier.entry); ok {
		finding.Fixes = append(finding.Fixes, fix(earlier.text, "Delete the line without effect", fixers.Safe, edits, fixers.Changes{}))
	}
	return finding
}

// isExtra reports whether an entry appends to a setting rather than assigning one.
func isExtra(entry *nixconf.Entry, ts nixconf.Targets) bool {
	if !strings.HasPrefix(entry.Name.Text, "extra-") {
		return false
	}
	for _, t := range ts {
		if facts, ok := nixconf.Lookup(t.Distribution, t.To, entry.Name.Text); ok {
			return facts.Extra
		}
	}
	return false
}

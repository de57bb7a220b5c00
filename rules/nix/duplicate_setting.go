package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var duplicateSetting = &rules.Rule{
	ID:       "nix/duplicate-setting",
	Summary:  "a setting is assigned twice, so that the first value is lost",
	Severity: rules.Warning,
	Category: "correctness",
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe, fixers.Safe},
	References: []string{
		"Nix, src/libutil/configuration.cc: the last assignment wins, and nothing is said",
		"nixbuild/nix-quick-install-action#66, DeterminateSystems/nix-installer#1052",
	},
	NixConf: checkDuplicateSetting,
}

func checkDuplicateSetting(p *rules.Pass, text *workspace.NixText) {
	last := map[string]located{} // the last assignment of each setting so far
	for _, here := range sameSource(text) {
		if isExtra(here.entry, text.Targets) || !here.text.Fragment.Known(here.entry.Name.Span) {
			continue
		}
		name := workspace.Canonical(here.entry.Name.Text)
		if earlier, ok := last[name]; ok && here.text == text {
			p.Report(duplicate(text, name, earlier, here))
		}
		last[name] = here
	}
}

func duplicate(text *workspace.NixText, name string, earlier, later located) rules.Finding {
	list := isList(name)
	message := fmt.Sprintf("%q is assigned again on line %d, so this value is lost", earlier.entry.Name.Text, lineOf(later))
	if earlier.entry.Name.Text != later.entry.Name.Text {
		message = fmt.Sprintf("%q is assigned again on line %d, as %q, so this value is lost", earlier.entry.Name.Text, lineOf(later), later.entry.Name.Text)
	}
	finding := at(earlier.text, earlier.entry.Span, message)
	finding.Related = []rules.Related{{
		File: text.Fragment.File, Span: text.Fragment.Span(later.entry.Span),
		Message: fmt.Sprintf("%q is assigned here", later.entry.Name.Text),
	}}
	same := earlier.entry.Value == later.entry.Value
	if !same && !accepted(later.text, later.entry.Name.Text, later.entry.Words) {
		return finding // Nix takes neither value, so that the earlier one is the one to keep
	}
	switch {
	case same && known(earlier.text, earlier.entry) && known(later.text, later.entry):
		finding.Severity = rules.Info
		finding.Message = fmt.Sprintf("%q is assigned the same value again on line %d", earlier.entry.Name.Text, lineOf(later))
	case list && !covers(later.entry, earlier.entry):
		finding.Severity = rules.Error
		if edits, ok := merged(later, earlier); ok && earlier.text == later.text {
			if deleted, ok := fixnix.DeleteLine(earlier.text.Fragment, earlier.text.File, earlier.entry); ok {
				finding.Fixes = append(finding.Fixes, fix(text, "Merge the values into the last line", fixers.Unsafe, append(deleted, edits...), fixers.Changes{Settings: []string{name}}))
			}
		}
	}
	if edits, ok := fixnix.DeleteLine(earlier.text.Fragment, earlier.text.File, earlier.entry); ok {
		finding.Fixes = append(finding.Fixes, fix(earlier.text, "Delete the line without effect", fixers.Safe, edits, fixers.Changes{}))
	}
	return finding
}

// isList reports whether a setting holds several values, so that an author may have meant to add to them.
func isList(name string) bool {
	for _, d := range nixconf.Distributions() {
		releases := d.Releases()
		if facts, ok := nixconf.Lookup(d, releases[len(releases)-1], name); ok {
			return facts.Appendable
		}
	}
	return false
}

// covers reports whether an assignment has all values of another one.
func covers(later, earlier *nixconf.Entry) bool {
	for _, w := range earlier.Words {
		if !slices.ContainsFunc(later.Words, func(l nixconf.Word) bool { return l.Text == w.Text }) {
			return false
		}
	}
	return true
}

// merged returns the edit that gives the later assignment the values of both.
func merged(later, earlier located) ([]fixers.Edit, bool) {
	var words []string
	for _, w := range slices.Concat(earlier.entry.Words, later.entry.Words) {
		if !slices.Contains(words, w.Text) {
			words = append(words, w.Text)
		}
	}
	return fixnix.SetValue(later.text.Fragment, later.entry, strings.Join(words, " "))
}

func lineOf(l located) int {
	return l.text.Fragment.File.LineOf(l.text.Fragment.Span(l.entry.Name.Span).Start)
}

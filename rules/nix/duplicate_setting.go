package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var duplicateSetting = &rules.Rule{
	ID:          "nix/duplicate-setting",
	Summary:     "a setting is assigned twice, so the first value is lost",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Unsafe, fixers.Safe},
	References: []string{
		"Nix, src/libutil/configuration.cc: the last assignment wins, without a warning",
		"nixbuild/nix-quick-install-action#66, DeterminateSystems/nix-installer#1052",
	},
	Check: rules.OnText(checkDuplicateSetting),
}

func checkDuplicateSetting(p *rules.Pass, text *nixuse.Text) {
	if slices.ContainsFunc(text.Problems, func(pr source.Problem) bool { return isMarker(text, pr) }) {
		return // the two sides of a merge conflict: whoever resolves it chooses
	}
	for _, here := range text.Entries {
		if !nixtext.Assigns(text, here, text.Targets) {
			continue
		}
		for t, earlier := range text.Before(here) {
			if nixtext.Assigns(t, earlier, text.Targets) {
				finding := duplicate(text, nixuse.Canonical(here.Name.Text), nixtext.Located{Text: t, Entry: earlier},
					nixtext.Located{Text: text, Entry: here})
				if t.Hosted != nil && !nixtext.Known(t, earlier) {
					finding.Fixes = nil // what the host writes into the line is not the text's own
				}
				p.Report(finding)
				break
			}
		}
	}
}

func duplicate(text *nixuse.Text, name string, earlier, later nixtext.Located) rules.Finding {
	message := fmt.Sprintf("%q is assigned again on line %d, so this value is lost", earlier.Entry.Name.Text,
		later.Line())
	if earlier.Entry.Name.Text != later.Entry.Name.Text {
		message = fmt.Sprintf("%q is assigned again on line %d, as %q, so this value is lost", earlier.Entry.Name.Text,
			later.Line(), later.Entry.Name.Text)
	}
	finding := nixtext.At(earlier.Text, earlier.Entry.Span, message)
	finding.Related = []rules.Related{{
		File: text.Fragment.File, Span: text.Fragment.Span(later.Entry.Span),
		Message: fmt.Sprintf("%q is assigned here", later.Entry.Name.Text),
	}}
	same := earlier.Entry.Value == later.Entry.Value
	alike := same || meant(name, earlier.Entry.Value) == meant(name, later.Entry.Value)
	if alike && nixtext.Known(earlier.Text, earlier.Entry) && nixtext.Known(later.Text, later.Entry) {
		finding.Severity = rules.Info
	}
	if !same && !refused.Accepted(later.Text, later.Entry.Name.Text, later.Entry.Words) {
		return finding // Nix refuses the later value, so the earlier line is the one to keep
	}
	if earlier.Text.Hosted != nil && !nixtext.Known(earlier.Text, earlier.Entry) {
		return finding // what the host writes into the line is not the text's own
	}
	switch {
	case same && nixtext.Known(earlier.Text, earlier.Entry) && nixtext.Known(later.Text, later.Entry):
		finding.Severity = rules.Info
		finding.Message = fmt.Sprintf("%q is assigned the same value again on line %d", earlier.Entry.Name.Text,
			later.Line())
	case !alike && isList(name) && !covers(later.Entry, earlier.Entry):
		finding.Severity = rules.Error
		trusts := name == "trusted-users" && inforce.Loosens(name, earlier.Entry)
		if edits, ok := merged(later, earlier); ok && earlier.Text == later.Text && !trusts &&
			assignments(later.Text, name) == 2 && !misread.Is(earlier.Text, earlier.Entry) &&
			!misread.Is(later.Text, later.Entry) {
			if deleted, ok := fixnix.DeleteLine(earlier.Text.Fragment, earlier.Text.File, earlier.Entry); ok {
				finding.Fixes = append(finding.Fixes,
					nixtext.Fix(text, "Merge the values into the last line", fixers.Unsafe, append(deleted, edits...),
						fixers.Changes{fixnix.Settings(append(misread.Touched(text, later.Entry), name))}))
			}
		}
	}
	if !same && (repeated(earlier, name) || nixconf.Known(name, text.Targets).Coverage != nixconf.All) {
		// The line above it has the same value, and would be reported in its place; or the setting is unknown to some
		// release, which keeps the first value.
		return finding
	}
	if misread.AssignsTwice(earlier.Entry) {
		return finding // the second setting on its line would be lost
	}
	if next := earlier.Entry.Line + 1; next < len(earlier.Text.Lines) {
		if _, ok := nixtext.ProblemOn(earlier.Text, next, nixconf.KindLineContinuation); ok {
			return finding // the next line was meant to belong to it
		}
	}
	if edits, ok := fixnix.DeleteLine(earlier.Text.Fragment, earlier.Text.File, earlier.Entry); ok {
		finding.Fixes = append(finding.Fixes,
			nixtext.Fix(earlier.Text, "Delete the line without effect", fixers.Safe, edits,
				fixers.Changes{}.When(earlier.Text != later.Text, fixnix.Overridden{name})))
	}
	return finding
}

// assignments returns how often a text assigns a setting.
func assignments(text *nixuse.Text, name string) int {
	n := 0
	for _, entry := range text.Setting(name) {
		if nixtext.Assigns(text, entry, text.Targets) {
			n++
		}
	}
	return n
}

// repeated reports whether the assignment before a line gives the setting the same value.
func repeated(l nixtext.Located, name string) bool {
	for text, entry := range l.Text.Before(l.Entry) {
		if nixtext.Assigns(text, entry, l.Text.Targets) {
			return meant(name, entry.Value) == meant(name, l.Entry.Value)
		}
	}
	return false
}

// meant returns a value of a setting without what other rules change in it: units, quotes, separators and blanks,
// letter case, a scheme. Two values that are alike but for that are no two choices of their author.
func meant(name, value string) string {
	if facts, ok := nixconf.Lookup(nixconf.Nix, nixconf.Nix.Newest(), name); ok && facts.Kind == nixconf.KindInt {
		value, _ = facts.Canonical(value)
	}
	return strings.NewReplacer("https://", "", "\"", "", "'", "", ";", "", ",", "", " ", "", "[", "", "]", "").Replace(
		strings.ToLower(value))
}

// isList reports whether a setting has several values, which an author may have meant to extend.
func isList(name string) bool {
	for _, d := range nixconf.Distributions() {
		if facts, ok := nixconf.Lookup(d, d.Newest(), name); ok {
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
func merged(later, earlier nixtext.Located) ([]fixers.Edit, bool) {
	var words []string
	for _, w := range slices.Concat(earlier.Entry.Words, later.Entry.Words) {
		if !slices.Contains(words, w.Text) {
			words = append(words, w.Text)
		}
	}
	return fixnix.SetValue(later.Text.Fragment, later.Entry, strings.Join(words, " "))
}

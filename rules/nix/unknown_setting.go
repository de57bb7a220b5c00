package nix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/hostsystem"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var unknownSetting = &rules.Rule{
	ID:       "nix/unknown-setting",
	Summary:  "no targeted release of Nix knows a setting, so it has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe, fixers.Manual},
	References: []string{
		"Nix, src/libutil/configuration.cc: unknown settings only cause a warning",
		"NixOS/nix#495, NixOS/nix#6672",
	},
	Check: rules.OnText(checkUnknownSetting),
}

// renames reports whether an entry may get the name of a setting by a fix: it then has a value that the setting takes,
// and nothing else is wrong with it.
func renames(p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry, name string) bool {
	renamed := *entry
	renamed.Name.Text = name
	if _, elsewhere := hostsystem.Elsewhere(p, text, &renamed); elsewhere {
		return false
	}
	if misread.Is(text, &renamed) {
		return false
	}
	if nixuse.Canonical(name) == "experimental-features" && !refused.GatesClearly(text) {
		return false
	}
	if strings.HasPrefix(name, "extra-") {
		if _, _, ok := names.NotAppendable(name, text.Targets); ok {
			return false
		}
	}
	return refused.Accepted(text, name, entry.Words)
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
	foreign := slices.ContainsFunc(text.Problems, func(problem source.Problem) bool {
		return problem.Kind == nixconf.KindForeignSyntax // nix/foreign-syntax reports the whole text
	})
	renamed := map[string]bool{} // a second entry with the same name would take the place of the first
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
		if system, ok := hostsystem.Elsewhere(p, text, entry); ok {
			p.Report(nixtext.Atf(text, entry.Name.Span,
				"only Nix on %s has the setting %q, and this text is for Nix on %s, so it has no effect",
				hostsystem.Name(system), entry.Name.Text, hostsystem.Name(hostsystem.Of(p, text))))
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
			if finding, ok := inNixLanguage(p, text, entry, near); ok {
				if !foreign {
					p.Report(finding)
				}
				continue
			}
		}
		message := fmt.Sprintf("setting %q is unknown to %s", entry.Name.Text, names.Releases(text.Targets))
		switch {
		case near != "":
			message += fmt.Sprintf("; did you mean %q?", near)
		case k.Description != "":
			message += fmt.Sprintf("; known to %s", k.Description)
		}
		finding := nixtext.At(text, entry.Name.Span, message)
		// A module of NixOS may give an attribute twice, of which the text has one.
		twice := func() bool {
			return strings.HasSuffix(text.Fragment.File.Path, ".nix") &&
				bytes.Count(text.Fragment.File.Bytes, []byte(entry.Name.Text)) > 1
		}
		if near != "" && (renamed[near] || !renames(p, text, entry, near)) {
			finding.Fixes = []fixers.Fix{{Title: "Rename to " + near, Safety: fixers.Manual}}
		} else if near != "" && len(text.Setting(nixuse.Canonical(near))) == 0 && !twice() {
			renamed[near] = true
			if edits, ok := nixtext.Replace(text, entry.Name.Span, near); ok {
				settings := misread.Touched(text, &nixconf.Entry{Name: nixconf.Word{Text: near}})
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Rename to "+near, fixers.Unsafe, edits,
					fixers.Changes{fixnix.Settings(append(settings, near, entry.Name.Text)), fixers.Reveals{}})}
			}
		}
		p.Report(finding)
	}
}

// inNixLanguage reports a line of the Nix language, as configurations of NixOS and flakes have them: an option of
// NixOS, or an attribute whose name is not near that of a setting.
func inNixLanguage(
	p *rules.Pass, text *nixuse.Text, entry *nixconf.Entry, near string,
) (rules.Finding, bool) {
	name := entry.Name.Text
	setting, isOption := strings.CutPrefix(name, "nix.settings.")
	switch {
	case isOption || strings.HasPrefix(name, "nix."):
	case near == "" && len(entry.Value) > 1 && (strings.HasSuffix(entry.Value, ";") ||
		strings.Contains(name, ".") && strings.HasSuffix(entry.Value, "{")):
		return nixtext.Atf(text, entry.Name.Span,
			"%q is an attribute in the Nix language, not a setting of Nix, so the line has no effect", name), true
	default:
		return rules.Finding{}, false
	}
	message := fmt.Sprintf("%q is an option of NixOS, not a setting of Nix, so the line has no effect", name)
	setting = strings.Trim(setting, `"`)
	value, ok := plainValue(entry.Value)
	if !isOption || !ok || nixconf.Known(setting, text.Targets).Coverage == nixconf.None || !text.Known(entry.Span) {
		return nixtext.At(text, entry.Name.Span, message), true
	}
	line := setting + " = " + value
	finding := nixtext.At(text, entry.Name.Span, message+"; in nix.conf it is "+nixconf.Quote(line))
	renamed := *entry
	renamed.Name.Text, renamed.Value, renamed.Words = setting, value, nil
	for _, word := range strings.Fields(value) {
		renamed.Words = append(renamed.Words, nixconf.Word{Text: word})
	}
	if len(text.Setting(nixuse.Canonical(setting))) > 0 || !renames(p, text, &renamed, setting) {
		return finding, true
	}
	if edits, ok := fixnix.ReplaceLine(text.Fragment, text.File, entry.Line, line); ok {
		settings := misread.Touched(text, &nixconf.Entry{Name: nixconf.Word{Text: setting}})
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Write "+line, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings(append(settings, setting, name)), fixers.Reveals{}})}
	}
	return finding, true
}

// plainValue returns what nix.conf has for a value of the Nix language: a string, a word, or a list of them in one
// line, without anything that Nix would have to evaluate.
func plainValue(value string) (string, bool) {
	value = strings.TrimSpace(strings.TrimSuffix(value, ";"))
	if inner, ok := strings.CutPrefix(value, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return "", false
		}
		words := strings.Fields(inner)
		for n, word := range words {
			if words[n], ok = quoted(word); !ok {
				return "", false
			}
		}
		return strings.Join(words, " "), true
	}
	if s, ok := quoted(value); ok {
		return s, true
	}
	number := strings.Trim(value, "0123456789") == "" && value != ""
	if !number && value != "true" && value != "false" {
		return "", false
	}
	return value, true
}

// quoted returns the text of a string of the Nix language that has nothing to evaluate in it.
func quoted(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	return s, !strings.ContainsAny(s, `"\`) && !strings.Contains(s, "${")
}

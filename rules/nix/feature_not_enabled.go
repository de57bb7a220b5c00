package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
)

var featureNotEnabled = &rules.Rule{
	ID:       "nix/feature-not-enabled",
	Summary:  "a Nix command needs an experimental feature that is off when it runs, so it fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, experimental features: nix-command and flakes",
		"cri-o/cri-o#9022, NixOS/nix#3753: `experimental Nix feature 'nix-command' is disabled`",
	},
	Check: rules.Both(rules.OnTimeline(checkFeatureNotEnabled), rules.OnText(disabledByOwnOptions)),
}

func checkFeatureNotEnabled(p *rules.Pass, img *nixuse.Image) {
	for _, events := range [][]*nixuse.Event{img.Events, img.Starts} {
		for _, e := range events {
			if e.Nix != nil && !e.Maybe && !mayFail(e.Command) {
				disabledIn(p, img, e)
			}
		}
	}
}

// mayFail reports whether the author expects that a command may fail: what follows it, or follows what calls it, does
// not depend on its success, as in `nix build || true`.
func mayFail(c *image.Command) bool {
	for at := c.Command; at != nil; at = at.Parent {
		if at.Ignored {
			return true
		}
	}
	return slices.ContainsFunc(c.Callers, mayFail)
}

// disabledIn reports a command of an image that needs a feature which is off.
func disabledIn(p *rules.Pass, img *nixuse.Image, e *nixuse.Event) {
	eff := img.SettingsBefore(e)
	missing := eff.Missing(e.Nix)
	if len(missing) == 0 || img.MayPredateFeatures() || enabledLater(img, e, missing) {
		return
	}
	finding := rules.Finding{File: e.File, Span: missing[0].Span}
	flag := replacedBy(e.Nix.Options)
	names := featureNames(missing)
	switch {
	case flag != nil:
		finding.Span = e.Nix.Options.Fragment.Span(flag.Name.Span)
		finding.Message = replacedMessage(e.Nix.Options, flag, e.Nix, missing)
	case missing[0].Feature == "flakes" && missing[0].Because != e.Nix.Label:
		finding.Message = fmt.Sprintf("%q needs the experimental feature flakes, which %s, so %q fails",
			missing[0].Because, off(eff), e.Nix.Label)
	default:
		finding.Message = fmt.Sprintf("%q needs the experimental %s, which %s, so it fails", e.Nix.Label, names,
			off(eff))
	}
	if e.Kind == nixuse.StartCommand {
		finding.Message += " when a container starts"
		finding.Severity = rules.Warning
	}
	if eff.Uncertain && len(img.Releases()) > 1 {
		finding.Severity = rules.Warning
		finding.Message += "; Determinate Nix has both"
	}
	if e.File == img.Dockerfile.Source {
		finding.Fixes = enableFixes(eff, img, e, flag, missing)
	}
	p.Report(finding)
}

// off says how it comes that a feature is not enabled.
func off(eff *nixuse.Effective) string {
	if len(eff.Settings.Get("experimental-features").Overridden) > 0 {
		return "is off here"
	}
	return "nothing enables"
}

func featureNames(missing []nixuse.Need) string {
	if len(missing) == 1 {
		return "feature " + missing[0].Feature
	}
	return "features " + missing[0].Feature + " and " + missing[1].Feature
}

// enabledLater reports whether something in the same stage enables a missing feature only after the command; the rule
// about the order of things reports that.
func enabledLater(img *nixuse.Image, e *nixuse.Event, missing []nixuse.Need) bool {
	after := false
	for _, later := range img.Events {
		if later == e {
			after = true
		}
		if !after || later == e || later.Text == nil || later.Kind == nixuse.RunCommand || later.Maybe {
			continue
		}
		for _, entry := range later.Text.Setting("experimental-features") {
			for _, w := range entry.Words {
				if slices.ContainsFunc(missing, func(need nixuse.Need) bool { return need.Feature == w.Text }) {
					return true
				}
			}
		}
	}
	return false
}

// replacedBy returns the option of the command itself that assigns the features, nil where none does.
func replacedBy(options *nixuse.Text) *nixconf.Entry {
	if options == nil {
		return nil
	}
	var last *nixconf.Entry
	for _, entry := range options.Setting("experimental-features") {
		if entry.Name.Text == "experimental-features" {
			last = entry
		}
	}
	return last
}

func replacedMessage(text *nixuse.Text, flag *nixconf.Entry, use *nixuse.Use, missing []nixuse.Need) string {
	option := strings.Join(strings.Fields(text.Fragment.File.Text(text.Fragment.Span(flag.Name.Span))), " ")
	need := missing[len(missing)-1]
	message := fmt.Sprintf("%q replaces the features that the configuration enables and leaves out %s, which %q needs",
		option, strings.TrimPrefix(strings.TrimPrefix(featureNames(missing), "features "), "feature "), need.Because)
	if need.Because == use.Label {
		return message + ", so it fails"
	}
	return message + fmt.Sprintf(", so %q fails", use.Label)
}

// enableFixes returns the fixes that give a command the features that it needs on its own command line.
func enableFixes(
	eff *nixuse.Effective, img *nixuse.Image, e *nixuse.Event, flag *nixconf.Entry, missing []nixuse.Need,
) []fixers.Fix {
	const extra = "--extra-experimental-features"
	c := e.Command
	if e.Instruction.Exec || e.Kind == nixuse.StartCommand || c.Quoting != source.Plain || c.Parent != nil {
		return nil
	}
	file := e.File
	var features []string
	for _, need := range missing {
		features = append(features, need.Feature)
	}
	value := strings.Join(features, " ")
	text, added := " "+extra+" "+value, []string{extra, value}
	if len(features) > 1 {
		text = " " + extra + " '" + value + "'"
	}
	options := &nixuse.Text{File: &nixconf.File{}, Targets: img.Releases(), Image: img}
	if e.Nix.Options != nil {
		options.File = e.Nix.Options.File
	}
	settings := fixnix.Settings(misread.Touched(options,
		&nixconf.Entry{Name: nixconf.Word{Text: "experimental-features"}}))
	if flag == nil {
		at := c.Words[0].Span.End
		return []fixers.Fix{{
			Title:   "Enable " + strings.Join(features, " and ") + " for this command",
			Safety:  fixers.Unsafe,
			Edits:   []fixers.Edit{{File: file, Span: source.Span{Start: at, End: at}, Text: text}},
			Changes: fixers.Changes{fixdocker.Words{Added: added}, settings, fixers.Reveals{}},
		}}
	}
	span := e.Nix.Options.Fragment.Span(flag.Name.Span)
	if file.Text(span) != "--experimental-features" {
		return nil
	}
	if overridesAll(eff, features) && assignedOnce(e.Nix.Options) {
		return []fixers.Fix{{
			Title:  "Add to the features of the configuration with " + extra,
			Safety: fixers.Unsafe,
			Edits:  []fixers.Edit{{File: file, Span: span, Text: extra}},
			Changes: fixers.Changes{
				fixdocker.Words{Removed: []string{"--experimental-features"}, Added: []string{extra}},
				settings, fixers.Reveals{},
			},
		}}
	}
	for n := range c.Words {
		if c.Words[n].Span == span && n+1 < len(c.Words) {
			at := c.Words[n+1].Span.End
			return []fixers.Fix{{
				Title:   "Enable " + strings.Join(features, " and ") + " as well",
				Safety:  fixers.Unsafe,
				Edits:   []fixers.Edit{{File: file, Span: source.Span{Start: at, End: at}, Text: text}},
				Changes: fixers.Changes{fixdocker.Words{Added: added}, settings, fixers.Reveals{}},
			}}
		}
	}
	return nil
}

// assignedOnce reports whether one option of a command replaces the features of the configuration, and no other.
func assignedOnce(options *nixuse.Text) bool {
	n := 0
	for _, entry := range options.Setting("experimental-features") {
		if entry.Name.Text == "experimental-features" {
			n++
		}
	}
	return n == 1
}

// overridesAll reports whether the entries that lost to a command's own option enable the given features.
func overridesAll(eff *nixuse.Effective, features []string) bool {
	enabled := func(feature string) bool {
		return slices.ContainsFunc(eff.Settings.Get("experimental-features").Overridden, func(o effective.Origin) bool {
			return slices.ContainsFunc(o.Entry.Words, func(w nixconf.Word) bool { return w.Text == feature })
		})
	}
	return !eff.Uncertain && !slices.ContainsFunc(features, func(f string) bool { return !enabled(f) })
}

// disabledByOwnOptions reports a command of a script or a workflow whose own option replaces the features that its
// configuration may enable, and leaves out one that it needs.
func disabledByOwnOptions(p *rules.Pass, text *nixuse.Text) {
	flag := replacedBy(text)
	if text.Use == nil || flag == nil || !text.Fragment.Known(source.Span{End: len(text.Fragment.Text)}) {
		return
	}
	var missing []nixuse.Need
	for _, need := range text.Use.Needs {
		if !slices.ContainsFunc(text.Setting("experimental-features"), func(entry *nixconf.Entry) bool {
			return slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool { return w.Text == need.Feature })
		}) {
			missing = append(missing, need)
		}
	}
	others := slices.ContainsFunc(text.Targets,
		func(t nixconf.Target) bool { return t.Distribution == nixconf.Determinate })
	if len(missing) == 0 || others && len(text.Targets) == 1 {
		return
	}
	message := replacedMessage(text, flag, text.Use, missing)
	if others {
		message += "; Determinate Nix has both"
	}
	p.Report(rules.Finding{
		Severity: rules.Warning,
		File:     text.Fragment.File, Span: text.Fragment.Span(flag.Name.Span),
		Message: message,
	})
}

package nix

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var installNixActionFeatures = &rules.Rule{
	ID:       "nix/install-nix-action-features",
	Summary:  "experimental-features in extra_nix_config makes install-nix-action omit its default features",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"cachix/install-nix-action, install-nix.sh: the line \"experimental-features = nix-command flakes\" is added " +
			"unless the input contains the text \"experimental-features\"",
	},
	Check: rules.OnText(checkInstallNixActionFeatures),
}

// actionFeatures are the features that the action enables by default.
var actionFeatures = []string{"nix-command", "flakes"}

func checkInstallNixActionFeatures(p *rules.Pass, text *nixuse.Text) {
	const word = "experimental-features"
	at0 := bytes.Index(text.Fragment.Text, []byte(word))
	if text.Host != nixuse.HostInstallAction || at0 < 0 {
		return
	}
	for _, other := range text.Hosted.Texts {
		if other.Host == nixuse.HostEnv &&
			(bytes.Contains(other.Fragment.Text, []byte(word)) ||
				!other.Fragment.Known(source.Span{End: len(other.Fragment.Text)})) {
			return // the variable may enable them
		}
	}
	missing := slices.Clone(actionFeatures)
	var extra *nixconf.Entry
	for _, entry := range text.Entries {
		switch entry.Name.Text {
		case word:
			return // the author says which features are on
		case "extra-" + word:
			if !nixtext.Known(text, entry) {
				return
			}
			extra = entry
			for _, w := range entry.Words {
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == w.Text })
			}
		}
	}
	if len(missing) == 0 || slices.ContainsFunc(text.Lines, func(l nixconf.Line) bool { return l.Unknown }) ||
		len(text.Includes) > 0 {
		return
	}
	off := strings.Join(missing, " and ") + " is off"
	if len(missing) > 1 {
		off = strings.Join(missing, " and ") + " are off"
	}
	if extra == nil {
		p.Report(nixtext.Atf(text, source.Span{Start: at0, End: at0 + len(word)},
			"install-nix-action sees %q, even in a comment, and omits its own features, so %s", word, off))
		return
	}
	finding := nixtext.Atf(text, extra.Name.Span, "install-nix-action sees %q in %q and omits its own features, so %s",
		word, extra.Name.Text, off)
	var words []string
	for _, w := range extra.Words {
		words = append(words, w.Text)
	}
	value := strings.Join(append(missing, words...), " ")
	if edits, ok := fixnix.SetValue(text.Fragment, extra, value); ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Enable "+strings.Join(missing, " and ")+" as well",
			fixers.Unsafe, edits, fixers.Changes{fixnix.Settings{word}})}
	}
	p.Report(finding)
}

package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var misplacedWord = &rules.Rule{
	ID:       "nix/misplaced-word",
	Summary:  "a word of a list belongs to another setting, so it has no effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: system-features, extra-platforms, trusted-users, trusted-public-keys",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range text.Entries {
			misplaced := misplacedIn[nixuse.Canonical(entry.Name.Text)]
			if misplaced == nil || !text.Known(entry.Name.Span) || misread.Is(text, entry) ||
				misread.AssignsTwice(entry) {
				continue
			}
			for _, w := range entry.Words {
				if !text.Known(w.Span) || misread.IsPlaceholder(w.Text) {
					continue
				}
				if what, setting := misplaced(w.Text); what != "" && setting != "" {
					p.Report(nixtext.Atf(text, w.Span, "%q is %s, which belongs in %q, so it has no effect here",
						w.Text, what, setting))
				} else if what != "" {
					p.Report(nixtext.Atf(text, w.Span, "%q is %s, so it has no effect here", w.Text, what))
				}
			}
		}
	}),
}

// misplacedIn says of a word of a setting what it is instead, and where it belongs, as far as that is certain.
var misplacedIn = map[string]func(word string) (what, setting string){
	"system-features": func(word string) (what, setting string) {
		if isSystem(word) {
			return "", "" // nix/overridden-default-list reports a list of systems
		}
		if slices.Contains([]string{"nix-command", "flakes", "pipe-operators", "pipe-operator", "fetch-tree",
			"dynamic-derivations", "impure-derivations", "auto-allocate-uids"}, word) {
			return "an experimental feature", "experimental-features"
		}
		return "", ""
	},
	"extra-platforms": systemFeature,
	"system":          systemFeature,
	"trusted-users":   user,
	"allowed-users":   user,
}

func systemFeature(word string) (what, setting string) {
	if slices.Contains(defaultFeatures, word) || word == "kvm" || word == "apple-virt" || word == "uid-range" {
		return "a feature of the system", "system-features"
	}
	return "", ""
}

func user(word string) (what, setting string) {
	switch {
	case isPublicKey(word):
		return "a public key", "trusted-public-keys"
	case strings.HasPrefix(word, "https://"), strings.HasPrefix(word, "http://"):
		return "a URL and no user", ""
	case isKeyType(word) || strings.HasPrefix(word, "AAAA") && len(word) > 40:
		return "a part of an SSH key and no user", ""
	}
	return "", ""
}

// isPublicKey reports whether a word is the public key of a binary cache: a name, a colon, and 32 bytes in Base64.
func isPublicKey(word string) bool {
	name, _, ok := strings.Cut(word, ":")
	if !ok || name == "" || strings.Contains(word, "//") {
		return false
	}
	_, what := keyError(nixconf.Word{Text: word})
	return what == "" && len(word) == len(name)+1+44
}

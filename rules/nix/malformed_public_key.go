package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var malformedPublicKey = &rules.Rule{
	ID:       "nix/malformed-public-key",
	Summary:  "a trusted public key cannot be decoded, so every substitution fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/signature/local-keys.cc: Key and PublicKey; src/libutil/base-n.cc: base64Decode",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		for _, entry := range text.Entries {
			if nixuse.Canonical(entry.Name.Text) != "trusted-public-keys" || !text.Fragment.Known(entry.Name.Span) ||
				misread.Is(text, entry) {
				continue
			}
			for _, word := range entry.Words {
				if !text.Known(word.Span) || misread.IsPlaceholder(word.Text) {
					continue
				}
				if span, what := keyError(word); what != "" {
					p.Report(nixtext.At(text, span, what+"; every substitution fails"))
				}
			}
		}
	}),
}

// keyError says why Nix cannot read a public key, and which part of the word is at fault. It returns "" for a good key.
func keyError(word nixconf.Word) (source.Span, string) {
	name, key, ok := strings.Cut(word.Text, ":")
	switch {
	case !ok:
		return word.Span, fmt.Sprintf("%q is not a public key, which has the form name:key", word.Text)
	case strings.HasPrefix(key, "//"):
		return word.Span, fmt.Sprintf("%q is a URL, not a public key", word.Text)
	case name == "":
		return word.Span, fmt.Sprintf("public key %q has no name", word.Text)
	case key == "":
		return word.Span, fmt.Sprintf("public key %q ends before the key itself", word.Text)
	}
	start := word.Span.Start + len(name) + 1
	digits := 0
	for i := range len(key) {
		c := key[i]
		if c == '=' {
			break // Nix ignores what follows the padding
		}
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/') {
			return source.Span{Start: start + i, End: start + i + 1},
				fmt.Sprintf("public key %q contains %q, which is not a Base64 digit", name, key[i:i+1])
		}
		digits++
	}
	span := source.Span{Start: start, End: word.Span.End}
	switch n := digits * 6 / 8; {
	case n == 64:
		return span, fmt.Sprintf("public key %q has 64 bytes instead of 32, like a secret key", name)
	case n != 32:
		return span, fmt.Sprintf("public key %q has %d bytes instead of 32", name, n)
	}
	return source.Span{}, ""
}

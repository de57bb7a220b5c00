package nix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var badStoreURL = &rules.Rule{
	ID:       "nix/bad-store-url",
	Summary:  "a store or binary cache is not a URL, so Nix takes nothing from it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix 2.34, src/libstore/store-reference.cc: StoreReference::parse, called when the configuration is read",
	},
	Check: rules.OnText(checkBadStoreURL),
}

func checkBadStoreURL(p *rules.Pass, text *nixuse.Text) {
	template := sync.OnceValue(func() bool { return isTemplate(text.Fragment.Text) })
	for _, entry := range text.Entries {
		if !isStoreURLs(entry.Name.Text) || !text.Fragment.Known(entry.Name.Span) || misread.Is(text, entry) {
			continue
		}
		errors := text.ValueErrors(entry)
		listed := sync.OnceValue(func() map[string]bool { return urlsOf(entry) })
		for n, word := range entry.Words {
			if isPublicKey(word.Text) && text.Known(word.Span) {
				p.Report(keyAmongURLs(text, entry, n, listed))
				continue
			}
			if strings.ContainsAny(word.Text, `"',`) || !text.Known(word.Span) {
				continue
			}
			literal := literalVariable(text, word.Text) && !template()
			if !literal && (misread.IsPlaceholder(word.Text) || nixconf.IsStoreURL(word.Text)) {
				continue
			}
			what := "is not a store URL"
			if literal {
				what = "holds a variable, which Nix does not expand"
			}
			finding := nixtext.Atf(text, word.Span, "%q %s, so Nix takes nothing from it", word.Text, what)
			finding.Severity = rules.Warning
			refused := !nixconf.IsStoreURL(word.Text)
			for _, e := range errors {
				if e.Kind != nixconf.BadStoreURL || !refused {
					continue
				}
				finding.Message = fmt.Sprintf("%q %s; every Nix command fails", word.Text, what)
				if e.Coverage == nixconf.Some {
					finding.Message = fmt.Sprintf(
						"%q %s, so Nix takes nothing from it, and every Nix command fails in %s",
						word.Text, what, e.Targets)
				}
				if e.Coverage == nixconf.All && text.Host != nixuse.HostOption {
					finding.Severity = rules.Error
				}
				break
			}
			if isHostName(word.Text) {
				if edits, ok := fixnix.ReplaceWord(text.Fragment, entry.Words[n], "https://"+word.Text); ok {
					finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Write https://"+word.Text, fixers.Unsafe, edits,
						fixers.Changes{fixnix.Settings{nixuse.Canonical(entry.Name.Text)}})}
				}
			}
			p.Report(finding)
		}
	}
}

// urlsOf returns the words of an entry without the parameters and slashes at the end of a URL.
func urlsOf(entry *nixconf.Entry) map[string]bool {
	urls := make(map[string]bool, len(entry.Words))
	for _, w := range entry.Words {
		url, _, _ := strings.Cut(w.Text, "?")
		urls[strings.TrimRight(url, "/")] = true
	}
	return urls
}

// keyAmongURLs reports a public key among store URLs, of which listed are all. Its name looks like the scheme of a URL
// to Nix.
func keyAmongURLs(text *nixuse.Text, entry *nixconf.Entry, n int, listed func() map[string]bool) rules.Finding {
	word := entry.Words[n]
	name, _, _ := strings.Cut(word.Text, ":")
	finding := nixtext.Atf(text, word.Span, "%q is a public key, which belongs in \"trusted-public-keys\"; Nix reads "+
		"its name as the scheme of a URL, and takes nothing from it", name)
	host := strings.TrimRight(name, "0123456789")
	if host = strings.TrimSuffix(host, "-"); host == name || !isHostName(host) {
		return finding
	}
	title, edits, ok := "Write https://"+host, []fixers.Edit(nil), false
	if listed()["https://"+host] {
		title = "Remove it, since the cache is listed too"
		edits, ok = fixnix.RemoveWord(text.Fragment, entry, n)
	} else {
		edits, ok = fixnix.ReplaceWord(text.Fragment, word, "https://"+host)
	}
	if ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings{nixuse.Canonical(entry.Name.Text)}})}
	}
	return finding
}

// literalVariable reports whether a word of a text has a variable of the shell in it that nothing expands, unless the
// text is a template. Where the host expands variables of its own, that is not known.
func literalVariable(text *nixuse.Text, word string) bool {
	_, name, ok := strings.Cut(word, "$")
	if !ok || text.Host == nixuse.HostFlake || text.Host == nixuse.HostModule || text.Host == nixuse.HostFeature {
		return false
	}
	name = strings.TrimPrefix(name, "{")
	return name != "" && (name[0] == '_' || 'A' <= name[0] && name[0] <= 'Z' || 'a' <= name[0] && name[0] <= 'z')
}

// isTemplate reports whether a text has the marks of a template.
func isTemplate(text []byte) bool {
	return slices.ContainsFunc([]string{"{{", "{%", "<%", "@@"}, func(mark string) bool {
		return bytes.Contains(text, []byte(mark))
	})
}

// isStoreURLs reports whether the values of a setting are stores.
func isStoreURLs(name string) bool {
	switch nixuse.Canonical(name) {
	case "store", "substituters", "trusted-substituters":
		return true
	}
	return false
}

// isHostName reports whether a word is a host name with a dot in it.
func isHostName(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, ".") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" &&
		!strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".")
}

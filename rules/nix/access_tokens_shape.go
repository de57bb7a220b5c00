package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var accessTokensShape = &rules.Rule{
	ID:       "nix/access-tokens-shape",
	Summary:  "access-tokens holds something other than host=token, which Nix drops or never uses",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: a word of a map without = is dropped",
		"Nix, src/libfetchers/github.cc: how a token is looked up, and the types of GitLab tokens",
	},
	Check: rules.OnText(checkAccessTokensShape),
}

func checkAccessTokensShape(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		if entry.Name.Text != "access-tokens" && entry.Name.Text != "extra-access-tokens" || len(entry.Words) == 0 ||
			misread.HasOwnRule(text, entry) || misread.AssignsTwice(entry) && len(entry.Words) > 3 {
			continue
		}
		for n := range entry.Words {
			if finding, ok := tokenAt(text, entry, n); ok {
				p.Report(finding)
				w := entry.Words[n]
				whole := strings.Contains(w.Text, "=") || strings.Contains(beforeEnd(w.Text), ":")
				if word := text.Fragment.Span(w.Span); !word.Contains(finding.Span) || !whole {
					break // the words that follow may be parts of this pair
				}
			}
		}
	}
}

// tokenAt reports what is wrong with word n. Messages quote hosts and never tokens.
func tokenAt(text *nixuse.Text, entry *nixconf.Entry, n int) (rules.Finding, bool) {
	words := entry.Words
	w := words[n]
	literal := func(n int) bool { return n < len(words) && text.File.Known(words[n].Span) }
	mend := func(message string, span source.Span, title string, safety fixers.Safety, at source.Span,
		with string) (rules.Finding, bool) {
		finding := rules.Finding{File: text.Fragment.File, Span: text.Fragment.Span(span), Message: message}
		if edits, ok := nixtext.Replace(text, at, with); ok && title != "" {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, safety, edits,
				fixers.Changes{fixnix.Settings{"access-tokens"}})}
		}
		return finding, true
	}
	spaced := func(last int) (rules.Finding, bool) {
		host := strings.TrimSuffix(w.Text, "=")
		title := ""
		if n == 0 && last == len(words)-1 { // one pair, so one possible meaning
			title = "Write the pair without spaces"
		}
		gap := source.Span{Start: w.Span.Start + len(host), End: words[last].Span.Start}
		with := "="
		if rest := words[last].Text; strings.HasPrefix(rest, "=") {
			with = ""
		}
		return mend(fmt.Sprintf(
			"there are spaces around the = between %q and its token, so Nix has no token for that host", host),
			source.Span{Start: w.Span.Start, End: words[last].Span.End}, title, fixers.Safe, gap, with)
	}
	if key, rest, ok := strings.Cut(w.Text, "="); ok && key != "" {
		span := source.Span{Start: w.Span.Start, End: w.Span.Start + len(key)}
		scheme := strings.Index(key, "://")
		switch {
		case !text.Fragment.Known(span):
		case rest == "" && literal(n) && n+1 < len(words) && !strings.Contains(words[n+1].Text, "=") &&
			isTokenHost(key):
			return spaced(n + 1)
		case scheme > 0 && isTokenHost(strings.TrimSuffix(key[scheme+3:], "/")):
			host := strings.TrimSuffix(key[scheme+3:], "/")
			return mend(fmt.Sprintf("Nix looks up tokens by host, so it never finds %q", key), span,
				"Write the host alone", fixers.Unsafe, span, host)
		case urlScheme(rest) != "" && isTokenHost(key) &&
			text.Fragment.Known(source.Span{Start: span.End + 1, End: span.End + 1 + len(urlScheme(rest))}):
			at := source.Span{Start: span.End + 1, End: span.End + 1 + len(urlScheme(rest))}
			title := "Remove " + urlScheme(rest)
			if strings.ContainsAny(rest[len(urlScheme(rest)):], "/@") {
				title = "" // where the token is in the URL, only the author knows
			}
			return mend(
				fmt.Sprintf("%q becomes a part of the token for %q, so the host refuses it", urlScheme(rest), key),
				at, title, fixers.Unsafe, at, "")
		case !literal(n):
		case (key == "gitlab.com" || strings.HasPrefix(key, "gitlab.")) && rest != "" && !strings.Contains(rest, ":"):
			title, at := "", source.Span{Start: span.End + 1, End: span.End + 1}
			if strings.HasPrefix(rest, "glpat-") {
				title = "Mark it as a personal access token"
			}
			return mend(fmt.Sprintf(
				"the token for %q has no type, so Nix does not send it as a token; GitLab tokens have the form "+
					"PAT:token or OAuth2:token", key), span, title, fixers.Unsafe, at, "PAT:")
		}
		return rules.Finding{}, false
	}
	if !literal(n) || !isTokenHost(beforeColon(w.Text)) {
		if literal(n) && w.Text != "=" && !strings.Contains(w.Text, "=") {
			return mend(fmt.Sprintf("a word of %q is not of the form host=token, so Nix drops it", entry.Name.Text),
				w.Span, "", fixers.Manual, w.Span, "")
		}
		return rules.Finding{}, false
	}
	host := beforeColon(w.Text)
	switch {
	case host != w.Text:
		colon := source.Span{Start: w.Span.Start + len(host), End: w.Span.Start + len(host) + 1}
		title, with := "Replace the colon with =", "="
		token := w.Text[len(host)+1:]
		untyped := (host == "gitlab.com" || strings.HasPrefix(host, "gitlab.")) && !strings.Contains(token, ":")
		switch {
		case token == "", untyped && !strings.HasPrefix(token, "glpat-"):
			title = "" // the token or its type is elsewhere
		case untyped:
			title, with = "Write =PAT: for the colon", "=PAT:"
		}
		return mend(fmt.Sprintf("there is a colon between %q and its token, so Nix has no token for that host", host),
			w.Span, title, fixers.Unsafe, colon, with)
	case literal(n+1) && words[n+1].Text == "=" && n+2 < len(words):
		return spaced(n + 2)
	case n+1 < len(words) && strings.HasPrefix(words[n+1].Text, "=") &&
		text.Fragment.Known(source.Span{Start: words[n+1].Span.Start, End: words[n+1].Span.Start + 1}):
		return spaced(n + 1)
	case len(words) == 2 && n == 0 && !strings.Contains(words[1].Text, "="):
		gap := source.Span{Start: w.Span.End, End: words[1].Span.Start}
		return mend(fmt.Sprintf(
			"there is a space instead of = between %q and its token, so Nix has no token for that host", host), w.Span,
			"Write = between them", fixers.Unsafe, gap, "=")
	}
	return mend(fmt.Sprintf("%q is not followed by = and a token, so Nix drops it", host), w.Span, "", fixers.Manual,
		w.Span, "")
}

// urlScheme returns the scheme that a token begins with, which only a URL has, or "".
func urlScheme(token string) string {
	for _, scheme := range []string{"https://", "http://", "ssh://", "git+https://"} {
		if strings.HasPrefix(token, scheme) {
			return scheme
		}
	}
	return ""
}

// beforeEnd returns a word without its last byte.
func beforeEnd(s string) string { return s[:max(len(s)-1, 0)] }

// beforeColon returns the part of a word before its first colon.
func beforeColon(s string) string {
	host, _, _ := strings.Cut(s, ":")
	return host
}

// isTokenHost reports whether a text looks like a host, maybe with a path: it has a dot, and characters that hosts and
// paths are made of.
func isTokenHost(s string) bool {
	dot := strings.IndexByte(s, '.')
	if dot <= 0 || dot == len(s)-1 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '/', c == '_':
		default:
			return false
		}
	}
	return true
}

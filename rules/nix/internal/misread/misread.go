// Package misread finds values that Nix reads differently than their author meant them: with quotes, commas, a literal
// \n or a second assignment in them.
package misread

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

// LineBreak is a backslash and an n that were meant to end a line.
type LineBreak struct {
	// Span is the two characters, with the blanks around them.
	Span source.Span
	// Next is the setting that is assigned after it, or "".
	Next string
	// Spaced says that the assignment has blanks around its equals sign.
	Spaced bool
}

// LineBreaks returns each literal \n in a span of one line that is followed by the assignment of a setting or by
// nothing. In a prompt, a \n at the end is for the shell.
func LineBreaks(text *nixuse.Text, in source.Span, prompt bool) []LineBreak {
	if text.Host == nixuse.HostOption {
		return nil // the value is an argument, not a line
	}
	line := string(text.Fragment.Text[in.Start:in.End])
	var out []LineBreak
	for at := 0; ; {
		n := strings.Index(line[at:], `\n`)
		if n < 0 {
			return out
		}
		start, end := at+n, at+n+2
		at = end
		for end < len(line) && IsBlank(line[end]) {
			end++
		}
		for start > 0 && IsBlank(line[start-1]) {
			start--
		}
		b := LineBreak{Span: source.Span{Start: in.Start + start, End: in.Start + end}}
		rest := line[end:]
		stop := 0
		for stop < len(rest) && isNameByte(rest[stop]) {
			stop++
		}
		behind := strings.TrimLeft(rest[stop:], " \t\r")
		switch {
		case stop > 0 && strings.HasPrefix(behind, "=") && existsAnywhere(rest[:stop]):
			b.Next = rest[:stop]
			b.Spaced = len(behind) < len(rest[stop:]) && (len(behind) == 1 || IsBlank(behind[1]))
		case rest == "" && !prompt, strings.HasPrefix(rest, `\n`) && !prompt:
		default:
			continue
		}
		if text.Fragment.Known(b.Span) {
			out = append(out, b)
		}
	}
}

func isNameByte(c byte) bool { return c == '-' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// IsBlank reports whether Nix takes c as a blank inside a line.
func IsBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// existsAnywhere reports whether any release of any distribution has a setting of that name.
func existsAnywhere(name string) bool {
	k := nixconf.Known(name, nixconf.DefaultTargets())
	return k.Coverage != nixconf.None || k.Description != ""
}

// IsPrompt reports whether a setting is a prompt of the shell, in which \n is an escape.
func IsPrompt(name string) bool { return strings.HasPrefix(name, "bash-prompt") }

// HasLineBreak reports whether an entry holds a literal \n that was meant to end a line, so its words are not what its
// author meant.
func HasLineBreak(text *nixuse.Text, entry *nixconf.Entry) bool {
	if strings.IndexByte(entry.Value, '\\') < 0 && strings.IndexByte(entry.Name.Text, '\\') < 0 {
		return false
	}
	return len(LineBreaks(text, entry.Span, IsPrompt(entry.Name.Text))) > 0
}

// Unquoted returns a value without the quotes that Nix takes as part of it, and the index of the first word with one,
// or -1 where the whole value is in quotes. Booleans, numbers and enumerations with quotes are refused anyway, and JSON
// needs its quotes.
func Unquoted(entry *nixconf.Entry, ts nixconf.Targets) (fixed string, word int, ok bool) {
	if strings.IndexByte(entry.Value, '"') < 0 && strings.IndexByte(entry.Value, '\'') < 0 {
		return "", 0, false
	}
	facts, known := names.AnyFacts(entry.Name.Text, ts)
	if !known {
		return "", 0, false
	}
	single := false
	switch facts.Kind {
	case nixconf.KindString, nixconf.KindPath, nixconf.KindURL:
		single = true
	case nixconf.KindList, nixconf.KindSet, nixconf.KindMap, nixconf.KindFeatures, nixconf.KindURLs:
	default:
		return "", 0, false
	}
	if inner, ok := InQuotes(entry.Value); ok {
		return strings.Trim(inner, " "), -1, true
	}
	if single {
		return "", 0, false
	}
	words := make([]string, 0, len(entry.Words))
	word = -1
	last := len(entry.Words) - 1
	brackets := last > 0 && entry.Words[0].Text == "[" && strings.TrimRight(entry.Words[last].Text, ";") == "]"
	for n, w := range entry.Words {
		if brackets && (n == 0 || n == last) {
			continue // a list in the Nix language
		}
		bare, quoted := InQuotes(w.Text)
		if !quoted && facts.Kind != nixconf.KindMap {
			bare = strings.TrimRight(w.Text, ";")
			if strings.HasPrefix(bare, `["`) || strings.HasSuffix(bare, `"]`) {
				bare = strings.TrimRight(strings.TrimLeft(bare, "["), "]")
			}
			bare = strings.Trim(bare, `"'`)
			quoted = strings.ContainsAny(w.Text, `"'`) && bare != w.Text
		}
		if !quoted {
			bare = w.Text
		} else if word < 0 {
			word = n
		}
		if bare != "" {
			words = append(words, bare)
		}
	}
	return strings.Join(words, " "), word, word >= 0
}

// LineInQuotes returns the setting that a line in quotes assigns, and its value without the quote.
func LineInQuotes(entry *nixconf.Entry) (name, value string, ok bool) {
	written := entry.Name.Text
	if len(written) < 2 || written[0] != '"' && written[0] != '\'' || !strings.HasSuffix(entry.Value, written[:1]) {
		return "", "", false
	}
	return written[1:], strings.TrimRight(strings.TrimSuffix(entry.Value, written[:1]), " "),
		existsAnywhere(written[1:])
}

// InQuotes returns the text between the quotes that s begins and ends with.
func InQuotes(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return "", false
	}
	inner := s[1 : len(s)-1]
	return inner, strings.IndexByte(inner, s[0]) < 0
}

// WithoutCommas returns a list without the commas that its author put between its words, and the index of the first
// word with one.
func WithoutCommas(entry *nixconf.Entry, ts nixconf.Targets) (fixed string, word int, ok bool) {
	if strings.IndexByte(entry.Value, ',') < 0 {
		return "", 0, false
	}
	facts, known := names.AnyFacts(entry.Name.Text, ts)
	if !known {
		return "", 0, false
	}
	var split func(s string, last bool) []string
	switch {
	case facts.Names:
		split = func(s string, _ bool) []string { return strings.Split(s, ",") }
	case facts.Name == "trusted-public-keys":
		// Nix ignores what follows the padding of a key, so a comma at the end does no harm.
		split = func(s string, _ bool) []string {
			if first, rest, ok := strings.Cut(s, ","); ok && strings.Contains(first, ":") &&
				strings.Contains(rest, ":") {
				return strings.Split(s, ",")
			}
			return nil
		}
	case facts.Kind == nixconf.KindURLs, facts.URLs:
		split = splitURLs
	case facts.Name == "impure-env", facts.Name == "build-hook":
		return "", 0, false
	case facts.Kind == nixconf.KindList, facts.Kind == nixconf.KindSet, facts.Kind == nixconf.KindMap:
		split = func(s string, last bool) []string {
			if trimmed := strings.TrimRight(s, ","); trimmed != s && (!last || trimmed == "") {
				return []string{trimmed}
			}
			return nil
		}
	default:
		return "", 0, false
	}
	var words []string
	word = -1
	for n, w := range entry.Words {
		if strings.IndexByte(w.Text, ',') < 0 {
			words = append(words, w.Text)
			continue
		}
		parts := split(w.Text, n == len(entry.Words)-1)
		if parts == nil {
			parts = []string{w.Text}
		} else if word < 0 {
			word = n
		}
		for _, part := range parts {
			if part != "" {
				words = append(words, part)
			}
		}
	}
	return strings.Join(words, " "), word, word >= 0
}

// splitURLs splits a word at its end and before each "scheme://"; other commas belong to the URL.
func splitURLs(s string, _ bool) []string {
	var out []string
	start := 0
	for at := 0; at < len(s); at++ {
		if s[at] == ',' && (at == 0 || at == len(s)-1 || startsURL(s[at+1:])) {
			out = append(out, s[start:at])
			start = at + 1
		}
	}
	if start == 0 {
		return nil
	}
	return append(out, s[start:])
}

func startsURL(s string) bool {
	n := strings.Index(s, "://")
	return n > 0 && strings.Trim(s[:n], "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// HasOwnRule reports whether a rule of its own reports what is wrong with a value. That rule names the cause rather
// than the consequence.
func HasOwnRule(text *nixuse.Text, entry *nixconf.Entry) bool {
	if HasLineBreak(text, entry) {
		return true
	}
	if _, _, ok := Unquoted(entry, text.Targets); ok {
		return true
	}
	_, _, ok := WithoutCommas(entry, text.Targets)
	return ok
}

// Touched returns the settings that change when an entry of a text gets another value: its own, and for experimental
// features those that need one.
func Touched(text *nixuse.Text, entry *nixconf.Entry) []string {
	settings := []string{nixuse.Canonical(entry.Name.Text)}
	if !names.IsFeatures(entry.Name.Text) && !HasLineBreak(text, entry) {
		return settings
	}
	settings = append(settings, text.Gated(func(string) bool { return true })...)
	if text.Image != nil {
		settings = append(settings, text.Image.Model.Gated()...)
	}
	return settings
}

// Is reports whether Nix reads an entry differently than its author meant it, for a cause that has a rule of its own:
// hidden characters, quotes, commas, a second assignment in the line, a literal \n, or a value that continues on the
// next line.
func Is(text *nixuse.Text, entry *nixconf.Entry) bool {
	if _, _, ok := hidden.First(entry.Value); ok || HasOwnRule(text, entry) {
		return true
	}
	if strings.HasSuffix(entry.Value, `\`) && entry.Line+1 < len(text.Lines) {
		if _, ok := nixtext.ProblemOn(text, entry.Line+1, nixconf.KindLineContinuation); ok {
			return true
		}
	}
	_, ok := Glued(entry)
	return ok
}

// Glued returns the place in an entry where a second assignment begins.
func Glued(entry *nixconf.Entry) (at int, ok bool) {
	hasEquals := func(w nixconf.Word) bool { return w.Text == "=" }
	if !strings.Contains(entry.Name.Text, "=") && !slices.ContainsFunc(entry.Words, hasEquals) {
		return 0, false
	}
	words := append([]nixconf.Word{entry.Name, {Text: "=", Span: entry.Equals}}, entry.Words...)
	at, _, ok = nixconf.GluedAt(words)
	return at, ok
}

// AssignsTwice reports whether a second assignment is glued to the value of an entry.
func AssignsTwice(entry *nixconf.Entry) bool {
	for n, w := range entry.Words {
		if n > 0 && w.Text == "=" {
			return true
		}
	}
	return false
}

// IsPlaceholder reports whether a word is to be replaced before Nix reads the file, so nothing is known about it.
func IsPlaceholder(s string) bool {
	if strings.HasPrefix(s, "$") {
		return true
	}
	for _, mark := range []string{"${", "$(", "{{", "}}"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	n := len(s)
	return n > 2 && (s[0] == '<' && s[n-1] == '>' || s[0] == '@' && s[n-1] == '@' || s[0] == '%' && s[n-1] == '%')
}

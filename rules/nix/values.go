package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// lineBreak is a backslash and an n that were meant to end a line.
type lineBreak struct {
	// span is the two characters, with the blanks around them.
	span source.Span
	// next is the setting that is assigned behind it, "" where nothing is.
	next string
	// spaced says that the assignment has blanks around its equals sign.
	spaced bool
}

// lineBreaks returns the literal \n in a span of one line behind which a setting is assigned or nothing is left. In a text that is a prompt a
// \n at the end is the shell's.
func lineBreaks(text *workspace.NixText, in source.Span, prompt bool) []lineBreak {
	if text.Host == workspace.HostOption {
		return nil // the value is an argument, and no line
	}
	line := string(text.Fragment.Text[in.Start:in.End])
	var out []lineBreak
	for at := 0; ; {
		n := strings.Index(line[at:], `\n`)
		if n < 0 {
			return out
		}
		start, end := at+n, at+n+2
		at = end
		for end < len(line) && isBlank(line[end]) {
			end++
		}
		for start > 0 && isBlank(line[start-1]) {
			start--
		}
		b := lineBreak{span: source.Span{Start: in.Start + start, End: in.Start + end}}
		rest := line[end:]
		stop := 0
		for stop < len(rest) && (rest[stop] == '-' || 'a' <= rest[stop] && rest[stop] <= 'z' || '0' <= rest[stop] && rest[stop] <= '9') {
			stop++
		}
		behind := strings.TrimLeft(rest[stop:], " \t\r")
		switch {
		case stop > 0 && strings.HasPrefix(behind, "=") && existsAnywhere(rest[:stop]):
			b.next = rest[:stop]
			b.spaced = len(behind) < len(rest[stop:]) && (len(behind) == 1 || isBlank(behind[1]))
		case rest == "" && !prompt, strings.HasPrefix(rest, `\n`) && !prompt:
		default:
			continue
		}
		if text.Fragment.Known(b.span) {
			out = append(out, b)
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// existsAnywhere reports whether any release of any distribution has a setting of that name.
func existsAnywhere(name string) bool {
	k := nixconf.Known(name, nixconf.DefaultTargets())
	return k.Coverage != nixconf.None || k.Description != ""
}

func isPrompt(name string) bool { return strings.HasPrefix(name, "bash-prompt") }

// hasLineBreak reports whether an entry holds a literal \n that was meant to end a line, so that its words are not what its author wrote.
func hasLineBreak(text *workspace.NixText, entry *nixconf.Entry) bool {
	if strings.IndexByte(entry.Value, '\\') < 0 && strings.IndexByte(entry.Name.Text, '\\') < 0 {
		return false
	}
	return len(lineBreaks(text, entry.Span, isPrompt(entry.Name.Text))) > 0
}

// unquoted returns a value without the quotes that Nix takes for a part of it, and the first word that has one, or -1 for all of the value. Quotes in
// booleans, numbers and enumerations are refused outright, and JSON has them.
func unquoted(entry *nixconf.Entry, ts nixconf.Targets) (fixed string, word int, ok bool) {
	if strings.IndexByte(entry.Value, '"') < 0 && strings.IndexByte(entry.Value, '\'') < 0 {
		return "", 0, false
	}
	facts, known := anyFacts(entry.Name.Text, ts)
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
	if inner, ok := inQuotes(entry.Value); ok {
		return strings.Trim(inner, " "), -1, true
	}
	if single {
		return "", 0, false
	}
	words := make([]string, 0, len(entry.Words))
	word = -1
	brackets := len(entry.Words) > 1 && entry.Words[0].Text == "[" && strings.TrimRight(entry.Words[len(entry.Words)-1].Text, ";") == "]"
	for n, w := range entry.Words {
		if brackets && (n == 0 || n == len(entry.Words)-1) {
			continue // a list in the language Nix
		}
		bare, quoted := inQuotes(w.Text)
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

// lineInQuotes returns the setting that a line in quotes assigns, and its value without the quote.
func lineInQuotes(entry *nixconf.Entry) (name, value string, ok bool) {
	written := entry.Name.Text
	if len(written) < 2 || written[0] != '"' && written[0] != '\'' || !strings.HasSuffix(entry.Value, written[:1]) {
		return "", "", false
	}
	return written[1:], strings.TrimRight(strings.TrimSuffix(entry.Value, written[:1]), " "), existsAnywhere(written[1:])
}

// inQuotes returns what stands between the quotes that a text begins and ends with.
func inQuotes(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return "", false
	}
	inner := s[1 : len(s)-1]
	return inner, strings.IndexByte(inner, s[0]) < 0
}

// uncommaed returns a list without the commas that its author meant to stand between its words, and the first word that has one.
func uncommaed(entry *nixconf.Entry, ts nixconf.Targets) (fixed string, word int, ok bool) {
	if strings.IndexByte(entry.Value, ',') < 0 {
		return "", 0, false
	}
	facts, known := anyFacts(entry.Name.Text, ts)
	if !known {
		return "", 0, false
	}
	var split func(s string, last bool) []string
	switch {
	case facts.Names:
		split = func(s string, _ bool) []string { return strings.Split(s, ",") }
	case facts.Name == "trusted-public-keys":
		// What stands behind the padding of a key is not looked at, so that a comma at the end does no harm.
		split = func(s string, _ bool) []string {
			if first, rest, ok := strings.Cut(s, ","); ok && strings.Contains(first, ":") && strings.Contains(rest, ":") {
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

// assignedIn reports whether a text assigns a setting.
func assignedIn(text *workspace.NixText, setting string) bool {
	return slices.ContainsFunc(text.Entries, func(e *nixconf.Entry) bool {
		return workspace.Canonical(e.Name.Text) == setting && !isExtra(e, text.Targets)
	})
}

// touched returns the settings that change where an entry of a text gets another value: its own, and with experimental features those that need one.
func touched(text *workspace.NixText, entry *nixconf.Entry) []string {
	names := []string{workspace.Canonical(entry.Name.Text)}
	if !isFeatures(entry.Name.Text) && !hasLineBreak(text, entry) {
		return names
	}
	texts := []*workspace.NixText{text}
	if text.Image != nil {
		texts = append(texts, text.Image.File.NixTexts...)
	}
	for _, t := range texts {
		for _, other := range t.Entries {
			if in, _ := where(text.Targets, other.Name.Text, func(f nixconf.Facts) bool { return f.Gate != "" }); len(in) > 0 {
				names = append(names, workspace.Canonical(other.Name.Text), other.Name.Text) // the canonical name may be another in old releases
			}
		}
	}
	return names
}

// judgedElsewhere reports whether what is wrong with a value has a rule of its own, which names the cause and not what comes of it.
func judgedElsewhere(text *workspace.NixText, entry *nixconf.Entry) bool {
	if hasLineBreak(text, entry) {
		return true
	}
	if _, _, ok := unquoted(entry, text.Targets); ok {
		return true
	}
	_, _, ok := uncommaed(entry, text.Targets)
	return ok
}

package nix

import (
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var hashTruncatesValue = &rules.Rule{
	ID:       "nix/hash-truncates-value",
	Summary:  "a # inside a value begins a comment, which cuts the value off",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/configuration.cc: a line is cut at its first #, wherever that is",
	},
	Check: rules.OnText(checkHashTruncatesValue),
}

func checkHashTruncatesValue(p *rules.Pass, text *nixuse.Text) {
	if text.Host == nixuse.HostOption {
		return // an argument is not a line and has no comment
	}
	for _, entry := range text.Entries {
		if len(entry.Words) == 0 {
			continue
		}
		word := entry.Words[len(entry.Words)-1]
		span, ok := cutWord(text, word.Span)
		if !ok || !takesHash(entry.Name.Text, text.Targets) || !text.Fragment.Known(entry.Name.Span) {
			continue
		}
		p.Report(nixtext.Atf(text, span,
			"the value of %q ends before this #, which begins a comment even inside a word", entry.Name.Text))
	}
	for _, include := range text.Includes {
		if span, ok := cutWord(text, include.Path.Span); ok {
			p.Report(nixtext.At(text, span, "the path ends before this #, which begins a comment even inside a word"))
		}
	}
}

// cutWord returns the # that directly follows a word, with the text that directly follows the #. A # with a blank on
// either side is meant as a comment.
func cutWord(text *nixuse.Text, word source.Span) (source.Span, bool) {
	all := text.Fragment.Text
	end := word.End
	if end+1 >= len(all) || all[end] != '#' {
		return source.Span{}, false
	}
	for end < len(all) && all[end] != '\n' && !misread.IsBlank(all[end]) {
		end++
	}
	return source.Span{Start: word.End, End: end}, end > word.End+1 && all[word.End+1] != '#' &&
		text.Fragment.Known(source.Span{Start: word.Start, End: end})
}

// takesHash reports whether a # can be part of the value of a setting: of a URL, a path, a token or free text.
func takesHash(name string, ts nixconf.Targets) bool {
	facts, ok := names.AnyFacts(name, ts)
	if !ok {
		return false
	}
	switch facts.Kind {
	case nixconf.KindString, nixconf.KindPath, nixconf.KindURL, nixconf.KindURLs, nixconf.KindMap, nixconf.KindJSON:
		return true
	case nixconf.KindList, nixconf.KindSet:
		return !facts.Names && facts.Name != "trusted-public-keys"
	}
	return false
}

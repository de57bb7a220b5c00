package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var lineContinuation = &rules.Rule{
	ID:       "nix/line-continuation",
	Summary:  "a value continues on the next line, which Nix reads as a line of its own and refuses",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: neither a backslash nor indentation joins lines",
		"NixOS/nix#6876, DeterminateSystems/nix-installer#1689",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			finding := nixtext.At(text, problem.Span, problem.Message)
			if edits, safety, ok := join(text, problem); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Join the line to the one above", safety, edits,
					fixers.Changes{fixers.Repair{}})}
			}
			p.Report(finding)
		}, nixconf.KindLineContinuation)
	}),
}

// join returns the edits that put a line at the end of the one above it, without the backslashes that were meant to do
// so. There are none where a comment is in between, or where the setting does not take a list.
// All lines of one value are joined with the same safety: one that is joined to a line that stays mends nothing.
func join(text *nixuse.Text, problem source.Problem) ([]fixers.Edit, fixers.Safety, bool) {
	n := slices.IndexFunc(text.Lines, func(l nixconf.Line) bool { return l.Span.Contains(problem.Span) })
	first, words := n, []nixconf.Word(nil)
	for first >= 0 {
		if _, ok := nixtext.ProblemOn(text, first, nixconf.KindLineContinuation); !ok {
			break
		}
		first--
	}
	i := slices.IndexFunc(text.Entries, func(e *nixconf.Entry) bool { return e.Line == first })
	if n <= 0 || i < 0 || !text.Lines[n-1].Comment.IsEmpty() {
		return nil, fixers.Manual, false
	}
	entry := text.Entries[i]
	if facts, ok := names.FactsFor(text.Targets, entry.Name.Text); !ok ||
		!slices.Contains([]nixconf.Kind{nixconf.KindList, nixconf.KindSet, nixconf.KindMap, nixconf.KindFeatures,
			nixconf.KindURLs}, facts.Kind) {
		return nil, fixers.Manual, false
	}
	last := first
	for ; last < len(text.Lines); last++ {
		if _, ok := nixtext.ProblemOn(text, last, nixconf.KindLineContinuation); !ok && last > first {
			break
		}
		of := text.Lines[last].Words
		if last == first {
			of = entry.Words
		}
		for _, w := range of {
			if w.Text == "=" {
				return nil, fixers.Manual, false // the assignment itself is split over several lines
			}
			if strings.ContainsAny(w.Text, "<'\"") {
				return nil, fixers.Manual, false // shell text
			}
			if w.Text = strings.TrimRight(w.Text, `\`); w.Text != "" {
				words = append(words, w)
			}
		}
	}
	keys := strings.HasSuffix(entry.Name.Text, "trusted-public-keys")
	urls := strings.HasSuffix(entry.Name.Text, "substituters")
	if slices.ContainsFunc(words, func(w nixconf.Word) bool {
		isURL := strings.Contains(w.Text, "://")
		return keys && isURL || (keys || urls) && !strings.Contains(w.Text, ":") && !strings.Contains(w.Text, "/")
	}) {
		return nil, fixers.Manual, false // a line of another setting is among them
	}
	if !refused.Accepted(text, entry.Name.Text, words) {
		return nil, fixers.Manual, false
	}
	above := text.Lines[n-1].Words
	end := above[len(above)-1]
	from := withoutBackslash(above, end)
	edits, ok := nixtext.Replace(text, source.Span{Start: from, End: text.Lines[n].Words[0].Span.Start}, " ")
	if !ok {
		return nil, fixers.Manual, false
	}
	if own := text.Lines[n].Words; n == last-1 && strings.HasSuffix(own[len(own)-1].Text, `\`) && len(own) > 1 {
		more, ok := nixtext.Replace(text,
			source.Span{Start: withoutBackslash(own, own[len(own)-1]), End: own[len(own)-1].Span.End}, "")
		if !ok {
			return nil, fixers.Manual, false
		}
		edits = append(edits, more...)
	}
	safety := fixers.Safe
	if fixnix.IsRight(nixuse.Canonical(entry.Name.Text)) {
		safety = fixers.Unsafe
	}
	return edits, safety, true
}

// withoutBackslash returns the end of a line before the backslash that ends it.
func withoutBackslash(words []nixconf.Word, end nixconf.Word) int {
	bare := strings.TrimRight(end.Text, `\`)
	if bare == "" && len(words) > 1 {
		return words[len(words)-2].Span.End
	}
	return end.Span.Start + len(bare)
}

// Package nixtext makes findings and fixes of nix.conf text, wherever it lies, and finds places in it.
package nixtext

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
)

// At returns a finding at a span of a nix.conf text.
func At(text *nixuse.Text, span source.Span, message string) rules.Finding {
	return rules.Finding{File: text.Fragment.File, Span: text.Fragment.Span(span), Message: message}
}

// Atf returns a finding at a span of a nix.conf text, with a formatted message.
func Atf(text *nixuse.Text, span source.Span, format string, args ...any) rules.Finding {
	return At(text, span, fmt.Sprintf(format, args...))
}

// Fix returns a fix of a nix.conf text. Where the text is a fragment of another file, around the fragment nothing
// changes. A fix that may give users or keys more rights is not safe, whatever the safety that it asks for.
func Fix(
	text *nixuse.Text, title string, safety fixers.Safety, edits []fixers.Edit, changes fixers.Changes,
) fixers.Fix {
	changes = changes.When(!text.Fragment.Whole(), fixers.Embedded{})
	if safety == fixers.Safe && givesRights(edits, changes) {
		safety = fixers.Unsafe
	}
	changes = changes.When(safety != fixers.Safe, fixnix.Rights{})
	return fixers.Fix{Title: title, Safety: safety, Edits: edits, Changes: changes}
}

// givesRights reports whether edits may add to a list of users, keys or caches that Nix trusts. Only fixes that declare
// to change such a list, that repair a line, or that make lines can. One that declares it for another line, which it
// does not edit, is taken to add.
func givesRights(edits []fixers.Edit, changes fixers.Changes) bool {
	fix := fixers.Fix{Changes: changes}
	declares := slices.ContainsFunc(slices.Concat(fixers.Declared[fixnix.Settings](fix)...), fixnix.IsRight)
	may := declares || fixers.Declares[fixers.Repair](fix) ||
		slices.ContainsFunc(edits, func(e fixers.Edit) bool { return strings.Contains(e.Text, "\n") })
	if !may {
		return false
	}
	mentioned := false
	for _, e := range edits {
		gives, mentions := fixnix.GivesRights(e)
		if gives {
			return true
		}
		mentioned = mentioned || mentions
	}
	return declares && !mentioned
}

// Replace returns the edit that replaces a span of the text. It reports false where the host of the text does not allow
// that.
func Replace(text *nixuse.Text, span source.Span, with string) ([]fixers.Edit, bool) {
	s, with, ok := text.Fragment.Edit(span, with)
	if !ok {
		return nil, false
	}
	return []fixers.Edit{{File: text.Fragment.File, Span: s, Text: with}}, true
}

// Known reports whether all of an entry is known.
func Known(text *nixuse.Text, entry *nixconf.Entry) bool {
	return text.Fragment.Known(entry.Span)
}

// Problems calls report for each problem of the text of one of the given kinds.
func Problems(text *nixuse.Text, report func(source.Problem), kinds ...string) {
	for _, problem := range text.Problems {
		for _, kind := range kinds {
			if problem.Kind == kind && !CommaBroken(text, problem) {
				report(problem)
			}
		}
	}
}

// CommaBroken reports whether a problem is part of a value that the devcontainer feature cut off at a comma.
func CommaBroken(text *nixuse.Text, problem source.Problem) bool {
	return text.Host == nixuse.HostFeature && problem.Kind == nixconf.KindSyntax &&
		bytes.IndexByte(text.Fragment.Text[:problem.Span.Start], '\n') >= 0
}

// Assigns reports whether an entry is known to assign its setting rather than append to it.
func Assigns(text *nixuse.Text, entry *nixconf.Entry, targets nixconf.Targets) bool {
	return !names.IsExtra(entry, targets) && text.Fragment.Known(entry.Name.Span)
}

// Located is an entry and the text that holds it.
type Located struct {
	Text  *nixuse.Text
	Entry *nixconf.Entry
}

// Line returns the line of the entry's name in the file, counted from 1.
func (l Located) Line() int {
	return l.Text.Fragment.File.LineOf(l.Text.Fragment.Span(l.Entry.Name.Span).Start)
}

// LineAt returns the line that holds an offset of the text.
func LineAt(f *nixconf.File, offset int) *nixconf.Line {
	n := sort.Search(len(f.Lines), func(n int) bool { return f.Lines[n].Span.End >= offset })
	if n == len(f.Lines) || f.Lines[n].Span.Start > offset {
		return nil
	}
	return &f.Lines[n]
}

// ValueSpan returns the span of a word of a value, given by its index, or of the whole value for -1. For an empty value
// it is that of the whole entry.
func ValueSpan(entry *nixconf.Entry, word int) source.Span {
	switch {
	case word >= 0 && word < len(entry.Words):
		return entry.Words[word].Span
	case entry.ValueSpan.IsEmpty():
		return entry.Span
	}
	return entry.ValueSpan
}

// ProblemOn returns the first problem of a kind on a line, counted from 0.
func ProblemOn(text *nixuse.Text, line int, kind string) (source.Problem, bool) {
	span := text.Lines[line].Span
	for _, problem := range text.Problems {
		if problem.Kind == kind && span.Contains(problem.Span) {
			return problem, true
		}
	}
	return source.Problem{}, false
}

// Package baseline holds the findings that a project has accepted, so that a run reports only new ones.
//
// A baseline is a text file with one entry a line, which "sandlint baseline write" makes:
//
//	# sandlint baseline 1
//	# paths: .
//	3f9a1c0d2e4b5a67 9b1c2d3e 1 dockerfile/latest-tag images/Dockerfile debian:latest
//
// An entry has a hash of the path and of the text in which something was found, a hash of the line where that text
// begins, the number of findings that it accepts, the rule, the path, and for people the beginning of the text. There
// are no line numbers, so an entry stays right when lines are added above it, or its own line moves. Entries are sorted
// by their hashes: those of one file lie far apart, so that two branches which add or remove entries of the same file
// seldom change neighbouring lines, which is where git sees a conflict.
//
// The text is what a finding marks, with each run of white space replaced by one space; of a text longer than 1 KiB it
// is the first line, so an edit inside a long block does not make its finding new. A finding is accepted by an
// entry with its path, its rule and its text. Of several findings with the same three, those whose line is that of an
// entry come first, and then the others in the order of the file.
package baseline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Name is the name of the file in the root of a repository where nothing else is said.
const Name = ".sandlint-baseline"

const (
	header      = "# sandlint baseline "
	version     = "1"
	pathsPrefix = "# paths:"

	// maxText is the length in bytes above which only the first line of a text counts.
	maxText = 1 << 10
	// maxExcerpt is how much of a text an entry shows, in code points.
	maxExcerpt = 60
	// maxProblems is how many problems of a file are reported.
	maxProblems = 20
)

// Entry is one line of a baseline.
type Entry struct {
	// Text is the hash of the path and the text of a finding, and Line that of the line where it begins.
	Text, Line string
	// Count is how many findings it accepts, at least 1.
	Count int
	// Rule is the id that the findings are shown with, and Path the file.
	Rule, Path string
	// Excerpt is the beginning of the text, for people.
	Excerpt string

	// Span is its line in the file, without the line end; empty for an entry that was not read.
	Span source.Span
	// count is where Count stands.
	count source.Span
}

// Baseline is the content of a file.
type Baseline struct {
	// Source is the file.
	Source *source.File
	// Paths are the files and folders that the baseline was written for, as they are spelt in entries; "." is all.
	Paths []string
	// Entries are in the order of the file.
	Entries []Entry
}

// Parse reads a file. Entries may be in any order, and twice: a merge may leave them so.
func Parse(f *source.File) (*Baseline, []source.Problem) {
	b := &Baseline{Source: f}
	var problems []source.Problem
	report := func(span source.Span, format string, args ...any) {
		if len(problems) < maxProblems {
			problems = append(problems, source.Problem{Span: span, Message: fmt.Sprintf(format, args...)})
		}
	}
	at, first := 0, true
	for line := range strings.Lines(string(f.Bytes)) {
		text := strings.TrimRight(line, "\r\n")
		span := source.Span{Start: at, End: at + len(text)}
		at += len(line)
		if first {
			first = false
			if !isHeader(text, span, report) {
				return b, problems
			}
			continue
		}
		b.line(text, span, report)
	}
	if first {
		report(source.Span{}, "the file is empty; \"sandlint baseline write\" makes a baseline")
	}
	return b, problems
}

// isHeader checks the first line.
func isHeader(text string, span source.Span, report func(source.Span, string, ...any)) bool {
	if isConflict(text) {
		report(span, "the line is a conflict marker of git; resolve the conflict, or write the baseline anew with "+
			"\"sandlint baseline write\"")
		return false
	}
	number, ok := strings.CutPrefix(text, header)
	switch {
	case !ok:
		span.End = min(span.End, span.Start+40)
		report(span, "the first line of a baseline is %q; this file is none, or damaged", header+version)
	case strings.TrimSpace(number) != version:
		report(span, "the baseline has the version %q, and this release of sandlint reads version %s; "+
			"\"sandlint baseline write\" makes it anew", strings.TrimSpace(number), version)
		ok = false
	}
	return ok
}

func isConflict(text string) bool {
	for _, marker := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
		if rest, ok := strings.CutPrefix(text, marker); ok && (rest == "" || rest[0] == ' ') {
			return true
		}
	}
	return false
}

// line reads a line after the first.
func (b *Baseline) line(text string, span source.Span, report func(source.Span, string, ...any)) {
	switch list, ok := strings.CutPrefix(text, pathsPrefix); {
	case ok:
		for list = strings.TrimLeft(list, " "); list != ""; list = strings.TrimLeft(list, " ") {
			var path string
			if path, list, ok = cutPath(list); !ok {
				report(span, "the paths of the baseline cannot be read; a path with a space or a quote is quoted")
				return
			}
			if !slices.Contains(b.Paths, path) {
				b.Paths = append(b.Paths, path)
			}
		}
		return
	case strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#"):
		return
	case isConflict(text):
		report(span, "the line is a conflict marker of git; resolve the conflict, or write the baseline anew with "+
			"\"sandlint baseline write\"")
		return
	}
	fields := strings.SplitN(text, " ", 5)
	if len(fields) < 5 || !isHash(fields[0], 16) || !isHash(fields[1], 8) || fields[3] == "" {
		span.End = min(span.End, span.Start+80)
		report(span, "the line is no entry of a baseline, which has two hashes, a number, a rule, a path and a text")
		return
	}
	e := Entry{Text: fields[0], Line: fields[1], Rule: fields[3], Span: span}
	e.count.Start = span.Start + len(fields[0]) + len(fields[1]) + 2
	e.count.End = e.count.Start + len(fields[2])
	count, err := strconv.Atoi(fields[2])
	if err != nil || count < 1 || count > 1_000_000 {
		report(e.count, "%q is not the number of findings that the entry accepts, 1 or more", fields[2])
		return
	}
	e.Count = count
	var ok bool
	if e.Path, e.Excerpt, ok = cutPath(fields[4]); !ok {
		report(span, "the path of the entry cannot be read; a path with a space or a quote is quoted")
		return
	}
	b.Entries = append(b.Entries, e)
}

// isHash reports whether a text is a hash of some hexadecimal digits.
func isHash(s string, digits int) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == digits
}

// cutPath reads a path at the beginning of a text, and returns what follows it after a space.
func cutPath(s string) (path, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		path, rest, _ = strings.Cut(s, " ")
		return path, rest, path != ""
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", false
	}
	if path, err = strconv.Unquote(quoted); err != nil {
		return "", "", false
	}
	return path, strings.TrimPrefix(s[len(quoted):], " "), true
}

// quotePath is the opposite of cutPath.
func quotePath(path string) string {
	if path == "" || strings.HasPrefix(path, `"`) || strings.ContainsFunc(path, func(r rune) bool {
		return r == ' ' || r == unicode.ReplacementChar || !unicode.IsPrint(r)
	}) {
		return strconv.Quote(path)
	}
	return path
}

// Format returns the text of a baseline for some paths. It sorts the entries, and joins those that are equal but for
// their counts.
func Format(paths []string, entries []Entry) []byte {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, compare)
	var out strings.Builder
	out.WriteString(header + version + "\n" + pathsPrefix)
	for _, path := range paths {
		out.WriteString(" " + quotePath(path))
	}
	out.WriteString("\n")
	for n := 0; n < len(entries); {
		e := entries[n]
		for n++; n < len(entries) && compare(e, entries[n]) == 0; n++ {
			e.Count += entries[n].Count
		}
		fmt.Fprintf(&out, "%s %s %d %s %s", e.Text, e.Line, e.Count, e.Rule, quotePath(e.Path))
		if e.Excerpt != "" {
			out.WriteString(" " + e.Excerpt)
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

func compare(a, b Entry) int {
	return cmp.Or(
		strings.Compare(a.Text, b.Text),
		strings.Compare(a.Line, b.Line),
		strings.Compare(a.Rule, b.Rule),
		strings.Compare(a.Path, b.Path),
	)
}

// EntryOf returns the entry for one finding in the file that a baseline calls path.
func EntryOf(f *rules.Finding, path string) Entry {
	text := textOf(f)
	return Entry{
		Text:    hash(path+"\x00"+text, 16),
		Line:    hash(lineOf(f), 8),
		Count:   1,
		Rule:    f.ID(),
		Path:    path,
		Excerpt: excerpt(text),
	}
}

// textOf returns the text of a finding.
func textOf(f *rules.Finding) string {
	span := f.Span
	if span.Len() <= maxText {
		return folded(f.File.Text(span))
	}
	span.End = span.Start + maxText
	text, _, _ := strings.Cut(strings.TrimSpace(f.File.Text(span)), "\n")
	return folded(text)
}

// lineOf returns the line where a finding begins; "" for one that is longer than a text, such as all of a JSON file,
// which says nothing about the place.
func lineOf(f *rules.Finding) string {
	line := f.File.Line(f.File.LineOf(f.Span.Start))
	if line.Len() > maxText {
		return ""
	}
	return folded(f.File.Text(line))
}

func folded(text string) string { return strings.Join(strings.Fields(text), " ") }

func hash(text string, digits int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:digits/2])
}

// excerpt returns the beginning of a text, without passwords and without characters that cannot be seen.
func excerpt(text string) string {
	visible := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, secret.Mask(text))
	if runes := []rune(visible); len(runes) > maxExcerpt {
		visible = strings.TrimRight(string(runes[:maxExcerpt]), " ") + "…"
	}
	return visible
}

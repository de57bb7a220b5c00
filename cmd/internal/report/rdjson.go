package report

import (
	"bytes"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// The diagnostics of reviewdog (its proto/rdf/reviewdog.proto). Columns count bytes.

type rdSource struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type rdDiagnostic struct {
	Message          string         `json:"message"`
	Location         rdLocation     `json:"location"`
	Severity         string         `json:"severity"`
	Source           *rdSource      `json:"source,omitempty"`
	Code             *rdCode        `json:"code,omitempty"`
	Suggestions      []rdSuggestion `json:"suggestions,omitempty"`
	OriginalOutput   string         `json:"originalOutput,omitempty"`
	RelatedLocations []rdRelated    `json:"relatedLocations,omitempty"`
}

type rdLocation struct {
	Path  string   `json:"path"`
	Range *rdRange `json:"range,omitempty"`
}

type rdRange struct {
	Start rdPosition `json:"start"`
	End   rdPosition `json:"end"`
}

type rdPosition struct {
	Line   int `json:"line"`
	Column int `json:"column,omitempty"`
}

type rdCode struct {
	Value string `json:"value"`
	URL   string `json:"url,omitempty"`
}

type rdSuggestion struct {
	Range rdRange `json:"range"`
	Text  string  `json:"text"`
}

type rdRelated struct {
	Message  string     `json:"message"`
	Location rdLocation `json:"location"`
}

// writeRDJSON prints one object with all diagnostics.
func writeRDJSON(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	w.put(`{"source": `, projectSource())
	w.WriteString(",\n \"diagnostics\": [")
	before := "\n  "
	for d := range diagnostics(r) {
		w.put(before, d)
		before = ",\n  "
	}
	w.WriteString("]}\n")
	return w.end()
}

// writeRDJSONLines prints a diagnostic on each line.
func writeRDJSONLines(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	source := projectSource()
	for d := range diagnostics(r) {
		d.Source = &source
		w.put("", d)
		w.WriteByte('\n')
	}
	return w.end()
}

func projectSource() rdSource {
	return rdSource{Name: "sandlint", URL: "https://github.com/sandlint/sandlint"}
}

// diagnostics yields what could not be read, and the findings.
func diagnostics(r *Report) func(yield func(rdDiagnostic) bool) {
	pages := newPages(r.Result)
	return func(yield func(rdDiagnostic) bool) {
		for _, t := range troubles(r.Result) {
			if !yield(rdDiagnostic{Message: shown(t.Err.Error()), Location: rdLocation{Path: t.Path},
				Severity: "ERROR", OriginalOutput: troubleLine(t)}) {
				return
			}
		}
		for _, f := range reported(r.Result) {
			d := rdDiagnostic{
				Message:        shown(f.Message),
				Location:       rdLocationOf(f.File, f.Span),
				Severity:       rdSeverity(f.Severity),
				Code:           &rdCode{Value: f.ID(), URL: pages.of(f.Rule)},
				OriginalOutput: compactLine(f),
			}
			for _, rel := range f.Related {
				d.RelatedLocations = append(d.RelatedLocations,
					rdRelated{shown(rel.Message), rdLocationOf(rel.File, rel.Span)})
			}
			for _, fix := range f.Fixes {
				if s, ok := suggestion(f, fix); ok && fix.Safety == fixers.Safe {
					d.Suggestions = []rdSuggestion{s} // reviewdog shows each as an alternative of its own
					break
				}
			}
			if !yield(d) {
				return
			}
		}
	}
}

func rdSeverity(s rules.Severity) string {
	switch s {
	case rules.Error:
		return "ERROR"
	case rules.Warning:
		return "WARNING"
	}
	return "INFO"
}

func rdLocationOf(f *source.File, span source.Span) rdLocation {
	span = trimNewlines(f, span)
	start, end := f.Position(span.Start), f.Position(span.End)
	return rdLocation{Path: f.Path, Range: &rdRange{
		Start: rdPosition{start.Line, start.Byte}, End: rdPosition{end.Line, end.Byte}}}
}

// suggestion returns a fix as the replacement of whole lines, without columns, which is what review comments can hold.
// It reports false for a fix in another file, one with long or far lines, and text that cannot be shown: not UTF-8, a
// password, or a single empty line, which would read as a deletion.
func suggestion(f *rules.Finding, fix fixers.Fix) (rdSuggestion, bool) {
	if len(fix.Edits) == 0 {
		return rdSuggestion{}, false
	}
	edits := slices.Clone(fix.Edits)
	slices.SortStableFunc(edits, func(a, b fixers.Edit) int { return a.Span.Start - b.Span.Start })
	size, end := 0, 0
	for _, e := range edits {
		if e.File != f.File || e.Span.Start < end || e.Span.End > len(f.File.Bytes) {
			return rdSuggestion{}, false
		}
		end = e.Span.End
		size += len(e.Text)
	}
	first, last := f.File.LineOf(edits[0].Span.Start), f.File.LineOf(end)
	if first > f.File.Lines() && first > 1 { // after the last line end
		first--
	}
	if size += f.File.FullLine(last).End - f.File.FullLine(first).Start; size > changedBytes {
		return rdSuggestion{}, false
	}
	h := newHunk(f.File, first, last, edits)
	if len(h.before) == 0 { // lines come in: together with the line before or after them
		anchor := h.line
		if h.line > f.File.Lines() && h.line > 1 {
			anchor--
		}
		line := f.File.FullLine(anchor)
		text := f.File.Bytes[line.Start:line.End]
		h.before = [][]byte{text}
		if anchor < h.line {
			h.after = append([][]byte{text}, h.after...)
		} else {
			h.after = append(h.after, text)
		}
		h.line = anchor
	}
	text := bytes.Join(h.after, nil)
	if !utf8.Valid(text) || secret.Holds(text) || secret.Holds(bytes.Join(h.before, nil)) {
		return rdSuggestion{}, false
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 && len(h.after) > 0 {
		return rdSuggestion{}, false
	}
	last = h.line + len(h.before) - 1
	return rdSuggestion{rdRange{rdPosition{Line: h.line}, rdPosition{Line: last}}, string(text)}, true
}

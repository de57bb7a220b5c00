package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// jsonVersion changes when a field of the JSON changes its meaning. docs/schema/findings.schema.json describes this
// version.
const jsonVersion = 1

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type jsonFinding struct {
	Rule        string           `json:"rule"`
	Aliases     []string         `json:"aliases"`
	Severity    string           `json:"severity"`
	Message     string           `json:"message"`
	Help        string           `json:"help"`
	Path        string           `json:"path"`
	Range       jsonRange        `json:"range"`
	Related     []jsonRelated    `json:"related"`
	Fixes       []jsonFix        `json:"fixes"`
	Fingerprint string           `json:"fingerprint"`
	Suppressed  *jsonSuppression `json:"suppressed"`
	Baseline    string           `json:"baseline,omitempty"`
}

type jsonRange struct {
	Start jsonPosition `json:"start"`
	End   jsonPosition `json:"end"`
}

type jsonPosition struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Offset int `json:"offset"`
}

type jsonRelated struct {
	Path    string    `json:"path"`
	Range   jsonRange `json:"range"`
	Message string    `json:"message"`
}

type jsonFix struct {
	Title  string     `json:"title"`
	Safety string     `json:"safety"`
	Edits  []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	Path  string `json:"path"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

type jsonSuppression struct {
	Kind   string     `json:"kind"`
	Reason string     `json:"reason"`
	Path   string     `json:"path,omitempty"`
	Range  *jsonRange `json:"range,omitempty"`
}

type jsonFiles struct {
	Checked int           `json:"checked"`
	Skipped []jsonSkipped `json:"skipped"`
	// Incomplete are files of which a part was not checked.
	Incomplete []jsonSkipped `json:"incomplete,omitempty"`
}

// jsonConfiguration is what the configuration of the repository keeps from being reported.
type jsonConfiguration struct {
	RulesOff int `json:"rules_off"`
	Excluded int `json:"excluded"`
}

type jsonSkipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

type jsonError struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// jsonWriter prints values of JSON, and remembers the first errors.
type jsonWriter struct {
	*bufio.Writer
	buf bytes.Buffer
	enc *json.Encoder
	err error
}

func newJSONWriter(out io.Writer) *jsonWriter {
	w := &jsonWriter{Writer: bufio.NewWriter(out)}
	w.enc = json.NewEncoder(&w.buf)
	w.enc.SetEscapeHTML(false)
	return w
}

// put prints a text as it is, and then a value.
func (w *jsonWriter) put(before string, v any) {
	w.buf.Reset()
	w.err = errors.Join(w.err, w.enc.Encode(v))
	w.WriteString(before)
	w.Write(NoCommandInJSON(bytes.TrimSuffix(w.buf.Bytes(), []byte("\n"))))
}

func (w *jsonWriter) end() error { return errors.Join(w.err, w.Flush()) }

// WriteJSON prints a report as the format json does: one object, with each finding on a line of its own.
func WriteJSON(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	fmt.Fprintf(w, "{\"version\": %d,\n", jsonVersion)
	w.put(` "tool": `, jsonTool{Name: "sandlint", Version: r.Version})
	w.WriteString(",\n \"findings\": [")
	all := merged(r.Result)
	prints := rules.Fingerprints(r.tree(), all, r.Dir)
	for i, f := range all {
		before := "\n  "
		if i > 0 {
			before = ",\n  "
		}
		w.put(before, newJSONFinding(f, prints[i], r.Result.Help(f.Rule)))
	}
	w.WriteByte(']')
	w.rest(r, ",\n ")
	w.WriteString("}\n")
	return w.end()
}

// WriteRecord prints the object of the format json on one line, with more fields behind, each a name with a value.
func WriteRecord(out io.Writer, r *Report, more ...Field) error {
	w := newJSONWriter(out)
	fmt.Fprintf(w, `{"version":%d`, jsonVersion)
	w.put(`,"tool":`, jsonTool{Name: "sandlint", Version: r.Version})
	w.WriteString(`,"findings":[`)
	all := merged(r.Result)
	prints := rules.Fingerprints(r.tree(), all, r.Dir)
	for i, f := range all {
		before := ""
		if i > 0 {
			before = ","
		}
		w.put(before, newJSONFinding(f, prints[i], r.Result.Help(f.Rule)))
	}
	w.WriteByte(']')
	w.rest(r, ",")
	for _, f := range more {
		w.put(",", f.Name)
		w.put(":", f.Value)
	}
	w.WriteString("}")
	return w.end()
}

// Field is a field of a JSON object.
type Field struct {
	Name  string
	Value any
}

// rest prints what follows the findings, each part after a separator; only the separator "," is without blanks.
func (w *jsonWriter) rest(r *Report, separator string) {
	space := " "
	if separator == "," {
		space = ""
	}
	files := jsonFiles{Checked: r.Result.Checked, Skipped: []jsonSkipped{}}
	for _, s := range r.Result.Skipped {
		files.Skipped = append(files.Skipped, jsonSkipped{Path: s.Path, Reason: s.Reason})
	}
	for _, s := range r.Result.Incomplete {
		files.Incomplete = append(files.Incomplete, jsonSkipped{Path: s.Path, Reason: s.Reason})
	}
	unreadable := []jsonError{}
	for _, e := range troubles(r.Result) {
		unreadable = append(unreadable, jsonError{Path: e.Path, Message: e.Err.Error()})
	}
	w.put(separator+`"files":`+space, files)
	w.put(separator+`"configuration":`+space,
		jsonConfiguration{RulesOff: r.Result.Off, Excluded: excludedPaths(r.Result)})
	w.put(separator+`"errors":`+space, unreadable)
}

// writeJSONLines prints each finding as JSON on a line of its own, and then a line about the run.
func writeJSONLines(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	all := merged(r.Result)
	prints := rules.Fingerprints(r.tree(), all, r.Dir)
	for i, f := range all {
		w.put("", newJSONFinding(f, prints[i], r.Result.Help(f.Rule)))
		w.WriteByte('\n')
	}
	fmt.Fprintf(w, `{"version": %d`, jsonVersion)
	w.put(`, "tool": `, jsonTool{Name: "sandlint", Version: r.Version})
	c := Count(r.Result.Findings)
	count := jsonCount{Findings: c.Findings, Safe: c.Safe, Unsafe: c.Unsafe, Suppressed: len(r.Result.Suppressed)}
	for severity, to := range map[rules.Severity]*int{
		rules.Error: &count.Errors, rules.Warning: &count.Warnings, rules.Info: &count.Infos,
		rules.Style: &count.Styles,
	} {
		*to = c.BySeverity[severity]
	}
	w.put(`, "count": `, count)
	w.rest(r, ", ")
	w.WriteString("}\n")
	return w.end()
}

// jsonCount is how many findings a run has; suppressed ones count only there.
type jsonCount struct {
	Findings   int `json:"findings"`
	Errors     int `json:"error"`
	Warnings   int `json:"warning"`
	Infos      int `json:"info"`
	Styles     int `json:"style"`
	Safe       int `json:"safe"`
	Unsafe     int `json:"unsafe"`
	Suppressed int `json:"suppressed"`
}

// jsonStatistic is one rule that found something.
type jsonStatistic struct {
	Rule     string   `json:"rule"`
	Aliases  []string `json:"aliases"`
	Summary  string   `json:"summary"`
	Help     string   `json:"help"`
	Severity string   `json:"severity"`
	Findings int      `json:"findings"`
	Safe     int      `json:"safe"`
	Unsafe   int      `json:"unsafe"`
	Files    int      `json:"files"`
}

// writeJSONStatistics prints one object, with each rule that found something on a line of its own.
func writeJSONStatistics(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	fmt.Fprintf(w, "{\"version\": %d,\n", jsonVersion)
	w.put(` "tool": `, jsonTool{Name: "sandlint", Version: r.Version})
	w.WriteString(",\n \"statistics\": [")
	for i, s := range statistics(r) {
		before := "\n  "
		if i > 0 {
			before = ",\n  "
		}
		w.put(before, jsonStatistic{Rule: s.id, Aliases: append([]string{}, s.rule.Aliases...), Summary: s.rule.Summary,
			Help: r.Result.Help(s.rule), Severity: s.severity.String(), Findings: s.findings, Safe: s.safe,
			Unsafe: s.unsafe, Files: len(s.files)})
	}
	w.WriteByte(']')
	w.rest(r, ",\n ")
	w.WriteString("}\n")
	return w.end()
}

func newJSONFinding(f *rules.Finding, fingerprint, help string) jsonFinding {
	out := jsonFinding{
		Rule:        f.ID(),
		Aliases:     f.Aliases(),
		Severity:    f.Severity.String(),
		Message:     secret.Mask(f.Message),
		Help:        help,
		Path:        f.File.Path,
		Range:       newJSONRange(f.File, f.Span),
		Related:     []jsonRelated{},
		Fixes:       []jsonFix{},
		Fingerprint: fingerprint,
		Baseline:    string(f.Baseline),
	}
	for _, rel := range f.Related {
		out.Related = append(out.Related, jsonRelated{
			Path: rel.File.Path, Range: newJSONRange(rel.File, rel.Span), Message: secret.Mask(rel.Message)})
	}
	for _, fix := range f.Fixes {
		if jf, ok := newJSONFix(fix); ok {
			out.Fixes = append(out.Fixes, jf)
		}
	}
	if s := f.Suppressed; s != nil {
		out.Suppressed = &jsonSuppression{Kind: s.Kind, Reason: secret.Mask(s.Reason)}
		if s.File != nil {
			rng := newJSONRange(s.File, s.Span)
			out.Suppressed.Path, out.Suppressed.Range = s.File.Path, &rng
		}
	}
	return out
}

func newJSONRange(f *source.File, span source.Span) jsonRange {
	start, end := f.Position(span.Start), f.Position(span.End)
	return jsonRange{
		Start: jsonPosition{Line: start.Line, Column: start.Column, Offset: start.Offset},
		End:   jsonPosition{Line: end.Line, Column: end.Column, Offset: end.Offset},
	}
}

// newJSONFix reports false for a fix whose text is not valid UTF-8: JSON cannot carry it, and a program that applied
// what it received would break the file. So it does where the text holds a password, which no output shows.
func newJSONFix(fix fixers.Fix) (jsonFix, bool) {
	out := jsonFix{Title: secret.Mask(fix.Title), Safety: fix.Safety.String(), Edits: []jsonEdit{}}
	for _, e := range fix.Edits {
		if !utf8.ValidString(e.Text) || secret.Holds([]byte(e.Text)) {
			return jsonFix{}, false
		}
		out.Edits = append(out.Edits, jsonEdit{Path: e.File.Path, Start: e.Span.Start, End: e.Span.End, Text: e.Text})
	}
	return out, true
}

// merged returns the findings and the suppressed ones together, in the order of rules.Result.
func merged(res *rules.Result) []*rules.Finding {
	a, b := res.Findings, res.Suppressed
	out := make([]*rules.Finding, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && rules.CompareFindings(&b[0], &a[0]) >= 0 {
			out = append(out, &a[0])
			a = a[1:]
		} else {
			out = append(out, &b[0])
			b = b[1:]
		}
	}
	return out
}

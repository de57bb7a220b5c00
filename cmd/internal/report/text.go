package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// style is a terminal escape sequence.
type style string

const (
	bold       style = "\x1b[1m"
	boldRed    style = "\x1b[1;31m"
	boldYellow style = "\x1b[1;33m"
	boldBlue   style = "\x1b[1;34m"
	boldCyan   style = "\x1b[1;36m"
	boldGreen  style = "\x1b[1;32m"
)

func severityStyle(s rules.Severity) style {
	switch s {
	case rules.Error:
		return boldRed
	case rules.Warning:
		return boldYellow
	}
	return boldCyan
}

// textWriter prints blocks: a headline, the position with its source line, and notes.
type textWriter struct {
	*bufio.Writer
	color    bool
	snippets snippets
}

func newTextWriter(w io.Writer, color bool) *textWriter {
	return &textWriter{Writer: bufio.NewWriter(w), color: color}
}

func (w *textWriter) paint(st style, s string) string {
	if !w.color || s == "" {
		return s
	}
	return string(st) + s + "\x1b[0m"
}

// block is one finding or problem.
type block struct {
	severity rules.Severity
	label    string // the rule id, or ""
	message  string
	file     *source.File
	span     source.Span
	related  []rules.Related
	notes    []string
}

func (w *textWriter) block(b block) {
	head := b.severity.String()
	if b.label != "" {
		head += "[" + b.label + "]"
	}
	fmt.Fprintf(w, "%s%s\n", w.paint(severityStyle(b.severity), head),
		w.paint(bold, ": "+shown(b.message)))

	lines := w.snippets.of(b.file, b.span, "^")
	related := make([][]snippetLine, len(b.related))
	highest := 0
	for i, r := range b.related {
		related[i] = w.snippets.of(r.File, r.Span, "-")
		highest = max(highest, related[i][len(related[i])-1].number)
	}
	digits := len(strconv.Itoa(max(highest, lines[len(lines)-1].number)))

	w.place("-->", b.file, b.file.Position(b.span.Start), digits)
	w.lines(lines, digits, severityStyle(b.severity))
	if len(b.related)+len(b.notes) > 0 {
		fmt.Fprintf(w, "%s %s\n", gutter(0, digits), w.paint(boldBlue, "|"))
	}
	for i, r := range b.related {
		fmt.Fprintf(w, "%s %s note: %s\n", gutter(0, digits), w.paint(boldBlue, "="), shown(r.Message))
		w.place("-->", r.File, r.File.Position(r.Span.Start), digits)
		w.lines(related[i], digits, boldBlue)
	}
	for _, n := range b.notes {
		fmt.Fprintf(w, "%s %s %s\n", gutter(0, digits), w.paint(boldBlue, "="), n)
	}
}

func (w *textWriter) place(arrow string, f *source.File, p source.Position, digits int) {
	fmt.Fprintf(w, "%s%s %s:%d:%d\n", gutter(0, digits), w.paint(boldBlue, arrow), Visible(f.Path), p.Line, p.Column)
}

func (w *textWriter) lines(lines []snippetLine, digits int, st style) {
	bar := w.paint(boldBlue, "|")
	fmt.Fprintf(w, "%s %s\n", gutter(0, digits), bar)
	for _, l := range lines {
		switch {
		case l.number == 0:
			fmt.Fprintf(w, "%s\n", w.paint(boldBlue, "..."))
			continue
		case l.text == "":
			fmt.Fprintf(w, "%s %s\n", w.paint(boldBlue, gutter(l.number, digits)), bar)
		default:
			fmt.Fprintf(w, "%s %s %s\n", w.paint(boldBlue, gutter(l.number, digits)), bar, l.text)
		}
		if l.marks != "" {
			lead := l.marks[:len(l.marks)-len(strings.TrimLeft(l.marks, " \t"))]
			fmt.Fprintf(w, "%s %s %s%s\n", gutter(0, digits), bar, lead, w.paint(st, l.marks[len(lead):]))
		}
	}
}

// shown returns a message as it is printed.
func shown(s string) string { return secret.Mask(Visible(stripANSI(s))) }

// fixNote returns the line that describes a fix.
func (w *textWriter) fixNote(f fixers.Fix) string {
	title := shown(f.Title)
	switch f.Safety {
	case fixers.Safe:
		return w.paint(boldGreen, "fix") + ": " + title + " (safe; fixable with `sandlint fix`)"
	case fixers.Unsafe:
		return w.paint(boldGreen, "fix") + ": " + title + " (unsafe; fixable with `sandlint fix --unsafe`)"
	}
	return w.paint(boldGreen, "advice") + ": " + title
}

func writeText(out io.Writer, r *Report) error {
	w := newTextWriter(out, r.Color)
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		b := block{severity: f.Severity, label: label(f), message: f.Message, file: f.File, span: f.Span,
			related: f.Related}
		for _, fix := range f.Fixes {
			b.notes = append(b.notes, w.fixNote(fix))
		}
		w.block(b)
		w.WriteByte('\n')
	}
	if !r.Quiet {
		fmt.Fprintln(w, Summary(r.Result))
	}
	return w.Flush()
}

// label returns the id of a finding's rule and its aliases, but for one that the id has after its pack.
func label(f *rules.Finding) string {
	id := f.ID()
	aliases := slices.DeleteFunc(f.Aliases(), func(alias string) bool { return strings.HasSuffix(id, "/"+alias) })
	return strings.Join(append([]string{id}, aliases...), ", ")
}

// WriteProblems prints problems that do not come from a rule, such as those of a configuration file, in the text
// format.
func WriteProblems(
	out io.Writer, f *source.File, problems []source.Problem, severity rules.Severity, color bool,
) error {
	w := newTextWriter(out, color)
	sorted := slices.Clone(problems)
	slices.SortStableFunc(sorted, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
	for i, p := range sorted {
		if i > 0 {
			w.WriteByte('\n')
		}
		w.block(block{severity: severity, message: p.Message, file: f, span: p.Span})
	}
	return w.Flush()
}

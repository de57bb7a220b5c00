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
	red        style = "\x1b[31m"
	green      style = "\x1b[32m"
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
	links    bool
	width    int // of the terminal, 0 where it is unknown
	snippets snippets
}

func newTextWriter(w io.Writer, r *Report) *textWriter {
	return &textWriter{Writer: bufio.NewWriter(w), color: r.Color, links: r.Links, width: r.Width,
		snippets: newSnippets(r.Width)}
}

func (w *textWriter) paint(st style, s string) string {
	if !w.color || s == "" || st == "" {
		return s
	}
	return string(st) + s + "\x1b[0m"
}

// paragraph prints text after lead, which takes as many columns, wrapped and with the further lines indented. Each line
// is painted for itself.
func (w *textWriter) paragraph(lead string, columns int, text string, indent int, st style) {
	for n, line := range wrap(text, w.width, columns, indent) {
		switch {
		case n > 0:
			lead = strings.Repeat(" ", indent)
		case line == "":
			lead = strings.TrimRight(lead, " ")
		}
		fmt.Fprintf(w, "%s%s\n", lead, w.paint(st, line))
	}
}

// block is one finding or problem.
type block struct {
	severity rules.Severity
	label    string // the rule id, or ""
	page     string // the address of the rule's page, or ""
	message  string
	file     *source.File
	span     source.Span
	related  []rules.Related
	fixes    []fixers.Fix
}

func (w *textWriter) block(b block) {
	head := b.severity.String()
	if b.label != "" {
		head += "[" + b.label + "]"
	}
	heads := wrap(head, w.width-1, 0, 2)
	indent, lead := 0, ""
	for n, part := range heads {
		painted := w.paint(severityStyle(b.severity), part)
		if w.links && b.page != "" {
			painted = hyperlink(b.page, painted)
		}
		lead = strings.Repeat(" ", indent) + painted
		if n < len(heads)-1 {
			fmt.Fprintln(w, lead)
			indent = 2
		}
	}
	columns := indent + textColumns(heads[len(heads)-1]) + 2
	w.paragraph(lead+w.paint(bold, ":")+" ", columns, shown(b.message), 2, bold)

	lines := w.snippets.of(b.file, b.span, "^")
	related := make([][]snippetLine, len(b.related))
	highest := lines[len(lines)-1].number
	for i, r := range b.related {
		related[i] = w.snippets.of(r.File, r.Span, "-")
		highest = max(highest, related[i][len(related[i])-1].number)
	}
	changes := make([][]changedLine, len(b.fixes))
	notes := make([]string, len(b.fixes))
	for i, f := range b.fixes {
		changes[i], notes[i] = w.snippets.changed(f)
		for _, c := range changes[i] {
			highest = max(highest, c.number)
		}
	}
	digits := len(strconv.Itoa(highest))

	w.place("-->", b.file, b.file.Position(b.span.Start), digits)
	w.lines(lines, digits, severityStyle(b.severity))
	if len(b.related)+len(b.fixes) > 0 {
		fmt.Fprintf(w, "%s %s\n", gutter(0, digits), w.paint(boldBlue, "|"))
	}
	for i, r := range b.related {
		w.note("note", "", shown(r.Message), digits)
		w.place("-->", r.File, r.File.Position(r.Span.Start), digits)
		w.lines(related[i], digits, boldBlue)
	}
	for i, f := range b.fixes {
		name, text := fixNote(f)
		w.note(name, boldGreen, text, digits)
		w.changes(changes[i], b.file, digits)
		if notes[i] != "" {
			fmt.Fprintf(w, "%s   %s\n", gutter(0, digits), notes[i])
		}
	}
}

// note prints a line of the form "= name: text".
func (w *textWriter) note(name string, st style, text string, digits int) {
	lead := fmt.Sprintf("%s %s %s: ", gutter(0, digits), w.paint(boldBlue, "="), w.paint(st, name))
	w.paragraph(lead, digits+3+len(name)+2, text, digits+3, "")
}

// changes prints the lines that a fix removes and adds, and the names of files other than f.
func (w *textWriter) changes(lines []changedLine, f *source.File, digits int) {
	for _, l := range lines {
		if l.file != f {
			f = l.file
			fmt.Fprintf(w, "%s%s %s\n", gutter(0, digits), w.paint(boldBlue, "-->"), Visible(f.Path))
		}
		st := green
		if l.sign == '-' {
			st = red
		}
		fmt.Fprintf(w, "%s %s\n", w.paint(boldBlue, gutter(l.number, digits)),
			w.paint(st, strings.TrimRight(string(l.sign)+" "+l.text, " ")))
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

// fixNote returns the line that describes a fix, as a name and a text.
func fixNote(f fixers.Fix) (name, text string) {
	title := shown(f.Title)
	switch {
	case f.Applies(false):
		return "fix", title + " (" + f.Safety.String() + "; fixable with `sandlint fix`)"
	case f.Applies(true):
		return "fix", title + " (unsafe; fixable with `sandlint fix --unsafe`)"
	}
	return "advice", title
}

// troubles prints what was not looked at or not written, where nobody else does.
func (w *textWriter) troubles(r *Report) {
	list := troubles(r.Result)
	if !r.Alone || len(list) == 0 {
		return
	}
	for _, t := range list {
		w.paragraph(w.paint(boldRed, "error")+": ", len("error: "), shown(t.Path+": "+t.Err.Error()), 2, "")
	}
	w.WriteByte('\n')
}

func writeText(out io.Writer, r *Report) error {
	w := newTextWriter(out, r)
	pages := newPages(r.Result)
	w.troubles(r)
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		w.block(block{severity: f.Severity, label: label(f), page: pages.of(f.Rule), message: f.Message, file: f.File,
			span: f.Span, related: f.Related, fixes: f.Fixes})
		w.WriteByte('\n')
	}
	if !r.Quiet {
		w.paragraph("", 0, Summary(r.Result), 0, "")
		if worst := worst(r.Result.Findings); worst != nil && !r.Links {
			w.paragraph("", 0, fmt.Sprintf("run \"sandlint rule %s\" for what that rule reports, and why",
				shown(worst.ID())), 0, "")
		}
	}
	return w.Flush()
}

// worst returns the first of the most severe findings, nil where there is none.
func worst(findings []rules.Finding) *rules.Finding {
	var out *rules.Finding
	for i := range findings {
		if f := &findings[i]; out == nil || f.Severity > out.Severity {
			out = f
		}
	}
	return out
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
	w := newTextWriter(out, &Report{Color: color})
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

package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// writeCompact prints a line for each file that could not be read and for each finding, as compilers do:
// "nix.conf:2:1: warning: message [nix/unknown-setting]".
func writeCompact(out io.Writer, r *Report) error {
	w := bufio.NewWriter(out)
	for _, t := range troubles(r.Result) {
		fmt.Fprintln(w, troubleLine(t))
	}
	for i := range r.Result.Findings {
		fmt.Fprintln(w, compactLine(&r.Result.Findings[i]))
	}
	if !r.Quiet {
		fmt.Fprintln(w, Summary(r.Result))
	}
	return w.Flush()
}

// compactLine returns a finding as a line, without a line end.
func compactLine(f *rules.Finding) string {
	at := f.File.Position(f.Span.Start)
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s]", Visible(f.File.Path), at.Line, at.Column, f.Severity, shown(f.Message),
		shown(f.ID()))
}

// troubleLine returns what went wrong with a file as a line, without a line end.
func troubleLine(t workspace.FileError) string {
	return fmt.Sprintf("%s: error: %s", Visible(t.Path), shown(t.Err.Error()))
}

// statistic is how often one rule found something.
type statistic struct {
	rule     *rules.Rule
	id       string
	severity rules.Severity // the highest of its findings
	findings int
	safe     int // findings with a safe fix
	unsafe   int // other findings with an unsafe fix
	files    map[string]bool
	page     string
}

// statistics counts the findings of each rule; the rule that found the most is first.
func statistics(r *Report) []*statistic {
	pages := newPages(r.Result)
	byID := map[string]*statistic{}
	var out []*statistic
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		s := byID[f.ID()]
		if s == nil {
			s = &statistic{rule: f.Rule, id: f.ID(), files: map[string]bool{}, page: pages.of(f.Rule)}
			byID[f.ID()] = s
			out = append(out, s)
		}
		s.findings++
		s.severity = max(s.severity, f.Severity)
		s.files[f.File.Path] = true
		switch bestSafety(f.Fixes) {
		case fixers.Safe:
			s.safe++
		case fixers.Unsafe:
			s.unsafe++
		}
	}
	slices.SortFunc(out, func(a, b *statistic) int {
		if a.findings != b.findings {
			return b.findings - a.findings
		}
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return out
}

// writeStatistics prints a table of the rules that found something.
func writeStatistics(out io.Writer, r *Report) error {
	w := newTextWriter(out, r)
	w.troubles(r)
	list := statistics(r)
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	rows := [][]string{{"findings", "safe", "unsafe", "files", "severity", "rule"}}
	for _, s := range list {
		rows = append(rows, []string{number(s.findings), number(s.safe), number(s.unsafe), number(len(s.files)),
			s.severity.String(), shown(s.id)})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for n, cell := range row {
			widths[n] = max(widths[n], textColumns(cell))
		}
	}
	for n, row := range rows {
		if len(list) == 0 {
			break
		}
		for column := range 4 {
			fmt.Fprintf(w, "%*s  ", widths[column], row[column])
		}
		severity, id := fmt.Sprintf("%-*s", widths[4], row[4]), row[5]
		if n > 0 {
			severity = w.paint(severityStyle(list[n-1].severity), severity)
			if page := list[n-1].page; w.links && page != "" {
				id = hyperlink(page, id)
			}
		}
		fmt.Fprintf(w, "%s  %s\n", severity, id)
	}
	if !r.Quiet {
		if len(list) > 0 {
			w.WriteByte('\n')
		}
		w.paragraph("", 0, Summary(r.Result), 0, "")
	}
	return w.Flush()
}

package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/rules"
)

const (
	// annotationsPerType is how many annotations of one type the runner keeps for a step (_maxCountPerIssueType in
	// actions/runner).
	annotationsPerType = 10
	// annotationLength is how many UTF-16 units of a message the runner keeps (_maxIssueMessageLength).
	annotationLength = 4096
	// stepSummarySize is how many bytes GitHub accepts as the summary of a step.
	stepSummarySize = 1 << 20
)

// annotation is one workflow command.
type annotation struct {
	command        string // error, warning or notice
	file           string
	line, endLine  int // 0 for an annotation of a whole file
	col, endColumn int // 0 when line and endLine differ
	title, message string
	page           string // the address of the rule's page, or ""
	logPrefix      string // what the log shows before the message
}

// writeGitHub prints a line for each finding for people who read the log, then the annotations: errors first and at
// most ten of each type, because the runner silently drops the rest. The job summary lists all findings in a table.
func writeGitHub(out io.Writer, r *Report) error {
	w := bufio.NewWriter(out)
	all := annotations(r)
	for _, a := range all {
		fmt.Fprintf(w, "%s [%s]\n", logLine(a.logPrefix+a.message), a.title)
	}
	rank := func(a annotation) int { return slices.Index([]string{"error", "warning", "notice"}, a.command) }
	slices.SortStableFunc(all, func(a, b annotation) int { return rank(a) - rank(b) })
	kept := keep(all)
	for _, a := range kept {
		w.WriteString(a.String())
		w.WriteByte('\n')
	}
	if n := len(all) - len(kept); n > 0 {
		w.WriteString(annotation{command: "notice", title: "sandlint",
			message: fmt.Sprintf("… and %d more; see the log of this step", n)}.String())
		w.WriteByte('\n')
	}
	if !r.Quiet {
		fmt.Fprintln(w, Summary(r.Result))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if path := r.getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if err := appendStepSummary(path, r); err != nil {
			return SummaryError{files.Cause(err)}
		}
	}
	return nil
}

// SummaryError says that the summary of the job could not be written; everything else was.
type SummaryError struct{ err error }

func (e SummaryError) Error() string { return fmt.Sprintf("writing the job summary: %v", e.err) }

func (e SummaryError) Unwrap() error { return e.err }

// annotations returns one annotation for each file that could not be read and for each finding, in order.
func annotations(r *Report) []annotation {
	pages := newPages(r.Result)
	var out []annotation
	for _, e := range troubles(r.Result) {
		out = append(out, annotation{
			command:   "error",
			file:      repositoryPath(r, e.Path),
			title:     "sandlint",
			message:   e.Err.Error(),
			logPrefix: e.Path + ": error: ",
		})
	}
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		span := trimNewlines(f.File, f.Span)
		start, end := f.File.Position(span.Start), f.File.Position(span.End)
		a := annotation{
			command:   "notice",
			file:      repositoryPath(r, f.File.Path),
			line:      start.Line,
			endLine:   end.Line,
			title:     f.ID(),
			message:   f.Message,
			page:      pages.of(f.Rule),
			logPrefix: fmt.Sprintf("%s:%d:%d: %s: ", f.File.Path, start.Line, start.Column, f.Severity),
		}
		if start.Line == end.Line {
			a.col, a.endColumn = start.Column, end.Column
		}
		switch f.Severity {
		case rules.Error:
			a.command = "error"
		case rules.Warning:
			a.command = "warning"
		}
		out = append(out, a)
	}
	return out
}

// repositoryPath returns path as the runner needs it: relative to the workspace of the job, wherever the step runs.
func repositoryPath(r *Report, path string) string {
	root := r.getenv("GITHUB_WORKSPACE")
	if root == "" || r.Dir == "" {
		return path
	}
	abs := filepath.FromSlash(path)
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(r.Dir, abs)
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path
	}
	return filepath.ToSlash(rel)
}

// keep returns the annotations that the runner will keep, in order. If it would drop some, there is room for one more
// notice, which says so.
func keep(all []annotation) []annotation {
	count := map[string]int{}
	for _, a := range all {
		count[a.command]++
	}
	notices := annotationsPerType
	if count["error"] > annotationsPerType || count["warning"] > annotationsPerType ||
		count["notice"] > annotationsPerType {
		notices--
	}
	limit := map[string]int{"error": annotationsPerType, "warning": annotationsPerType, "notice": notices}
	var out []annotation
	for _, a := range all {
		if limit[a.command] > 0 {
			limit[a.command]--
			out = append(out, a)
		}
	}
	return out
}

// String returns the workflow command, without a line end.
func (a annotation) String() string {
	var props []string
	add := func(name, value string) {
		props = append(props, name+"="+escapeProperty.Replace(visibleInCommand(value)))
	}
	if a.file != "" {
		add("file", a.file)
	}
	if a.line > 0 {
		add("line", fmt.Sprint(a.line))
		add("endLine", fmt.Sprint(a.endLine))
	}
	if a.col > 0 {
		add("col", fmt.Sprint(a.col))
		add("endColumn", fmt.Sprint(a.endColumn))
	}
	add("title", a.title)
	link := ""
	if a.page != "" {
		link = "\n" + a.page
	}
	message := secret.Mask(visibleInCommand(stripANSI(a.message)))
	return "::" + a.command + " " + strings.Join(props, ",") + "::" +
		escapeData.Replace(cutUTF16(message, annotationLength-len(link))+link)
}

// visibleInCommand is like Visible, but for line ends, which commands escape.
func visibleInCommand(s string) string {
	var b strings.Builder
	for at := 0; at < len(s); {
		end := strings.IndexAny(s[at:], "\r\n")
		if end < 0 {
			end = len(s) - at
		}
		b.WriteString(Visible(s[at : at+end]))
		if at += end; at < len(s) {
			b.WriteByte(s[at])
			at++
		}
	}
	return b.String()
}

// The escapes of actions/runner, ActionCommand: those of data, and those of the values of properties.
var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// cutUTF16 shortens s to at most n UTF-16 units, between two characters, and marks the cut.
func cutUTF16(s string, n int) string {
	if len(s) <= n {
		return s
	}
	used, cut := 0, 0
	for i, r := range s {
		if used < n { // a cut at i leaves room for the mark
			cut = i
		}
		if used += max(1, utf16.RuneLen(r)); used > n {
			return s[:cut] + "…"
		}
	}
	return s
}

// logLine returns s as one line of the log that the runner does not take for a command: it has neither "::" at its
// start nor the older "##[" anywhere.
func logLine(s string) string {
	s = Line(stripANSI(s))
	if strings.HasPrefix(strings.TrimSpace(s), "::") {
		s = "./" + s
	}
	return s
}

// appendStepSummary adds a Markdown table of all findings to the file at path, up to the size that GitHub accepts.
func appendStepSummary(path string, r *Report) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	room := stepSummarySize
	if info, err := f.Stat(); err == nil {
		room -= int(min(info.Size(), stepSummarySize))
	}
	_, err = f.Write(stepSummary(r, room))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// stepSummary returns Markdown of at most size bytes: a heading, and a table for each file.
func stepSummary(r *Report, size int) []byte {
	const reserve = 100 // for the line that says what is missing
	var b bytes.Buffer
	fmt.Fprintf(&b, "### sandlint: %s\n", markdown(Summary(r.Result)))
	rows := 0
	total := len(troubles(r.Result)) + len(r.Result.Findings)
	row := func(s string) bool {
		if b.Len()+len(s)+reserve > size {
			return false
		}
		b.WriteString(s)
		rows++
		return true
	}
	full := false
	for _, e := range troubles(r.Result) {
		if full = !row(fmt.Sprintf("\n**%s**: error: %s\n", markdown(repositoryPath(r, e.Path)),
			markdown(e.Err.Error()))); full {
			break
		}
	}
	pages := newPages(r.Result)
	last := ""
	for i := range r.Result.Findings {
		if full {
			break
		}
		f := &r.Result.Findings[i]
		start := f.File.Position(f.Span.Start)
		head := ""
		if i == 0 || f.File.Path != last {
			head = fmt.Sprintf("\n**%s**\n\n| Line | Severity | Finding | Rule |\n| ---: | --- | --- | --- |\n",
				markdown(repositoryPath(r, f.File.Path)))
			last = f.File.Path
		}
		full = !row(head +
			fmt.Sprintf("| %d | %s | %s | %s |\n", start.Line, f.Severity, markdown(f.Message),
				markdownLink(markdown(f.ID()), pages.of(f.Rule))))
	}
	if rows < total {
		fmt.Fprintf(&b, "\n… and %d more; see the log of the step.\n", total-rows)
	}
	b.WriteByte('\n')
	if b.Len() > size {
		return nil
	}
	return b.Bytes()
}

// markdownLink returns Markdown text as a link to an address, or as it is where there is none.
func markdownLink(text, address string) string {
	if address == "" {
		return text
	}
	escape := strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "`", "%60",
		"\\", "%5C")
	return "[" + text + "](" + escape.Replace(address) + ")"
}

// markdown returns s as Markdown text of one line that shows s and does nothing else: no markup, no mention, no cell
// border.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range shown(s) {
		if strings.ContainsRune("&<>|\\`*_[]~@#$", r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/visible"
	"github.com/sandlint/sandlint/rules"
)

// xmlText returns s as the text of an element or the value of an attribute of XML 1.0. What XML cannot hold becomes a
// visible sign: most control characters, characters that are none, and invalid UTF-8. Nothing in it looks like a
// command to the runner of a GitHub job.
func xmlText(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t', r == '\n', r == '\r', r == '<', r == '>', r == '&', r == '"',
			r == '[' && strings.HasSuffix(s[:i], "#"), r == ':' && strings.HasPrefix(s[i+1:], ":"):
			fmt.Fprintf(&b, "&#%d;", r)
		case r == 0xfffe, r == 0xffff:
			fmt.Fprintf(&b, "&#60;U+%04X&#62;", r)
		default:
			g := visible.Glyph(r, s[i:i+size])
			if g != s[i:i+size] {
				g = strings.NewReplacer("<", "&#60;", ">", "&#62;").Replace(g)
			}
			b.WriteString(g)
		}
		i += size
	}
	return b.String()
}

// writeCheckstyle prints the report of Checkstyle, which many programs read: the errors of each file.
func writeCheckstyle(out io.Writer, r *Report) error {
	w := bufio.NewWriter(out)
	w.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n")
	for _, t := range troubles(r.Result) {
		fmt.Fprintf(w, "  <file name=\"%s\">\n", xmlText(t.Path))
		fmt.Fprintf(w, "    <error line=\"1\" severity=\"error\" message=\"%s\" source=\"sandlint\"/>\n  </file>\n",
			xmlText(shown(t.Err.Error())))
	}
	last := ""
	for i, f := range reported(r.Result) {
		if i == 0 || f.File.Path != last {
			if i > 0 {
				w.WriteString("  </file>\n")
			}
			last = f.File.Path
			fmt.Fprintf(w, "  <file name=\"%s\">\n", xmlText(last))
		}
		at := f.File.Position(f.Span.Start)
		severity := f.Severity
		if severity == rules.Style {
			severity = rules.Info
		}
		fmt.Fprintf(w, "    <error line=\"%d\" column=\"%d\" severity=\"%s\" message=\"%s\" source=\"%s\"/>\n",
			at.Line, at.Column, severity, xmlText(shown(f.Message)), xmlText(f.ID()))
	}
	if last != "" {
		w.WriteString("  </file>\n")
	}
	w.WriteString("</checkstyle>\n")
	return w.Flush()
}

// writeJUnit prints a suite of tests for each file: a test for each rule that found something, which failed, and one
// for what went wrong. Programs that show such reports know a test by its file and name alone, so the findings of one
// rule in one file are one test. Where nothing was found, there is one suite with one test, which passed.
func writeJUnit(out io.Writer, r *Report) error {
	w := bufio.NewWriter(out)
	suites := junitSuites(r)
	failures, errors := 0, 0
	for _, s := range suites {
		failures += s.failures
		errors += s.errors
	}
	tests := max(1, failures+errors)
	w.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	fmt.Fprintf(w, "<testsuites name=\"sandlint\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"0\">\n", tests,
		failures, errors)
	for _, s := range suites {
		suite := "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"0\" time=\"0\">\n"
		fmt.Fprintf(w, suite, xmlText(s.path), s.failures+s.errors, s.failures, s.errors)
		for _, c := range s.cases {
			fmt.Fprintf(w, "    <testcase name=\"%s\" classname=\"%s\" file=\"%s\" time=\"0\">\n", xmlText(c.name),
				xmlText(s.path), xmlText(s.path))
			message := c.lines[0].message
			if more := len(c.lines) - 1; more > 0 {
				message += fmt.Sprintf(" (and %d more)", more)
			}
			fmt.Fprintf(w, "      <%s type=\"%s\" message=\"%s\">", c.element, c.severity, xmlText(message))
			for n, l := range c.lines {
				if n > 0 {
					w.WriteByte('\n')
				}
				w.WriteString(xmlText(l.line))
			}
			fmt.Fprintf(w, "</%s>\n    </testcase>\n", c.element)
		}
		w.WriteString("  </testsuite>\n")
	}
	if len(suites) == 0 {
		w.WriteString("  <testsuite name=\"sandlint\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" " +
			"time=\"0\">\n")
		fmt.Fprintf(w, "    <testcase name=\"%s\" classname=\"sandlint\" time=\"0\"/>\n", xmlText(Summary(r.Result)))
		w.WriteString("  </testsuite>\n")
	}
	w.WriteString("</testsuites>\n")
	return w.Flush()
}

// junitSuite is the tests of one file.
type junitSuite struct {
	path             string
	cases            []*junitCase
	failures, errors int
}

// junitCase is what one rule found in a file, or what went wrong with it.
type junitCase struct {
	element, name string
	severity      rules.Severity
	lines         []junitLine
}

type junitLine struct{ message, line string }

func junitSuites(r *Report) []*junitSuite {
	var out []*junitSuite
	byPath := map[string]*junitSuite{}
	suite := func(path string) *junitSuite {
		s := byPath[path]
		if s == nil {
			s = &junitSuite{path: path}
			byPath[path] = s
			out = append(out, s)
		}
		return s
	}
	type key struct{ path, name string }
	byKey := map[key]*junitCase{}
	add := func(path, name, element string, severity rules.Severity, line junitLine) {
		c := byKey[key{path, name}]
		if c == nil {
			c = &junitCase{element: element, name: name}
			byKey[key{path, name}] = c
			s := suite(path)
			s.cases = append(s.cases, c)
			if element == "error" {
				s.errors++
			} else {
				s.failures++
			}
		}
		c.severity = max(c.severity, severity)
		c.lines = append(c.lines, line)
	}
	for _, t := range troubles(r.Result) {
		add(t.Path, "sandlint", "error", rules.Error, junitLine{shown(t.Err.Error()), troubleLine(t)})
	}
	for _, f := range reported(r.Result) {
		add(f.File.Path, f.ID(), "failure", f.Severity, junitLine{shown(f.Message), compactLine(f)})
	}
	return out
}

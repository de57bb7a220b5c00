package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

// Finding is one finding with its code and its fixes.
type Finding struct {
	// Number makes the id of the element: "f" and the number.
	Number int
	// Severity is "error", "warning", "info" or "style".
	Severity string
	Message  string
	// Rule is the id of the rule, Page the address of its page ("" for none), and Aliases are its other ids.
	Rule    string
	Page    string
	Aliases []string
	// Place is where it is, as path, line and column.
	Place string
	Code  []CodeLine
	// Related are other places that explain it.
	Related []Related
	Fixes   []Fix
	// RuleIndex and FileIndex number the rules and files of the page, for its filters.
	RuleIndex, FileIndex int
}

// CodeLine is a line of source. Marks is the line of carets under it, "" for none. A Number of 0 stands for lines that
// are left out.
type CodeLine struct {
	Number int
	Text   string
	Marks  string
}

// Related is another place that explains a finding.
type Related struct {
	Message string
	Place   string
	Code    []CodeLine
}

// Fix is a change that removes a finding.
type Fix struct {
	Title string
	// Safety is "safe", "unsafe" or "advice".
	Safety string
	Diff   Diff
	// Note says what of the change is not shown.
	Note string
}

// Diff are lines that a change removes and adds.
type Diff []DiffLine

// DiffLine is a line that a change removes or adds.
type DiffLine struct {
	// File is the path of the file where it differs from that of the line before, else "".
	File string
	// Number is that of the line, 0 for a line that says how many more follow.
	Number int
	Added  bool
	Text   string
}

// HTML returns the finding as an article.
func (f *Finding) HTML() template.HTML { return render(f.node()) }

func (f *Finding) node() g.Node {
	severity := severityOf(f.Severity)
	id := "f" + strconv.Itoa(f.Number)
	return el("article", class("sl-finding sl-"+severity), attr("id", id), attr("tabindex", "-1"),
		attr("aria-labelledby", id+"h"),
		attr("data-s", severity), attr("data-r", strconv.Itoa(f.RuleIndex)), attr("data-f", strconv.Itoa(f.FileIndex)),
		attr("data-x", f.fixable()),
		el("h4", attr("id", id+"h"), Severity(severity), text(" "+f.Message)),
		el("p", class("sl-meta"), el("span", class("sl-rule"), link(f.Page, f.Rule)),
			when(len(f.Aliases) > 0, func() g.Node {
				return el("span", text(strings.Join(f.Aliases, ", ")))
			}),
			el("span", class("sl-place"), text(f.Place))),
		codeNode(f.Code),
		each(f.Related, func(r Related) g.Node {
			return el("div", class("sl-related"),
				el("p", el("strong", text("Note: ")), text(r.Message), text(" "),
					el("span", class("sl-place"), text(r.Place))),
				codeNode(r.Code))
		}),
		each(f.Fixes, func(fix Fix) g.Node { return fix.node() }))
}

// fixable returns "safe", "unsafe" or "none".
func (f *Finding) fixable() string {
	best := "none"
	for _, fix := range f.Fixes {
		switch {
		case fix.Safety == "safe":
			return "safe"
		case fix.Safety == "unsafe":
			best = "unsafe"
		}
	}
	return best
}

// severityOf returns the severity, or "info" for anything else, since it becomes part of a class.
func severityOf(s string) string {
	switch s {
	case "error", "warning", "style":
		return s
	}
	return "info"
}

// Severity returns a severity as a sign and a word.
func Severity(s string) g.Node {
	s = severityOf(s)
	return el("span", class("sl-sev sl-"+s), text(s))
}

func (f *Fix) node() g.Node {
	name, safety := "Fix", f.Safety
	switch f.Safety {
	case "safe", "unsafe":
	default:
		name, safety = "Advice", ""
	}
	return el("div", class("sl-fix"),
		el("p", el("strong", text(name+": ")), text(f.Title),
			when(safety != "", func() g.Node { return el("span", class("sl-tag"), text(safety)) })),
		when(len(f.Diff) > 0, func() g.Node { return f.Diff.node() }),
		when(f.Note != "", func() g.Node { return el("p", class("sl-note"), text(f.Note)) }))
}

// HTML returns the lines of the change.
func (d Diff) HTML() template.HTML { return render(d.node()) }

func (d Diff) node() g.Node {
	return el("pre", class("sl-code sl-diff"), each(d, func(l DiffLine) g.Node {
		name := "del"
		if l.Added {
			name = "ins"
		}
		line := el(name, number(l.Number), code(l.Text))
		if l.File == "" {
			return line
		}
		return group(el("span", class("sl-file"), text(l.File)), line)
	}))
}

func codeNode(lines []CodeLine) g.Node {
	if len(lines) == 0 {
		return nil
	}
	return el("pre", class("sl-code"), each(lines, func(l CodeLine) g.Node {
		if l.Number == 0 && l.Text == "" {
			return el("span", class("sl-gap"), text("…"))
		}
		line := el("span", number(l.Number), code(l.Text))
		if l.Marks == "" {
			return line
		}
		return group(line, el("b", attr("aria-hidden", "true"), code(l.Marks)))
	}))
}

// number is the number of a line, which the style sheet shows beside it.
func number(n int) g.Node {
	if n <= 0 {
		return nil
	}
	return attr("data-n", strconv.Itoa(n))
}

// Place returns a place as path, line and column.
func Place(path string, line, column int) string { return fmt.Sprintf("%s:%d:%d", path, line, column) }

package decisions

import (
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/page"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// maxLines is the number of lines of a profile that a cell links to.
const maxLines = 8

// Page returns tables of several profiles as a page draws them, a column for each. With sources, the text of each
// profile stands below, and cells link to its lines.
func Page(tables []*Table, sources bool) *page.Decisions {
	out := &page.Decisions{ID: "table"}
	type key struct{ arch, syscall string }
	index := map[key]int{}
	decided := map[key][]*decide.Decision{} // by column, nil where the table has no such row
	for column, t := range tables {
		out.Profiles = append(out.Profiles, t.drawProfile(sources))
		for _, r := range t.all() {
			k := key{ArchName(r.arch), r.name}
			n, ok := index[k]
			if !ok {
				n = len(out.Rows)
				index[k] = n
				out.Rows = append(out.Rows, page.Row{Arch: k.arch, Number: r.number, Syscall: k.syscall})
				decided[k] = make([]*decide.Decision, len(tables))
				for range tables {
					out.Rows[n].Cells = append(out.Rows[n].Cells, page.Cell{Text: "not in this table"})
				}
			}
			out.Rows[n].Cells[column] = t.drawCell(&r)
			decided[k][column] = &r.decision
			if len(tables) == 1 {
				out.Rows[n].Others = strings.Join(r.others, "; ")
			}
		}
	}
	for n := range out.Rows {
		row := &out.Rows[n]
		all := decided[key{row.Arch, row.Syscall}]
		for column := range row.Cells {
			row.Cells[column].Like = slices.IndexFunc(all[:column+1], func(d *decide.Decision) bool {
				return alike(d, all[column])
			})
		}
	}
	if len(tables) > 1 { // the rows of an architecture together
		var archs []string
		for _, r := range out.Rows {
			archs = appendNew(archs, r.Arch)
		}
		slices.SortStableFunc(out.Rows, func(a, b page.Row) int {
			return slices.Index(archs, a.Arch) - slices.Index(archs, b.Arch)
		})
	}
	return out
}

// alike reports whether two decisions surely are the same for every call.
func alike(a, b *decide.Decision) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	return a.Compare(b).Verdict == decide.SameDecision
}

// Embedded gives the table the name of a profile that lies in another file, so its lines are not those of a file.
func (t *Table) Embedded(name string) { t.name, t.placeless = name, true }

// Name gives the table of one profile among others of its file a name.
func (t *Table) Name(name string) { t.name = name }

// title returns the name of the profile, or its path as somebody can use it to whom a page is sent.
func (t *Table) title() string {
	path := t.view.profile.Source.Path
	switch {
	case t.name != "":
		return t.name
	case filepath.IsAbs(path):
		return filepath.Base(path)
	}
	return path
}

func (t *Table) drawProfile(source bool) page.Profile {
	out := page.Profile{Name: t.title(), Target: t.target()}
	if c := t.container(); c != "" {
		out.Target += ", " + c
	}
	for i := range t.archs {
		out.Summary = append(out.Summary, ArchName(t.archs[i].arch)+": "+t.archs[i].summary())
	}
	for _, r := range t.refusals {
		out.Notes = append(out.Notes, fmt.Sprintf("refused by %s: %s", r.By, r.Reason))
	}
	if len(t.others) > 0 {
		out.Notes = append(out.Notes, "others differ: "+strings.Join(t.others, ", "))
	}
	if f := t.view.profile.Source; source {
		for n := 1; n <= f.Lines(); n++ {
			out.Source = append(out.Source, strings.TrimRight(f.Text(f.Line(n)), "\r\n"))
		}
	}
	return out
}

func (t *Table) drawCell(r *archRow) page.Cell {
	c := page.Cell{Kind: "refused", Text: r.decisionText()}
	switch {
	case r.decision.Step == decide.StepConditions:
		c.Kind = "arguments"
	case r.decision.Outcome.Runs():
		c.Kind = "allowed"
	}
	c.Why, c.Lines = t.decidedBy(r)
	if t.placeless && len(c.Lines) > 0 {
		c.Why, c.Lines = strings.TrimSuffix(c.Why, ", line"), nil
		if r.decision.Step != decide.StepDefault {
			c.Why = ""
		}
	}
	if more := len(c.Lines) - maxLines; more > 0 {
		c.Lines, c.More = c.Lines[:maxLines], more
	}
	return c
}

// decidedBy says in few words what decides, and in which lines of the profile it stands.
func (t *Table) decidedBy(r *archRow) (why string, lines []int) {
	d, f := &r.decision, t.view.profile.Source
	var names []seccomp.String
	switch d.Step {
	case decide.StepBorder:
		return fmt.Sprintf("runc: above %d, the highest number that is named", d.Border+numberOffsets[r.arch.ABI]), nil
	case decide.StepForeign:
		return "libseccomp: the profile does not list " + r.arch.Name, nil
	case decide.StepKernel:
		return "Linux, which asks no filter about it", nil
	case decide.StepDefault:
		if at := t.view.profile.DefaultAction.Span; !at.IsEmpty() {
			return "default action, line", []int{f.LineOf(at.Start)}
		}
		return "default action", nil
	case decide.StepRule:
		names = []seccomp.String{d.Name}
	case decide.StepConditions:
		for _, c := range d.Cases {
			names = append(names, c.Name)
		}
	}
	for _, name := range names {
		lines = append(lines, f.LineOf(name.Span.Start))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	if len(lines) == 1 {
		return "line", lines
	}
	return "lines", lines
}

// WriteHTML writes the table as a page that needs nothing else, in which rows can be filtered.
func (t *Table) WriteHTML(out io.Writer) error {
	table := Page([]*Table{t}, true)
	table.Untitled = true
	return writePage(out, t.title(), nil, nil, table)
}

// writePage writes a page about profiles: what changed, where that is known, and the table.
func writePage(out io.Writer, title string, lead []string, c *page.Comparison, table *page.Decisions) error {
	d := page.Document{Title: title, Lead: lead, Keys: []page.Key{{Key: "/", Does: "goes to the search"}}}
	if c != nil {
		d.Nav = []page.Link{{Text: "Changes", ID: "changes"}, {Text: "Decisions", ID: "decisions"}}
	}
	d.Body = func(yield func(template.HTML) bool) {
		if c != nil && (!yield(page.Heading("changes", "Changes", "")) || !yield(c.HTML())) {
			return
		}
		if yield(page.Heading("decisions", "Decisions", "")) {
			yield(table.HTML())
		}
	}
	return d.Write(out)
}

// maxChanges is the number of changes that a page shows.
const maxChanges = 1000

// WriteHTML writes the difference as a page that needs nothing else: the changes, and both profiles side by side for
// the targets of Scope.
func (d *Diff) WriteHTML(out io.Writer, s Scope) error {
	c := d.drawChanges()
	tables := []*Table{NewTable(d.Old, s), NewTable(d.New, s)}
	title := tables[0].title() + " → " + tables[1].title()
	return writePage(out, title, []string{d.summary() + "."}, c, Page(tables, true))
}

func (d *Diff) drawChanges() *page.Comparison {
	out := &page.Comparison{}
	for _, c := range d.Whole {
		out.Changes = append(out.Changes, page.Change{Effect: c.Effect.String(), What: []string{c.What.String()},
			Before: partWords(c.What, c.Before), After: partWords(c.What, c.After), For: targetWords(c.For)})
	}
	for _, b := range d.borders() {
		out.Changes = append(out.Changes, page.Change{Effect: "moves",
			What:   []string{"the highest number that is named, above which runc answers ENOSYS"},
			Before: b.before, After: b.after, On: list(b.abis, "and"), For: b.who})
	}
	for n := range d.Changes {
		c := &d.Changes[n]
		if n == maxChanges {
			out.Note = strconv.Itoa(len(d.Changes)-n) + " more changes are not shown; --format json has all."
			break
		}
		before, after := decisionWords(c)
		change := page.Change{Effect: c.Effect.String(), What: c.Syscalls, Before: before, After: after,
			For: targetWords(c.For), Example: example(c), Notes: why(c)}
		if c.ABIs != nil {
			change.On = list(c.ABIs, "and")
		}
		out.Changes = append(out.Changes, change)
	}
	return out
}

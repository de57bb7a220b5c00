package decisions

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// Table is the decisions of a profile about all syscalls, for one target and each of its architectures.
type Table struct {
	view  *view
	archs []archTable
	// others are other usual targets that decide differently about some calls.
	others []string
	// refusals say who refuses the profile, of the targets of the table.
	refusals []Refused
	// name is that of the profile where it is not the path of its file, and placeless says that its lines are not those
	// of that file.
	name      string
	placeless bool
}

// archTable is the table of one architecture.
type archTable struct {
	arch   *seccomp.Architecture
	filter *decide.Filter
	rows   []row
	// others are, by row, what other usual targets decide where they differ: "Podman with crun 1.29.1: ALLOW".
	others map[int][]string
}

// row is the decision about one syscall.
type row struct {
	name     string
	number   int
	decision decide.Decision
}

// NewTable makes the table of what most people get: of the first loader and the first runtime of the scope, in their
// newest releases.
func NewTable(p *seccomp.Profile, s Scope) *Table {
	v := newView(p, s, true)
	t := &Table{view: v, refusals: v.refusals()}
	differing := map[[dimensions]int]int{}
	var order [][dimensions]int
	for ai, arch := range v.archs {
		var first *archTable
		for _, pt := range v.points {
			if pt.at[byArch] != ai {
				continue
			}
			rows := rowsOf(pt)
			if first == nil {
				t.archs = append(t.archs, archTable{arch, pt.filter, rows, map[int][]string{}})
				first = &t.archs[len(t.archs)-1]
				continue
			}
			other := pt.at
			other[byArch] = 0
			if !slices.Contains(order, other) {
				order = append(order, other)
			}
			for i, r := range rows {
				if !sameDecision(&r.decision, &first.rows[i].decision) {
					differing[other]++
					differs := archRow{r, arch, nil}
					first.others[i] = append(first.others[i], v.with(other)+": "+differs.decisionText())
				}
			}
		}
	}
	for _, at := range order {
		if n := differing[at]; n > 0 {
			t.others = append(t.others,
				fmt.Sprintf("%s (%s)", v.with(at), report.Plural(n, "row")))
		}
	}
	return t
}

// with returns a loader and a runtime in words: "Podman with crun 1.29.1".
func (v *view) with(at [dimensions]int) string {
	return fmt.Sprintf("%s with %s", v.loaders[at[byLoader]], v.runtimes[at[byRuntime]])
}

// rowsOf returns the decisions at a point about the syscalls that its architecture has, sorted by name.
func rowsOf(p point) []row {
	rows := make([]row, 0, len(seccomp.Syscalls()))
	for _, name := range seccomp.Syscalls() {
		s, ok := seccomp.LookupSyscall(name)
		if !ok {
			continue
		}
		if number, ok := Number(s, p.arch.ABI); ok {
			rows = append(rows, row{name, number, p.filter.Decide(p.arch, name)})
		}
	}
	return rows
}

func sameDecision(a, b *decide.Decision) bool {
	return a.Outcome == b.Outcome && slices.EqualFunc(a.Cases, b.Cases, func(x, y decide.Case) bool {
		return x.Outcome == y.Outcome && slices.Equal(x.Conds, y.Conds)
	})
}

// target returns the target of the table in words.
func (t *Table) target() string {
	f := t.archs[0].filter
	return fmt.Sprintf("%s with %s and libseccomp %s", f.Loader, t.view.runtimes[0], t.view.libseccomps[0])
}

// container says which container the table is for; "" for one where that does not matter.
func (t *Table) container() string {
	f := t.archs[0].filter
	if f.Loader == decide.LoaderOCI ||
		!slices.ContainsFunc(t.view.profile.Rules,
			func(r *seccomp.Rule) bool { return len(r.Includes.Caps)+len(r.Excludes.Caps) > 0 }) {
		return ""
	}
	defaults := decide.DefaultCaps(f.Loader)
	slices.Sort(defaults)
	var added []string
	for _, c := range f.Host.Caps {
		if !slices.Contains(defaults, c) {
			added = append(added, c)
		}
	}
	switch lacks := slices.ContainsFunc(defaults, func(c string) bool { return !slices.Contains(f.Host.Caps, c) }); {
	case len(f.Host.Caps) == 0:
		return "a container without capabilities"
	case len(f.Host.Caps) == len(seccomp.Capabilities()):
		return "a container with all capabilities"
	case lacks:
		return "a container with " + list(f.Host.Caps, "and") + " only"
	case len(added) > 0:
		return "a container with the default capabilities and " + list(added, "and")
	}
	return "a container with the default capabilities"
}

// kinds are how rows are grouped, in this order.
const (
	kindAllowed = iota
	kindConditions
	kindRule // other outcomes by a rule
	kindKernel
	kindDefault
	kindBorder
)

func kindOf(d *decide.Decision) int {
	switch {
	case d.Step == decide.StepBorder:
		return kindBorder
	case d.Step == decide.StepKernel:
		return kindKernel
	case d.Step == decide.StepConditions:
		return kindConditions
	case d.Step == decide.StepRule && d.Outcome.Runs():
		return kindAllowed
	case d.Step == decide.StepRule:
		return kindRule
	}
	return kindDefault
}

// casesText returns a conditional decision in one line: "ALLOW if arg0 < 38 or arg0 == 39, else ERRNO EPERM".
func casesText(s *seccomp.Syscall, arch *seccomp.Architecture, d *decide.Decision) string {
	var outcomes []decide.Outcome
	conditions := map[decide.Outcome][]string{}
	named := map[int]bool{} // arguments whose name was shown
	for _, c := range d.Cases {
		var all []string
		for _, cond := range c.Conds {
			text := condition(s, arch, cond)
			if named[cond.Arg] {
				text = cond.String()
			}
			named[cond.Arg] = true
			all = append(all, text)
		}
		text := strings.Join(all, " and ")
		if conditions[c.Outcome] == nil {
			outcomes = append(outcomes, c.Outcome)
		}
		conditions[c.Outcome] = appendNew(conditions[c.Outcome], text)
	}
	var parts []string
	for _, o := range outcomes {
		parts = append(parts, fmt.Sprintf("%s if %s", o, strings.Join(conditions[o], " or ")))
	}
	text := strings.Join(parts, "; ") + "; else " + d.Outcome.String()
	if d.Miscompiled() != nil {
		text += " (libseccomp is known to miscompile such conditions)"
	}
	return text
}

// WriteText writes the table for people: the names with the same decision together.
func (t *Table) WriteText(out io.Writer, color bool) error {
	w := newPrinter(out, color)
	fmt.Fprintf(w, "%s: %s", report.Visible(t.view.profile.Source.Path), t.target())
	if c := t.container(); c != "" {
		fmt.Fprintf(w, ", %s", c)
	}
	fmt.Fprintln(w)
	for i := range t.archs {
		w.archTable(&t.archs[i])
	}
	if len(t.others) > 0 {
		fmt.Fprint(w, "\n")
		w.wrap("others differ: "+strings.Join(t.others, ", ")+"; --target shows one of them", 0, 100)
	}
	return w.Flush()
}

func (w *printer) archTable(t *archTable) {
	fmt.Fprintf(w, "\n%s: %s\n", w.paint(bold, ArchName(t.arch)), t.summary())
	if t.filter.Off || !t.filter.Covers(t.arch) {
		return
	}
	type section struct {
		kind  int
		first decide.Decision
		rows  []row
	}
	var sections []*section
	type key struct {
		kind    int
		outcome decide.Outcome
	}
	index := map[key]*section{}
	for _, r := range t.rows {
		key := key{kindOf(&r.decision), r.decision.Outcome}
		if key.kind == kindConditions {
			key.outcome = decide.Outcome{}
		}
		s := index[key]
		if s == nil {
			s = &section{key.kind, r.decision, nil}
			index[key] = s
			sections = append(sections, s)
		}
		s.rows = append(s.rows, r)
	}
	slices.SortStableFunc(sections, func(a, b *section) int { return a.kind - b.kind })
	for _, s := range sections {
		d := &s.first
		style := outcomeStyle(d.Outcome)
		heading := d.Outcome.String()
		switch s.kind {
		case kindConditions:
			heading, style = "the arguments decide", yellow
		case kindBorder:
			heading += fmt.Sprintf(" from runc, above the highest number that is named, %d",
				d.Border+numberOffsets[t.arch.ABI])
		case kindKernel:
			heading += " by the kernel, which asks no filter"
		case kindDefault:
			heading += " by default"
		}
		fmt.Fprintf(w, "  %s (%d)\n", w.paint(style, heading), len(s.rows))
		if s.kind == kindConditions {
			for _, r := range s.rows {
				syscall, _ := seccomp.LookupSyscall(r.name)
				fmt.Fprint(w, "    ")
				w.wrap(r.name+": "+casesText(syscall, t.arch, &r.decision), 6, 100)
			}
			continue
		}
		var names []string
		for _, r := range s.rows {
			names = append(names, r.name)
		}
		fmt.Fprint(w, "    ")
		w.wrap(strings.Join(names, " "), 4, 100)
	}
}

// summary says in a line what the table of an architecture says.
func (t *archTable) summary() string {
	switch {
	case t.filter.Off:
		return "no filter; a file without a default action and without rules is treated as no profile"
	case !t.filter.Covers(t.arch):
		return "every call kills the thread; the profile does not list " + t.arch.Name
	}
	run, some := 0, 0
	for _, r := range t.rows {
		switch d := &r.decision; {
		case d.Step == decide.StepConditions:
			some++
		case d.Outcome.Runs():
			run++
		}
	}
	return fmt.Sprintf("%d syscalls, %d allowed and %d by their arguments", len(t.rows), run, some)
}

// rowJSON is one row for programs.
type rowJSON struct {
	Arch    string      `json:"arch"`
	Number  int         `json:"number"`
	Syscall string      `json:"syscall"`
	Step    string      `json:"step"`
	Outcome outcomeJSON `json:"outcome"`
	Cases   []caseJSON  `json:"cases"`
	// Miscompiled says that libseccomp is known to make something else of the cases for some arguments.
	Miscompiled bool       `json:"miscompiled,omitempty"`
	Place       *placeJSON `json:"place"`
}

// WriteJSON writes the table as one JSON value, with a row a line.
func (t *Table) WriteJSON(out io.Writer) error {
	w := bufio.NewWriter(out)
	f := t.archs[0].filter
	head := struct {
		Version int      `json:"version"`
		File    string   `json:"file"`
		Loader  string   `json:"loader"`
		Runtime string   `json:"runtime"`
		Lib     string   `json:"libseccomp"`
		Caps    []string `json:"capabilities"`
		// Refusals say that the rows are about a filter that is never loaded.
		Refusals []refusalJSON `json:"refusals"`
	}{
		jsonVersion, t.view.profile.Source.Path, f.Loader.String(), t.view.runtimes[0], t.view.libseccomps[0],
		append([]string{}, f.Host.Caps...), newRefusalsJSON(t.view.profile, t.refusals),
	}
	text, err := marshal(head)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s,\"rows\":[", strings.TrimSuffix(text, "}"))
	for i, r := range t.all() {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		one := rowJSON{
			ArchName(r.arch), r.number, r.name, stepNames[r.decision.Step], newOutcomeJSON(r.decision.Outcome),
			[]caseJSON{}, r.decision.Miscompiled() != nil, t.placeOf(&r.row),
		}
		for _, c := range r.decision.Cases {
			one.Cases = append(one.Cases,
				caseJSON{
					newOutcomeJSON(c.Outcome), newConditionsJSON(c.Conds), c.Multiplexed,
					newPlaceJSON(t.view.profile.Source, c.Name.Span),
				})
		}
		text, err := marshal(one)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s", text)
	}
	fmt.Fprintln(w, "\n]}")
	return w.Flush()
}

func marshal(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

type archRow struct {
	row
	arch   *seccomp.Architecture
	others []string
}

// all returns the rows of all architectures.
func (t *Table) all() []archRow {
	var all []archRow
	for i := range t.archs {
		for n, r := range t.archs[i].rows {
			all = append(all, archRow{r, t.archs[i].arch, t.archs[i].others[n]})
		}
	}
	return all
}

// placeOf returns the place of the name that decides, or of the default action; nil where neither does.
func (t *Table) placeOf(r *row) *placeJSON {
	p, d := t.view.profile, &r.decision
	switch d.Step {
	case decide.StepRule:
		return newPlaceJSON(p.Source, d.Name.Span)
	case decide.StepConditions:
		return newPlaceJSON(p.Source, d.Cases[0].Name.Span)
	case decide.StepDefault:
		return newPlaceJSON(p.Source, p.DefaultAction.Span)
	}
	return nil
}

// decisionText returns a decision in one line.
func (r *archRow) decisionText() string {
	if r.decision.Step == decide.StepConditions {
		s, _ := seccomp.LookupSyscall(r.name)
		return casesText(s, r.arch, &r.decision)
	}
	return r.decision.Outcome.String()
}

// WriteCSV writes the table as RFC 4180 has it, with a line of headings. Action and errno are those of a call for
// which no condition holds.
func (t *Table) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	// Flush keeps the error.
	_ = w.Write([]string{"arch", "number", "syscall", "step", "action", "errno", "decision", "line", "column"})
	for _, r := range t.all() {
		o := r.decision.Outcome
		errno, line, column := "", "", ""
		if o.Action == "SCMP_ACT_ERRNO" || o.Action == "SCMP_ACT_TRACE" {
			errno = strconv.Itoa(int(o.Errno))
		}
		if at := t.placeOf(&r.row); at != nil {
			line, column = strconv.Itoa(at.Line), strconv.Itoa(at.Column)
		}
		_ = w.Write([]string{
			ArchName(r.arch), strconv.Itoa(r.number), r.name, stepNames[r.decision.Step], o.Action, errno,
			r.decisionText(), line, column,
		})
	}
	w.Flush()
	return w.Error()
}

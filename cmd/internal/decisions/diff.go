package decisions

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// Diff is what two profiles do differently.
type Diff struct {
	Old, New *seccomp.Profile
	// OldRefused and NewRefused say who refuses each of them. The rules are compared nevertheless.
	OldRefused, NewRefused []Refused
	*decide.Difference
}

// NewDiff compares two profiles for the targets of a scope.
func NewDiff(old, new *seccomp.Profile, s Scope) *Diff {
	return &Diff{old, new, Refusals(old, s), Refusals(new, s), decide.Diff(old, new, s.Targets)}
}

// summary says in a few words what changed.
func (d *Diff) summary() string {
	if d.Empty() {
		return "no difference; they decide the same for every target"
	}
	counts := map[decide.Effect]map[string]bool{}
	for _, c := range d.Changes {
		for _, name := range c.Syscalls {
			if counts[c.Effect] == nil {
				counts[c.Effect] = map[string]bool{}
			}
			counts[c.Effect][name] = true
		}
	}
	var parts []string
	for _, e := range []decide.Effect{decide.Widens, decide.Narrows, decide.Widens | decide.Narrows, 0} {
		if n := len(counts[e]); n > 0 {
			parts = append(parts, e.String()+" "+report.Plural(n, "syscall"))
		}
	}
	if n := len(d.Whole) + len(d.borders()); n > 0 {
		parts = append(parts, report.Plural(n, "change")+" to the whole profile")
	}
	return strings.Join(parts, ", ")
}

func effectStyle(e decide.Effect) string {
	switch e {
	case decide.Widens, decide.Widens | decide.Narrows:
		return red
	case decide.Narrows:
		return green
	}
	return yellow
}

// why returns notes on a change.
func why(c *decide.Change) []string {
	var notes []string
	if c.Cause == decide.CauseBorder {
		notes = append(notes,
			"no rule about it changed, but the highest number that the profile names did, above which runc answers "+
				"ENOSYS")
	}
	if c.Unsure {
		notes = append(notes, "the result of libseccomp for these conditions is unpredictable")
	}
	return notes
}

// example returns a call about which the profiles decide differently: "socket(0x28, 0x0, 0x0)"; "" where the
// arguments do not matter.
func example(c *decide.Change) string {
	if !c.HasExample || len(c.Before.Cases)+len(c.After.Cases) == 0 {
		return ""
	}
	n := len(c.Example)
	for n > 1 && c.Example[n-1] == 0 {
		n--
	}
	if s, ok := seccomp.LookupSyscall(c.Syscalls[0]); ok && s.ArgsKnown {
		n = max(n, len(s.Args))
	}
	var words []string
	for _, v := range c.Example[:n] {
		words = append(words, fmt.Sprintf("%#x", v))
	}
	return fmt.Sprintf("%s(%s)", c.Syscalls[0], strings.Join(words, ", "))
}

// border is a move of runc's border on several ABIs.
type border struct {
	abis               []string
	who, before, after string
}

// borders returns the moves of runc's border, those to the same syscall together.
func (d *Diff) borders() []border {
	var out []border
	for _, c := range d.Borders {
		b := border{
			[]string{c.ABI}, targetWords(c.For), borderText(c.Before, c.BeforeName, c.ABI),
			borderText(c.After, c.AfterName, c.ABI),
		}
		i := slices.IndexFunc(out,
			func(o border) bool { return o.who == b.who && o.before == b.before && o.after == b.after })
		if i < 0 {
			out = append(out, b)
			continue
		}
		out[i].abis = appendNew(out[i].abis, c.ABI)
	}
	return out
}

// borderText returns a border in words. Where numbers have an offset it is the name alone, which is the same on all
// such ABIs.
func borderText(n int, name, abi string) string {
	switch {
	case n < 0:
		return "none"
	case numberOffsets[abi] != 0:
		return name
	}
	return fmt.Sprintf("%d, %s", n, name)
}

// WriteText writes the difference for people.
func (d *Diff) WriteText(out io.Writer, color bool) error {
	w := newPrinter(out, color)
	fmt.Fprintf(w, "%s → %s: %s\n", report.Visible(d.Old.Source.Path), report.Visible(d.New.Source.Path), d.summary())
	for _, c := range d.Whole {
		fmt.Fprintf(w, "\n%s: %s\n", w.paint(effectStyle(c.Effect), c.Effect.String()), w.paint(bold, c.What.String()))
		w.change(partWords(c.What, c.Before), partWords(c.What, c.After), targetWords(c.For), nil)
	}
	for _, b := range d.borders() {
		fmt.Fprintf(w, "\n%s: %s\n", w.paint(yellow, "moves"),
			w.paint(bold, "the highest number that is named, above which runc answers ENOSYS"))
		w.change(b.before, b.after, b.who, b.abis)
	}
	for _, c := range d.Changes {
		effect := c.Effect.String() + ":"
		fmt.Fprintf(w, "\n%s ", w.paint(effectStyle(c.Effect), effect))
		var names []string
		for _, n := range c.Syscalls {
			names = append(names, w.paint(bold, report.Visible(n)))
		}
		w.wrap(strings.Join(names, " "), len(effect)+1, 100)
		before, after := decisionWords(&c)
		w.change(before, after, targetWords(c.For), c.ABIs)
		if call := example(&c); call != "" {
			w.line("such as", call)
		}
		for _, n := range why(&c) {
			w.line("note", n)
		}
	}
	return w.Flush()
}

func (w *printer) change(before, after, who string, abis []string) {
	w.line("before", before)
	w.line("after", after)
	if abis != nil {
		w.line("on", list(abis, "and"))
	}
	if who != "" {
		w.line("for", who)
	}
}

// line writes a heading and what is under it.
func (w *printer) line(heading, text string) {
	fmt.Fprintf(w, "  %-8s ", heading)
	w.wrap(report.Visible(text), 11, 100)
}

// code returns text as a code span of Markdown, outside of a table.
func code(s string) string {
	return "`" + strings.ReplaceAll(report.Visible(s), "`", "'") + "`"
}

// cell returns text for a cell of a table in GitHub's Markdown.
func cell(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`",
		"[", "\\[", "]", "\\]").Replace(report.Visible(s))
}

const (
	// maxNames is how many names a cell holds; all are listed below the table.
	maxNames = 8
	// maxRows is how many rows the table has; the others are folded away.
	maxRows = 25
)

// WriteMarkdown writes the difference as a comment on a pull request, in the Markdown of GitHub.
func (d *Diff) WriteMarkdown(out io.Writer) error {
	w := newPrinter(out, false)
	fmt.Fprintf(w, "**seccomp** %s → %s: %s\n", code(d.Old.Source.Path), code(d.New.Source.Path), d.summary())
	var rows, long []string
	row := func(effect decide.Effect, what, before, after, who string) {
		mark := map[decide.Effect]string{decide.Widens: "⚠️ ", decide.Widens | decide.Narrows: "⚠️ "}[effect]
		rows = append(rows,
			fmt.Sprintf("| %s%s | %s | %s | %s | %s |", mark, effect, what, cell(before), cell(after), cell(who)))
	}
	for _, c := range d.Whole {
		row(c.Effect, c.What.String(), partWords(c.What, c.Before), partWords(c.What, c.After),
			orAll(targetWords(c.For), nil))
	}
	for _, b := range d.borders() {
		row(0, "the highest number that is named, above which runc answers ENOSYS", b.before, b.after,
			orAll(b.who, b.abis))
	}
	for _, c := range d.Changes {
		var names []string
		for _, n := range c.Syscalls {
			names = append(names, code(n))
		}
		what := strings.Join(names, " ")
		before, after := decisionWords(&c)
		if len(names) > maxNames {
			what = fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames-1], " "), len(names)-maxNames+1)
			long = append(long,
				fmt.Sprintf("<details><summary>%d syscalls: %s → %s</summary>\n\n%s\n\n</details>", len(names),
					cell(before), cell(after), strings.Join(names, " ")))
		}
		if call := example(&c); call != "" {
			what += ", such as " + code(call)
		}
		for _, n := range why(&c) {
			after += "; " + n
		}
		row(c.Effect, what, before, after, orAll(targetWords(c.For), c.ABIs))
	}
	const head = "\n| | What | Before | After | For |\n|---|---|---|---|---|\n"
	if len(rows) > 0 {
		fmt.Fprint(w, head, strings.Join(rows[:min(len(rows), maxRows)], "\n"), "\n")
	}
	if len(rows) > maxRows {
		fmt.Fprintf(w, "\n<details><summary>%d more</summary>\n%s%s\n\n</details>\n", len(rows)-maxRows, head,
			strings.Join(rows[maxRows:], "\n"))
	}
	for _, l := range long {
		fmt.Fprintf(w, "\n%s\n", l)
	}
	return w.Flush()
}

// orAll returns for which targets and ABIs a change holds.
func orAll(who string, abis []string) string {
	if who == "" {
		who = "all"
	}
	if abis != nil {
		who += ", on " + list(abis, "and")
	}
	return who
}

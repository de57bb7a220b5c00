package page

import (
	"html/template"
	"slices"
	"strconv"

	g "maragu.dev/gomponents"
)

// Decisions is a table of what seccomp profiles decide: a row for each syscall of each architecture, a column for each
// profile.
type Decisions struct {
	// ID makes ids of its elements, so that a page can hold several tables; letters and digits.
	ID       string
	Profiles []Profile
	// Untitled says that the page names the profile elsewhere.
	Untitled bool
	Rows     []Row
	// Note says what is left out, "" for nothing.
	Note string
}

// Profile is a profile in a table.
type Profile struct {
	Name string
	// Target is whom the column is for: loader, runtime, libseccomp, container.
	Target string
	// Summary has a line for each architecture.
	Summary []string
	// Notes are what else there is to say, such as who refuses the profile.
	Notes []string
	// Source are the lines of the file, to which the cells link; none where it is not shown.
	Source []string
}

// Row is a syscall on an architecture. Cells are in the order of the profiles.
type Row struct {
	Arch    string
	Number  int
	Syscall string
	Cells   []Cell
	// Others say what other targets decide where that differs.
	Others string
}

// Cell is a decision.
type Cell struct {
	// Kind is "allowed", "arguments" or "refused".
	Kind string
	Text string
	// Why says in words what decides, before the lines of the profile that do.
	Why   string
	Lines []int
	// More is the number of lines that are left out.
	More int
	// Like is the index of the first cell of the row that decides the same, that of the cell itself where none does.
	Like int
}

// HTML returns the table. Where a page has Document's script, it can be filtered, and two of several profiles compared.
func (d *Decisions) HTML() template.HTML { return render(d.node()) }

func (d *Decisions) node() g.Node {
	others := false
	var archs []string
	for _, r := range d.Rows {
		others = others || r.Others != ""
		if len(archs) == 0 || archs[len(archs)-1] != r.Arch {
			archs = append(archs, r.Arch)
		}
	}
	id := "d" + plainID(d.ID)
	return el("section", class("sl-decisions"), attr("id", id),
		el("div", class("sl-profiles"), each(d.Profiles, func(p Profile) g.Node { return p.node(!d.Untitled) })),
		d.filters(id, archs, others),
		el("div", class("sl-scroll"), attr("role", "group"), attr("aria-label", "Decisions"), attr("tabindex", "0"),
			el("table",
				el("thead", el("tr", d.headings(len(archs) > 1, others))),
				el("tbody", each(d.Rows, func(r Row) g.Node {
					return group(g.Text("\n"), r.node(id, d, len(archs) > 1, others))
				})))),
		when(d.Note != "", func() g.Node { return el("p", class("sl-note"), text(d.Note)) }),
		g.Group(d.sources(id)))
}

func (p *Profile) node(named bool) g.Node {
	return el("div", class("sl-profile"),
		when(named, func() g.Node { return el("h3", class("sl-place"), text(p.Name)) }),
		el("p", class("sl-meta"), el("span", text(p.Target))),
		el("ul", each(p.Summary, func(s string) g.Node { return el("li", text(s)) })),
		each(p.Notes, func(s string) g.Node { return el("p", class("sl-note"), text(s)) }))
}

// filters are the controls, which need the script of a Document.
func (d *Decisions) filters(id string, archs []string, others bool) g.Node {
	option := func(value, label string) g.Node { return el("option", attr("value", value), text(label)) }
	choose := func(name, label, all string, options ...g.Node) g.Node {
		return el("label", text(label+" "),
			el("select", attr("data-filter", name), when(all != "", func() g.Node { return option("", all) }),
				g.Group(options)))
	}
	column := func(name, label string, selected int) g.Node {
		var options []g.Node
		for n, p := range d.Profiles {
			options = append(options, el("option", attr("value", strconv.Itoa(n)), text(p.Name),
				when(n == selected, func() g.Node { return g.Attr("selected") })))
		}
		return choose(name, label, "", options...)
	}
	return el("form", class("sl-filters sl-scripted"), attr("data-table", id), attr("role", "search"),
		attr("aria-label", "Filter the decisions"),
		el("label", text("Search "), el("input", attr("type", "search"), attr("data-filter", "q"),
			attr("autocomplete", "off"), attr("spellcheck", "false"))),
		when(len(archs) > 1, func() g.Node {
			var options []g.Node
			for n, a := range archs {
				options = append(options, option(strconv.Itoa(n), a))
			}
			return choose("a", "Architecture", "all", options...)
		}),
		choose("k", "Decision", "all", option("y", "allowed"), option("c", "by arguments"), option("n", "not allowed")),
		when(len(d.Profiles) > 2, func() g.Node {
			return group(column("left", "Left", 0), column("right", "Right", 1))
		}),
		when(len(d.Profiles) > 1, func() g.Node {
			return el("label", el("input", attr("type", "checkbox"), attr("data-filter", "d")),
				text(" only rows that differ"))
		}),
		when(others, func() g.Node {
			return el("label", el("input", attr("type", "checkbox"), attr("data-filter", "o")),
				text(" only rows in which other targets differ"))
		}),
		el("output", attr("aria-live", "polite")))
}

func (d *Decisions) headings(archs, others bool) g.Node {
	th := func(label string) g.Node { return el("th", attr("scope", "col"), text(label)) }
	var out []g.Node
	if archs {
		out = append(out, th("Architecture"))
	}
	out = append(out, el("th", attr("scope", "col"), class("sl-number"), text("Number")), th("Syscall"))
	for n, p := range d.Profiles {
		label := "Decision"
		if len(d.Profiles) > 1 {
			label = p.Name
		}
		out = append(out, el("th", attr("scope", "col"), attr("data-p", strconv.Itoa(n)), text(label)))
	}
	if others {
		out = append(out, th("Other targets"))
	}
	return g.Group(out)
}

// kinds are the one-letter names of kinds of decisions.
var kinds = map[string]string{"allowed": "y", "arguments": "c"}

func (c *Cell) kind() string {
	if k := kinds[c.Kind]; k != "" {
		return k
	}
	return "n"
}

func (r *Row) node(id string, d *Decisions, archs, others bool) g.Node {
	out := []g.Node{
		when(r.differs(), func() g.Node { return class("sl-differs") }),
		when(r.Others != "", func() g.Node { return attr("data-o", "1") }),
	}
	if archs {
		out = append(out, el("td", text(r.Arch)))
	}
	out = append(out, el("td", class("sl-number"), text(strconv.Itoa(r.Number))),
		el("th", attr("scope", "row"), text(r.Syscall)))
	for n := range r.Cells {
		out = append(out, r.Cells[n].node(id, n, len(d.Profiles[n].Source)))
	}
	if others {
		out = append(out, el("td", text(r.Others)))
	}
	return el("tr", out...)
}

func (r *Row) differs() bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Like != 0 })
}

func (c *Cell) node(id string, column, lines int) g.Node {
	return el("td", class("sl-"+c.kind()), attr("data-p", strconv.Itoa(column)),
		when(c.Like > 0, func() g.Node { return attr("data-e", strconv.Itoa(c.Like)) }), el("span", text(c.Text)),
		when(c.Why != "" || len(c.Lines) > 0, func() g.Node {
			return el("small", text(c.Why), each(c.Lines, func(n int) g.Node {
				label := strconv.Itoa(n)
				if n > lines {
					return text(" " + label)
				}
				return group(text(" "), el("a", attr("href", "#"+lineID(id, column, n)), text(label)))
			}), when(c.More > 0, func() g.Node { return text(" and " + strconv.Itoa(c.More) + " more") }))
		}))
}

func lineID(id string, column, line int) string {
	return id + "p" + strconv.Itoa(column) + "L" + strconv.Itoa(line)
}

// sources are the texts of the profiles.
func (d *Decisions) sources(id string) []g.Node {
	var out []g.Node
	for column, p := range d.Profiles {
		if len(p.Source) == 0 {
			continue
		}
		n := 0
		out = append(out, el("h3", text("The file "), el("span", class("sl-place"), text(p.Name))),
			el("pre", class("sl-code sl-source"), each(p.Source, func(line string) g.Node {
				n++
				return el("span", attr("id", lineID(id, column, n)), number(n), code(line))
			})))
	}
	return out
}

// plainID returns the letters and digits of s.
func plainID(s string) string {
	out := []byte{}
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			out = append(out, c)
		}
	}
	return string(out)
}

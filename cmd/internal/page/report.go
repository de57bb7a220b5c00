package page

import (
	"html/template"
	"iter"
	"slices"
	"strconv"

	g "maragu.dev/gomponents"
)

// Findings are the findings of a run, with filters and an overview of their rules.
type Findings struct {
	// Rules and Files are numbered as Finding.RuleIndex and FileIndex say.
	Rules []RuleCount
	Files []FileCount
	// All are the findings, those of a file together, in the order of Files.
	All iter.Seq[Finding]
	// Note says what is left out, "" for nothing.
	Note string
}

// RuleCount is a rule that found something.
type RuleCount struct {
	ID string
	// Page is the address of its page, "" for none.
	Page     string
	Severity string
	Summary  string
	Findings int
}

// FileCount is a file with findings.
type FileCount struct {
	Path     string
	Findings int
}

// Keys are the keys that the script of a Document knows on a page with findings.
func (f *Findings) Keys() []Key {
	return []Key{
		{"/", "goes to the search"}, {"j", "goes to the next finding"}, {"k", "goes to the previous finding"},
		{"g", "groups by file or by rule"}, {"Esc", "in the search, empties it"},
	}
}

// Parts returns the section, piece by piece: its head, and a part for each file.
func (f *Findings) Parts() iter.Seq[template.HTML] {
	return func(yield func(template.HTML) bool) {
		if !yield(render(f.head())) {
			return
		}
		var nodes []g.Node
		file := -1
		flush := func() bool {
			if len(nodes) == 0 {
				return true
			}
			part := render(f.group(file, nodes))
			nodes = nodes[:0]
			return yield(part)
		}
		for one := range f.All {
			if one.FileIndex != file && !flush() {
				return
			}
			file = one.FileIndex
			nodes = append(nodes, group(g.Text("\n"), one.node()))
		}
		flush()
	}
}

// chunk is the number of findings in an element that a browser lays out when it comes into view.
const chunk = 50

func (f *Findings) group(file int, nodes []g.Node) g.Node {
	var chunks []g.Node
	for part := range slices.Chunk(nodes, chunk) {
		chunks = append(chunks, el("div", class("sl-chunk"), g.Group(part)))
	}
	return el("section", class("sl-group"), attr("data-f", strconv.Itoa(file)),
		el("h3", el("span", class("sl-place"), text(f.Files[file].Path)), text(" "),
			el("span", class("sl-count"), text(plural(f.Files[file].Findings, "finding")))),
		g.Group(chunks))
}

func (f *Findings) head() g.Node {
	return group(
		el("h2", attr("id", "findings"), text("Findings")),
		when(len(f.Rules) == 0, func() g.Node { return el("p", text("There are none.")) }),
		when(len(f.Rules) > 0, f.overview),
		when(len(f.Rules) > 0, f.filters),
		when(f.Note != "", func() g.Node { return el("p", class("sl-note"), text(f.Note)) }))
}

func (f *Findings) overview() g.Node {
	n := -1
	return el("div", class("sl-scroll sl-overview"), attr("role", "group"), attr("aria-label", "Rules"),
		attr("tabindex", "0"),
		el("table",
			el("thead", el("tr", el("th", attr("scope", "col"), text("Rule")),
				el("th", attr("scope", "col"), text("Severity")),
				el("th", attr("scope", "col"), class("sl-number"), text("Findings")),
				el("th", attr("scope", "col"), text("What it reports")))),
			el("tbody", each(f.Rules, func(r RuleCount) g.Node {
				n++
				return el("tr", el("th", attr("scope", "row"), class("sl-rule"), link(r.Page, r.ID)),
					el("td", Severity(r.Severity)),
					el("td", class("sl-number"), el("span", attr("data-only", strconv.Itoa(n)),
						text(strconv.Itoa(r.Findings)))),
					el("td", text(r.Summary)))
			}))))
}

func (f *Findings) filters() g.Node {
	numbered := func(labels []string) g.Node {
		n := -1
		return each(labels, func(label string) g.Node {
			n++
			return el("option", attr("value", strconv.Itoa(n)), text(label))
		})
	}
	var rules, files []string
	for _, r := range f.Rules {
		rules = append(rules, r.ID)
	}
	for _, file := range f.Files {
		files = append(files, file.Path)
	}
	choose := func(id, label string, options ...g.Node) g.Node {
		return el("label", text(label+" "), el("select", attr("id", id), g.Group(options)))
	}
	option := func(value, label string) g.Node { return el("option", attr("value", value), text(label)) }
	return el("form", class("sl-filters sl-scripted"), attr("id", "filters"), attr("role", "search"),
		attr("aria-label", "Filter the findings"),
		el("label", text("Search "), el("input", attr("type", "search"), attr("id", "q"), attr("autocomplete", "off"),
			attr("spellcheck", "false"), attr("aria-keyshortcuts", "/"))),
		el("fieldset", el("legend", text("Severity")),
			each([]string{"error", "warning", "info", "style"}, func(s string) g.Node {
				return el("label", el("input", attr("type", "checkbox"), attr("name", "s"), attr("value", s),
					g.Attr("checked")), Severity(s))
			})),
		choose("rule", "Rule", option("", "all"), numbered(rules)),
		choose("file", "File", option("", "all"), numbered(files)),
		choose("fix", "Fix", option("", "any or none"), option("safe", "safe"), option("unsafe", "unsafe"),
			option("none", "none")),
		choose("by", "Group by", option("file", "file"), option("rule", "rule")),
		el("button", attr("type", "reset"), text("Reset")),
		el("output", attr("id", "shown"), attr("aria-live", "polite")))
}

// Troubles are files that were not checked, or not in full.
type Troubles []Trouble

// Trouble is a file that was not checked, or not in full.
type Trouble struct {
	Path, Reason string
}

// HTML returns a section with the list.
func (t Troubles) HTML() template.HTML {
	return render(el("section", el("h2", attr("id", "unchecked"), text("Not checked, or not in full")),
		el("ul", each(t, func(one Trouble) g.Node {
			return el("li", el("span", class("sl-place"), text(one.Path)), text(": "+one.Reason))
		}))))
}

// Heading returns a heading of level 2 with an id, which is a constant, and a sentence under it.
func Heading(id, title, sentence string) template.HTML {
	return render(group(el("h2", attr("id", plainID(id)), text(title)),
		when(sentence != "", func() g.Node { return el("p", text(sentence)) })))
}

// Note returns a sentence about what is above it.
func Note(sentence string) template.HTML { return render(el("p", class("sl-note"), text(sentence))) }

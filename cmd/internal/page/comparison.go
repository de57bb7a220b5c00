package page

import (
	"html/template"
	"strings"

	g "maragu.dev/gomponents"
)

// Comparison is what two profiles decide differently.
type Comparison struct {
	Changes []Change
	// Note says what is left out, "" for nothing.
	Note string
}

// Change is a decision that two profiles make differently.
type Change struct {
	// Effect is a verb, such as "widens". It is drawn as one that needs attention where it says that something more is
	// allowed.
	Effect string
	// What are the syscalls, or the part of the profile.
	What          []string
	Before, After string
	// On are the ABIs, and For the targets; "" for all.
	On, For string
	// Example is a call that is decided differently, "" for none.
	Example string
	Notes   []string
}

// HTML returns the changes as a list.
func (c *Comparison) HTML() template.HTML { return render(c.node()) }

func (c *Comparison) node() g.Node {
	return el("section", class("sl-comparison"),
		when(len(c.Changes) == 0, func() g.Node { return el("p", text("There are none.")) }),
		el("ul", class("sl-changes"), each(c.Changes, func(c Change) g.Node { return c.node() })),
		when(c.Note != "", func() g.Node { return el("p", class("sl-note"), text(c.Note)) }))
}

func (c *Change) node() g.Node {
	names := "sl-change"
	switch {
	case strings.HasPrefix(c.Effect, "widens"):
		names += " sl-widens"
	case strings.HasPrefix(c.Effect, "narrows"):
		names += " sl-narrows"
	}
	row := func(label, value string) g.Node {
		if value == "" {
			return nil
		}
		return el("div", el("dt", text(label)), el("dd", text(value)))
	}
	return el("li", class(names),
		el("p", el("strong", class("sl-effect"), text(c.Effect)), text(" "),
			el("span", class("sl-rule"), text(strings.Join(c.What, " ")))),
		el("dl", row("before", c.Before), row("after", c.After), row("on", c.On), row("for", c.For),
			row("such as", c.Example)),
		each(c.Notes, func(n string) g.Node { return el("p", class("sl-note"), text(n)) }))
}

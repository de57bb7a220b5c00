package page

import (
	"html/template"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

// Timeline is what the builds of a file do, stage by stage and step by step.
type Timeline struct {
	// Path is the file.
	Path   string
	Stages []Stage
	// Note says what is left out, "" for nothing.
	Note string
}

// Stage is a stage of a build.
type Stage struct {
	// Title is such as "stage 0, builder".
	Title string
	// From is what it is based on.
	From string
	// Nix says which Nix it has, "" for a stage that has nothing to do with Nix.
	Nix       string
	Platforms []Platform
	Steps     []Step
	// More is the number of steps that are left out.
	More int
}

// Platform is a platform that a stage is built for.
type Platform struct {
	Name     string
	Emulated bool
	// Why is how that is known.
	Why string
}

// Step is an instruction of a stage, in the order in which they run.
type Step struct {
	// Line is its line, 0 for what a container does when it is started.
	Line int
	// Text is its text in one line.
	Text string
	// User is the user that it runs as, "" where that is unknown, and Root says whether that is the superuser.
	User string
	Root bool
	// Emulated says that programs of the step run under an emulator, on some platform at least.
	Emulated bool
	// Nix is what it does with Nix.
	Nix []NixEvent
}

// NixEvent is something that a step does with Nix.
type NixEvent struct {
	// Kind is "write" (of a configuration file), "environment", "command", "unread" (something that may do anything),
	// or "fails" (a command that fails).
	Kind string
	// Text says what it is.
	Text string
	// Notes are sentences about it: why a command fails, layers of a sandbox that are off.
	Notes []string
	// Settings are those in force at a command.
	Settings []Setting
}

// Setting is a setting of Nix in force.
type Setting struct {
	Name, Value string
	// From is where the value comes from.
	From string
	// Uncertain says that the value may be another one.
	Uncertain bool
}

// HTML returns the timeline, with headings of level 3 and 4.
func (t *Timeline) HTML() template.HTML { return render(t.node()) }

func (t *Timeline) node() g.Node {
	return el("section", class("sl-timeline"),
		el("h3", class("sl-place"), text(t.Path)),
		each(t.Stages, func(s Stage) g.Node { return s.node() }),
		when(len(t.Stages) == 0, func() g.Node { return el("p", class("sl-note"), text("No stage runs Nix.")) }),
		when(t.Note != "", func() g.Node { return el("p", class("sl-note"), text(t.Note)) }))
}

func (s *Stage) node() g.Node {
	var steps []g.Node
	user, settings := "", []Setting(nil)
	for n := range s.Steps {
		st := &s.Steps[n]
		name := st.userName()
		steps = append(steps, st.node(n == 0 || name != user, &settings))
		user = name
	}
	return el("div", class("sl-stage"),
		el("h4", text(s.Title)),
		el("p", class("sl-meta"), el("span", text("from "+s.From)),
			when(s.Nix != "", func() g.Node { return el("span", text(s.Nix)) })),
		when(len(s.Platforms) > 0, func() g.Node {
			return el("ul", class("sl-platforms"), each(s.Platforms, func(p Platform) g.Node {
				return el("li", el("span", class("sl-tag"), text(p.Name)), text(" "),
					when(p.Emulated, func() g.Node {
						return group(el("span", class("sl-tag sl-emulated"), text("emulated")), text(" "))
					}),
					el("span", class("sl-why"), text(p.Why)))
			}))
		}),
		el("ol", class("sl-steps"), g.Group(steps)),
		when(s.More > 0, func() g.Node {
			return el("p", class("sl-note"), text(plural(s.More, "more step")+" not shown"))
		}))
}

func (st *Step) userName() string {
	if st.User == "" {
		return "unknown"
	}
	return st.User
}

// node returns the step. The user is named where it changes. Settings are those in force at the command before, and
// become those at the last command of the step; of those that did not change, only the names are repeated.
func (st *Step) node(changed bool, settings *[]Setting) g.Node {
	names := "sl-step"
	switch {
	case st.Root:
		names += " sl-root"
	case st.User != "":
		names += " sl-user"
	}
	if st.Emulated {
		names += " sl-emulation"
	}
	if len(st.Nix) > 0 {
		names += " sl-nix"
	}
	return el("li", class(names),
		when(st.Line > 0, func() g.Node { return el("span", class("sl-line"), text(strconv.Itoa(st.Line))) }),
		el("div",
			when(changed, func() g.Node {
				return el("p", class("sl-as"), text("user "), el("strong", text(st.userName())))
			}),
			el("code", text(st.Text)),
			when(len(st.Nix) > 0, func() g.Node {
				return el("ul", class("sl-events"), each(st.Nix, func(e NixEvent) g.Node { return e.node(settings) }))
			})))
}

func (e *NixEvent) node(settings *[]Setting) g.Node {
	kind, word := "write", "configuration"
	switch e.Kind {
	case "environment", "command", "unread":
		kind, word = e.Kind, e.Kind
	case "fails":
		kind, word = e.Kind, "command fails"
	}
	var fresh, same []Setting
	for _, s := range e.Settings {
		if hasSetting(*settings, s) {
			same = append(same, s)
		} else {
			fresh = append(fresh, s)
		}
	}
	if kind == "command" || kind == "fails" {
		*settings = e.Settings
	}
	return el("li", class("sl-event sl-"+kind),
		el("p", el("span", class("sl-kind"), text(word)), text(" "), text(e.Text)),
		each(e.Notes, func(n string) g.Node { return el("p", class("sl-note"), text(n)) }),
		settingsNode(fresh),
		when(len(same) > 0, func() g.Node {
			var names []string
			for _, s := range same {
				names = append(names, s.Name)
			}
			return el("p", class("sl-note sl-same"), text("as before: "+strings.Join(names, ", ")))
		}))
}

func hasSetting(list []Setting, s Setting) bool {
	for _, o := range list {
		if o == s {
			return true
		}
	}
	return false
}

func settingsNode(list []Setting) g.Node {
	if len(list) == 0 {
		return nil
	}
	return el("dl", class("sl-settings"), each(list, func(s Setting) g.Node {
		value := s.Value
		if s.Uncertain {
			value += " ?"
		}
		return el("div", el("dt", text(s.Name)), el("dd", el("code", text(value)),
			when(s.From != "", func() g.Node { return el("span", class("sl-from"), text(s.From)) })))
	}))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + strings.TrimSuffix(noun, "s") + "s"
}

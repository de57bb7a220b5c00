package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
)

// WriteText writes a trace for a terminal; with color, what matters is bold.
func (t *Trace) WriteText(out io.Writer, color bool) error {
	w := textWriter{bufio.NewWriter(out), color}
	switch {
	case t.Nix != nil:
		w.nixConf(t)
	case t.Builds != nil:
		for n, b := range t.Builds {
			if n > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s: %s builds %s\n", b.Place, w.bold(b.What), report.Visible(b.Dockerfile))
			w.stages(b.Dockerfile, b.Stages)
		}
	default:
		w.stages(t.Files[0], t.Stages)
	}
	return w.Flush()
}

// String returns the place as path:line:column.
func (p Place) String() string {
	return fmt.Sprintf("%s:%d:%d", report.Visible(p.Path), p.Line, p.Column)
}

type textWriter struct {
	*bufio.Writer
	color bool
}

func (w textWriter) bold(text string) string {
	if w.color {
		return "\x1b[1m" + text + "\x1b[0m"
	}
	return text
}

func (w textWriter) stages(path string, stages []Stage) {
	if len(stages) == 0 {
		fmt.Fprintf(w, "%s: no stage runs Nix\n", report.Visible(path))
	}
	for n, s := range stages {
		if n > 0 {
			fmt.Fprintln(w)
		}
		w.stage(&s)
	}
}

// title returns how people refer to the stage.
func (s *Stage) title() string {
	if s.Name != "" {
		return fmt.Sprintf("stage %q", s.Name)
	}
	return fmt.Sprintf("stage %d", s.Index)
}

// nix returns the Nix of a stage, for people.
func (n Nix) String() string {
	assumed := ""
	if n.Assumed {
		assumed = ", assumed"
	}
	return fmt.Sprintf("%s %s%s", n.Distribution.Title(), n.Version, assumed)
}

func (w textWriter) stage(s *Stage) {
	fmt.Fprintf(w, "%s: %s from %s, %s\n", s.Place, w.bold(s.title()), oneLine(s.From), s.Nix)
	for _, p := range s.Platforms {
		fmt.Fprintf(w, "  %s\n", p)
	}
	for _, e := range s.Events {
		if e.Command == nil {
			fmt.Fprintf(w, "  %s: %s\n", e.Place, e)
			continue
		}
		w.command(&s.Commands[*e.Command], "")
	}
	for n := range s.Starts {
		w.command(&s.Starts[n], "a container runs ")
	}
}

// String returns the platform with why it is known, for people.
func (p Platform) String() string {
	how := ""
	switch {
	case p.Emulated:
		how = " under an emulator"
	case p.Native:
		how = " natively"
	}
	why := p.Why
	if p.Place != nil {
		why += ", " + p.Place.String()
	}
	return fmt.Sprintf("for %s%s: %s", report.Visible(p.Name), how, report.Visible(why))
}

var verbs = map[string]string{
	"append": "appends to", "write": "writes", "change": "changes", "remove": "removes", "environment": "sets",
}

// String returns what happens, for people.
func (e Event) String() string {
	verb, text := verbs[e.Kind], ""
	switch {
	case e.Kind == "unread":
		return "something that cannot be read; it may change any setting"
	case e.Kind == "environment":
		text = e.Name
		if e.Known {
			text += " to " + quoted(e.Text)
		}
	default:
		text = report.Visible(e.Path)
		if e.Known && e.Kind != "remove" {
			text += ": " + oneLine(strings.ReplaceAll(strings.TrimSpace(e.Text), "\n", "; "))
		}
	}
	if e.Installer {
		verb = "the installer " + verb
	}
	if e.Maybe {
		verb = "perhaps " + verb
	}
	return verb + " " + text
}

// quoted returns a value in quotes, so an empty one is seen.
func quoted(s string) string { return `"` + oneLine(s) + `"` }

func (w textWriter) command(c *Command, before string) {
	perhaps := ""
	if c.Maybe {
		perhaps = "perhaps "
	}
	fmt.Fprintf(w, "  %s: %s%s%s\n", c.Place, perhaps, before, w.bold(oneLine(c.Command)))
	w.building(c)
	if c.Uncertain {
		fmt.Fprintln(w, "    its base image, or something that runs before it, may change any setting")
	}
	if c.Lost != "" {
		fmt.Fprintf(w, "    %s\n", report.Line(c.Lost))
	}
	w.fatal("    ", c.Fatal)
	if len(c.Settings) == 0 {
		fmt.Fprintln(w, "    all known settings have their defaults")
	}
	w.settings("    ", c.Settings)
}

// building writes whether a command builds, and the layers of the sandbox around it.
func (w textWriter) building(c *Command) {
	switch c.Builds {
	case "always":
		fmt.Fprintln(w, "    builds")
	case "maybe":
		fmt.Fprintln(w, "    builds what no cache has")
	}
	for _, l := range c.Layers {
		if line := l.String(); line != "" {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
}

// String returns the state of the layer, for people; "" for what goes without saying, the engine's default profile.
func (l Layer) String() string {
	switch {
	case l.Name == "container" && l.State == "on":
		return ""
	case l.Why == "":
		return l.Name + ": " + l.State
	}
	return fmt.Sprintf("%s: %s (%s)", l.Name, l.State, l.Why)
}

func (w textWriter) nixConf(t *Trace) {
	var names []string
	for _, name := range t.Files {
		names = append(names, report.Visible(name))
	}
	fmt.Fprintf(w, "%s: %s\n", strings.Join(names, ", "), t.Nix)
	w.fatal("  ", t.Fatal)
	if len(*t.Settings) == 0 {
		fmt.Fprintln(w, "  all settings have their defaults")
	}
	w.settings("  ", *t.Settings)
	for _, s := range t.Unknown {
		fmt.Fprintf(w, "  %s is unknown\n    from %s\n", report.Visible(s.Name), s.From[0].Place)
	}
}

// settings writes settings and where they come from. It does not repeat a label that is the path of the file.
func (w textWriter) settings(indent string, settings []Setting) {
	for _, s := range settings {
		fmt.Fprintln(w, strings.TrimRight(indent+s.String(), " "))
		for _, from := range s.From {
			switch {
			case from.Place == nil:
				fmt.Fprintf(w, "%s  from %s\n", indent, report.Visible(from.Label))
			case from.Label == from.Place.Path:
				fmt.Fprintf(w, "%s  from %s\n", indent, from.Place)
			default:
				fmt.Fprintf(w, "%s  from %s, %s\n", indent, report.Visible(from.Label), from.Place)
			}
		}
	}
}

// String returns the assignment; a question mark says that the value is not certain.
func (s Setting) String() string {
	mark := ""
	if !s.Certain {
		mark = "?"
	}
	return fmt.Sprintf("%s =%s %s", s.Name, mark, oneLine(s.Value))
}

func (w textWriter) fatal(indent string, f *Fatal) {
	if f != nil {
		fmt.Fprintf(w, "%s%s: every Nix command fails: %s\n", indent, f.Place,
			report.Visible(strings.TrimSuffix(f.Message, "; every Nix command fails")))
	}
}

package trace

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/page"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/secret"
)

// maxSteps is the number of steps of a stage that a page shows.
const maxSteps = 300

// Timelines returns what a page draws: for the Dockerfile, or for each build, its stages with all their steps, also
// those that have nothing to do with Nix. A trace of nix.conf files has none.
func (t *Trace) Timelines() []page.Timeline {
	if t.Nix != nil {
		return nil
	}
	if t.Builds == nil {
		return []page.Timeline{{Path: t.Files[0], Stages: drawStages(t.images, t.Stages)}}
	}
	var out []page.Timeline
	for n := range t.Builds {
		b := &t.Builds[n]
		out = append(out, page.Timeline{Path: b.What + ": " + b.Dockerfile, Stages: drawStages(b.images, b.Stages)})
	}
	return out
}

// tracedImage is a stage of a Dockerfile, with its index in Trace.Stages and its events; -1 and none for one that has
// nothing to do with Nix.
type tracedImage struct {
	*image.Image
	stage  int
	events []*nixuse.Event
}

func drawStages(images []tracedImage, stages []Stage) []page.Stage {
	var out []page.Stage
	for _, img := range images {
		title := Stage{Index: img.Stage.Index, Name: img.Stage.Name}
		s := page.Stage{Title: title.title(), From: masked(img.Stage.Base.Text)}
		emulated := false
		for _, p := range platformsOf(img.Image) {
			emulated = emulated || p.Emulated
			why := p.Why
			if p.Native {
				why = "natively: " + why
			}
			if p.Place != nil {
				why += ", " + p.Place.String()
			}
			s.Platforms = append(s.Platforms, page.Platform{Name: p.Name, Emulated: p.Emulated, Why: why})
		}
		var steps []page.Step
		events := map[*dockerfile.Instruction][]page.NixEvent{}
		if img.stage >= 0 {
			traced := &stages[img.stage]
			s.Nix = traced.Nix.String()
			for n, e := range traced.Events {
				at := img.events[n].Instruction
				events[at] = append(events[at], traced.draw(&e))
			}
		}
		for _, st := range img.Steps() {
			steps = append(steps, drawStep(st, emulated, events[st.Instruction]))
		}
		s.Steps, s.More = fewer(steps)
		if img.stage >= 0 && len(stages[img.stage].Starts) > 0 {
			s.Steps = append(s.Steps, stages[img.stage].drawStarts(img.EndUser()))
		}
		out = append(out, s)
	}
	return out
}

// fewer returns the steps that are shown, those with Nix where there are too many, and the number of the others.
func fewer(steps []page.Step) ([]page.Step, int) {
	all := len(steps)
	if all > maxSteps {
		steps = slices.DeleteFunc(steps, func(s page.Step) bool { return len(s.Nix) == 0 })
		steps = steps[:min(len(steps), maxSteps)]
	}
	return steps, all - len(steps)
}

func drawStep(st *image.Step, emulated bool, events []page.NixEvent) page.Step {
	f := st.Dockerfile().Source
	text := st.Name + " " + string(f.Bytes[st.Span.Start+len(st.Name):st.Span.End])
	at := st.Instruction.Span.Start
	if st.Onbuild != nil {
		text = "ONBUILD " + text
	}
	out := page.Step{Line: f.LineOf(at), Text: masked(text), Emulated: emulated && st.Name == "RUN" && !st.Deferred,
		Nix: events}
	out.User, out.Root = userOf(st.User())
	return out
}

// userOf returns the name of a user, "" where it is not known, and whether it is the superuser.
func userOf(v dockerfile.Value) (name string, root bool) {
	switch {
	case !v.Known:
		return "", false
	case v.Text == "" || v.Text == "root" || v.Text == "0":
		return "root", true
	}
	return masked(v.Text), false
}

func (s *Stage) draw(e *Event) page.NixEvent {
	if e.Command != nil {
		return s.Commands[*e.Command].draw("")
	}
	shown := *e
	shown.Text = secret.Mask(e.Text)
	kind := "write"
	if e.Kind == "environment" || e.Kind == "unread" {
		kind = e.Kind
	}
	return page.NixEvent{Kind: kind, Text: shown.String()}
}

func (s *Stage) drawStarts(user dockerfile.Value) page.Step {
	out := page.Step{Text: "when a container is started"}
	out.User, out.Root = userOf(user)
	for n := range s.Starts {
		out.Nix = append(out.Nix, s.Starts[n].draw("a container runs "))
	}
	return out
}

func (c *Command) draw(before string) page.NixEvent {
	if c.Maybe {
		before = "perhaps " + before
	}
	out := page.NixEvent{Kind: "command", Text: before + masked(c.Command)}
	switch c.Builds {
	case "always":
		out.Notes = append(out.Notes, "builds")
	case "maybe":
		out.Notes = append(out.Notes, "builds what no cache has")
	}
	for _, l := range c.Layers {
		if l.State == "refused" {
			out.Kind = "fails"
		}
		if line := l.String(); line != "" {
			out.Notes = append(out.Notes, line)
		}
	}
	if c.Uncertain {
		out.Notes = append(out.Notes, "its base image, or something that runs before it, may change any setting")
	}
	if c.Lost != "" {
		out.Notes = append(out.Notes, masked(c.Lost))
	}
	if c.Fatal != nil {
		out.Kind = "fails"
		out.Notes = append(out.Notes, fmt.Sprintf("%s (%s)", masked(c.Fatal.Message), c.Fatal.Place))
	}
	for _, s := range c.Settings {
		out.Settings = append(out.Settings, page.Setting{Name: s.Name, Value: masked(s.Value), From: origins(s.From),
			Uncertain: !s.Certain})
	}
	return out
}

// origins returns where a setting comes from.
func origins(from []Origin) string {
	var out []string
	for _, o := range from {
		switch {
		case o.Place == nil:
			out = append(out, o.Label)
		case o.Label == o.Place.Path:
			out = append(out, o.Place.String())
		default:
			out = append(out, o.Label+", "+o.Place.String())
		}
	}
	return strings.Join(out, "; ")
}

// masked returns text as one short line without passwords.
func masked(text string) string { return oneLine(continued.ReplaceAllString(secret.Mask(text), "$1")) }

// continued is the end of a line that goes on in the next one.
var continued = regexp.MustCompile(`[\\` + "`" + `][ \t]*(\r?\n)`)

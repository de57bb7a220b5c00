// Package trace shows what the builds of a Dockerfile do with Nix: every event in order, the settings in force at each
// Nix command, what runs under an emulator, and which layers of a sandbox are on. The model is made once (New…), and
// written as text, JSON, a Mermaid flowchart or an SVG picture.
package trace

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Version changes when a field of the JSON changes its meaning.
const Version = 1

// Trace is what is shown. Stages are those of a Dockerfile, Builds the builds of a bake file or Compose file; Nix,
// Fatal, Settings and Unknown are for nix.conf files.
type Trace struct {
	Version  int        `json:"version"`
	Files    []string   `json:"files"`
	Builds   []Build    `json:"builds,omitempty"`
	Stages   []Stage    `json:"stages,omitempty"`
	Nix      *Nix       `json:"nix,omitempty"`
	Fatal    *Fatal     `json:"fatal,omitempty"`
	Settings *[]Setting `json:"settings,omitempty"`
	Unknown  []Setting  `json:"unknown,omitempty"`

	images []tracedImage // of the Dockerfile
}

// Build is a build that a bake target or a service describes.
type Build struct {
	Name       string  `json:"name"`
	What       string  `json:"what"` // such as `the bake target "web"`
	Place      Place   `json:"place"`
	Dockerfile string  `json:"dockerfile"`
	Stages     []Stage `json:"stages"`

	images []tracedImage // of the Dockerfile that it runs
}

// Nix is the Nix that settings were merged for.
type Nix struct {
	Distribution nixconf.Distribution `json:"distribution"`
	Version      string               `json:"version"`
	Assumed      bool                 `json:"assumed"`
}

// Stage is a stage of a Dockerfile that has to do with Nix.
type Stage struct {
	Index     int        `json:"index"`
	Name      string     `json:"name"`
	From      string     `json:"from"`
	Place     Place      `json:"place"`
	Nix       Nix        `json:"nix"`
	Platforms []Platform `json:"platforms,omitempty"`
	// Events are what happens in the stage, in order.
	Events []Event `json:"events"`
	// Commands are the Nix commands, in order, and Starts those that a container runs when it is started.
	Commands []Command `json:"commands"`
	Starts   []Command `json:"starts,omitempty"`
}

// Platform is a platform that a stage is built for.
type Platform struct {
	Name     string `json:"name"`
	Emulated bool   `json:"emulated"`
	Native   bool   `json:"native"`
	Why      string `json:"why"`
	Place    *Place `json:"place,omitempty"`
}

// Event is something that happens in a stage. Kind is "append", "write", "change", "remove" (of the file Path),
// "environment" (the variable Name), "command" (an element of Stage.Commands, by its index Command), or "unread":
// something that may do anything.
type Event struct {
	Kind  string `json:"kind"`
	Place Place  `json:"place"`
	// Maybe says that it may not happen, because it stands under a condition.
	Maybe bool `json:"maybe,omitempty"`
	// Installer says that an installer of Nix does it.
	Installer bool   `json:"installer,omitempty"`
	Path      string `json:"path,omitempty"`
	Name      string `json:"name,omitempty"`
	// Text is what is written to the file, or the value of the variable, where it is known.
	Text    string `json:"text,omitempty"`
	Known   bool   `json:"known"`
	Command *int   `json:"command,omitempty"`
}

// Command is a Nix command with the settings in force when it runs.
type Command struct {
	Command string `json:"command"`
	Place   Place  `json:"place"`
	// Builds is "always", "maybe" (what no cache has), or "never".
	Builds    string `json:"builds"`
	Maybe     bool   `json:"maybe,omitempty"`
	Uncertain bool   `json:"uncertain"`
	Lost      string `json:"lost,omitempty"`
	Fatal     *Fatal `json:"fatal,omitempty"`
	// Layers are the layers of the sandbox around what the command builds; none where it builds nothing.
	Layers   []Layer   `json:"layers,omitempty"`
	Settings []Setting `json:"settings"`
}

// Layer is a layer of a sandbox. State is "on", "off", "given up" (asked for, not there, and Nix goes on without),
// "refused" (asked for, not there, and the command fails) or "unknown".
type Layer struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// Setting is a setting in force.
type Setting struct {
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Certain bool     `json:"certain"`
	From    []Origin `json:"from"`
}

// Origin is where a setting comes from.
type Origin struct {
	Label string `json:"label"`
	Place *Place `json:"place,omitempty"`
}

// Place is a place in a file: lines and columns count from 1, columns in code points; the offset is in bytes from 0.
type Place struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Offset int    `json:"offset"`
}

// Fatal is the error at which every Nix command fails.
type Fatal struct {
	Message string `json:"message"`
	Place   Place  `json:"place"`
}

func placeOf(f *source.File, offset int) Place {
	p := f.Position(offset)
	return Place{f.Path, p.Line, p.Column, p.Offset}
}

// OfDockerfile returns the trace of a Dockerfile.
func OfDockerfile(doc *workspace.Document, t workspace.Targets) *Trace {
	stages, images := stagesOf(doc, nil, t)
	return &Trace{Version: Version, Files: []string{doc.Source.Path}, Stages: stages, images: images}
}

// OfPlans returns the trace of the builds that a file describes, opened by OpenPlan. Its stages are those that the
// build runs.
func OfPlans(path string) *Trace { return &Trace{Version: Version, Files: []string{path}} }

// Add adds a build.
func (t *Trace) Add(p *workspace.Plan, doc *workspace.Document, runs []*image.Image, targets workspace.Targets) {
	stages, images := stagesOf(doc, runs, targets)
	t.Builds = append(t.Builds, Build{
		Name: p.Name, What: p.What, Place: placeOf(p.File, p.Span.Start), Dockerfile: doc.Source.Path,
		Stages: stages, images: images,
	})
}

// OfNixConf returns the trace of nix.conf files, in the order in which Nix reads them.
func OfNixConf(docs []*workspace.Document, n *nixuse.NixTrace) *Trace {
	settings := settingsOf(n.Settings)
	t := &Trace{Version: Version, Nix: &Nix{n.Distribution, n.Version.String(), n.Assumed}, Settings: &settings,
		Unknown: settingsOf(n.Unknown), Fatal: fatalOf(n.Fatal)}
	for _, d := range docs {
		t.Files = append(t.Files, d.Source.Path)
	}
	return t
}

// stagesOf returns the stages of a Dockerfile that have to do with Nix, and all its images; of those given in runs,
// unless it is nil.
func stagesOf(doc *workspace.Document, runs []*image.Image, targets workspace.Targets) ([]Stage, []tracedImage) {
	out := []Stage{}
	var images []tracedImage
	index := map[*image.Image]int{}
	for _, img := range doc.Dockerfile.Images {
		if runs == nil || slices.Contains(runs, img) {
			index[img] = len(images)
			images = append(images, tracedImage{img, -1, nil})
		}
	}
	// The default profile of Podman and Buildah allows the namespaces of Nix's sandbox, that of Docker does not.
	namespaces := targets.Seccomp.Given("podman") && !targets.Seccomp.Given("docker")
	for _, s := range doc.Nix.Trace() {
		if runs != nil && !slices.Contains(runs, s.Image.Image) {
			continue
		}
		stage := Stage{
			Index:    s.Image.Stage.Index,
			Name:     s.Image.Stage.Name,
			From:     s.Image.Stage.Base.Text,
			Place:    placeOf(doc.Source, s.Image.Stage.From.Span.Start),
			Nix:      Nix{s.Distribution, s.Version.String(), s.Assumed},
			Events:   []Event{},
			Commands: []Command{},
		}
		stage.Platforms = platformsOf(s.Image.Image)
		for _, c := range s.Commands {
			stage.Commands = append(stage.Commands, commandOf(&c, namespaces))
		}
		for _, c := range s.Starts {
			stage.Starts = append(stage.Starts, commandOf(&c, false))
		}
		n := 0
		for _, e := range s.Events {
			event := eventOf(e)
			if e.Kind == nixuse.RunCommand {
				index := n
				event.Command = &index
				n++
			}
			stage.Events = append(stage.Events, event)
		}
		if n, ok := index[s.Image.Image]; ok {
			images[n].stage, images[n].events = len(out), s.Events
		}
		out = append(out, stage)
	}
	return out, images
}

// platformsOf returns the platforms that a stage is built for, each once.
func platformsOf(img *image.Image) []Platform {
	var out []Platform
	for _, p := range img.Platforms() {
		platform := Platform{Name: p.Name, Emulated: p.Emulated, Native: p.Native, Why: p.Why}
		if p.File != nil {
			place := placeOf(p.File, p.Span.Start)
			platform.Place = &place
		}
		if !slices.ContainsFunc(out, func(o Platform) bool { return samePlatform(o, platform) }) {
			out = append(out, platform)
		}
	}
	return out
}

func samePlatform(a, b Platform) bool {
	return a.Name == b.Name && a.Emulated == b.Emulated && a.Why == b.Why && (a.Place == nil) == (b.Place == nil) &&
		(a.Place == nil || *a.Place == *b.Place)
}

func eventOf(e *nixuse.Event) Event {
	out := Event{Place: placeOf(e.File, e.Span.Start), Maybe: e.Maybe, Installer: e.ByInstaller, Path: e.Path}
	switch e.Kind {
	case nixuse.WriteConfig:
		out.Kind = "append"
		switch {
		case e.Removed:
			out.Kind, out.Known = "remove", true
		case e.Text == nil:
			out.Kind = "change"
		case e.Truncate:
			out.Kind = "write"
		}
		if e.Text != nil {
			out.Text, out.Known = string(e.Text.Fragment.Text), true
		}
	case nixuse.SetEnv:
		out.Kind, out.Name, out.Text, out.Known = "environment", e.Name, e.Value, e.Known
	case nixuse.Opaque:
		out.Kind = "unread"
	default:
		out.Kind, out.Known = "command", true
	}
	return out
}

func commandOf(c *nixuse.TraceCommand, namespaces bool) Command {
	e := c.Event
	out := Command{
		Command: e.File.Text(e.Span), Place: placeOf(e.File, e.Span.Start), Builds: "never", Maybe: e.Maybe,
		Uncertain: c.Uncertain, Lost: c.Lost, Fatal: fatalOf(c.Fatal), Settings: settingsOf(c.Settings),
	}
	switch {
	case e.Nix.Phases&reach.Builds != 0:
		out.Builds = "always"
	case e.Nix.Phases&reach.MayBuild != 0:
		out.Builds = "maybe"
	default:
		return out
	}
	if c.Fatal == nil { // else it builds nothing
		out.Layers = layersOf(c, namespaces)
	}
	return out
}

func layersOf(c *nixuse.TraceCommand, namespaces bool) []Layer {
	container := Layer{"container", "on", "the engine's default seccomp profile"}
	if c.Event.Kind == nixuse.StartCommand {
		container.State, container.Why = "unknown", "it depends on how the container is started"
	} else if flag, ok := c.Event.Command.Step.Flag("security"); ok && flag.Value == "insecure" {
		container.State, container.Why = "off", "RUN --security=insecure"
	}
	sandbox := Layer{Name: "Nix's sandbox"}
	state := c.Sandbox
	if namespaces && (state == nixuse.LayerGivenUp || state == nixuse.LayerRefused) {
		state = nixuse.LayerOn
	}
	sandbox.State = state.String()
	switch state {
	case nixuse.LayerOff:
		sandbox.Why = "sandbox = false"
	case nixuse.LayerGivenUp:
		sandbox.Why = "the build container forbids namespaces, and sandbox-fallback is on"
	case nixuse.LayerRefused:
		sandbox.Why = "the build container forbids namespaces, and sandbox-fallback is off"
	}
	filter := Layer{Name: "Nix's syscall filter", State: c.Filter.String()}
	switch {
	case c.Filter == nixuse.LayerOff && slices.ContainsFunc(c.Settings, isFilterOff):
		filter.Why = "filter-syscalls = false"
	case c.Filter == nixuse.LayerRefused:
		filter.Why = "the emulator refuses it: unable to load seccomp BPF program"
	case c.Filter == nixuse.LayerGivenUp:
		filter.Why = "the emulator refuses it, and this build of Nix goes on without it"
	}
	return []Layer{container, sandbox, filter}
}

func isFilterOff(s nixuse.TraceSetting) bool {
	return s.Name == "filter-syscalls" && s.Value == "false"
}

func fatalOf(f *nixuse.TraceFatal) *Fatal {
	if f == nil {
		return nil
	}
	return &Fatal{f.Message, placeOf(f.File, f.Span.Start)}
}

func settingsOf(settings []nixuse.TraceSetting) []Setting {
	out := []Setting{}
	for _, s := range settings {
		setting := Setting{s.Name, s.Value, s.Certain, []Origin{}}
		for _, from := range s.From {
			o := Origin{Label: from.Label}
			if from.File != nil {
				place := placeOf(from.File, from.Span.Start)
				o.Place = &place
			}
			setting.From = append(setting.From, o)
		}
		out = append(out, setting)
	}
	return out
}

// oneLine returns text as one short line.
func oneLine(text string) string {
	const most = 160
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' }), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return report.Visible(text)
}

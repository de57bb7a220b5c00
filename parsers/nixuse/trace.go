package nixuse

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/source"
)

// TraceStage is one stage of a trace.
type TraceStage struct {
	// Image is the stage.
	Image *Image
	// Distribution and Version are the Nix that the settings were merged for. Assumed says that nothing in the files
	// names it.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	Assumed      bool
	// Events are what happens in the stage, in order. Commands are the Nix commands among them. What happens in its
	// parents is in their own stages.
	Events   []*Event
	Commands []TraceCommand
	// Starts are the Nix commands that a container runs when it is started.
	Starts []TraceCommand
}

// TraceCommand is a Nix command with the settings in force when it runs.
type TraceCommand struct {
	Event *Event
	// Uncertain says that something that cannot be read may have changed any setting before.
	Uncertain bool
	// Lost is a remark about a file that Nix looks for and that is not known to be there, or "".
	Lost string
	// Fatal is the error at which the command fails, nil where it does not or where that is not certain. Settings are
	// then those of the other lines.
	Fatal *TraceFatal
	// Settings are those that some source sets, in order of name. All others have their defaults.
	Settings []TraceSetting
	// Sandbox and Filter are what becomes of Nix's sandbox and of its syscall filter where the command builds
	// something.
	Sandbox, Filter Layer
}

// TraceSetting is a setting in force.
type TraceSetting struct {
	Name, Value string
	// Certain says that the value does not depend on anything unknown.
	Certain bool
	// From are the places that made the value, in order.
	From []TraceOrigin
}

// TraceOrigin is a place that a setting comes from.
type TraceOrigin struct {
	// Label names it for people: "ENV NIX_CONFIG", a path in the image, a base image.
	Label string
	// File and Span are its place; File is nil for a base image and for what an installer writes by default.
	File *source.File
	Span source.Span
}

// Trace returns, for each stage of a Dockerfile that has to do with Nix, what happens in it, and the settings in force
// at each Nix command.
func (m *Model) Trace() []TraceStage {
	var out []TraceStage
	for _, img := range m.Images {
		stage := TraceStage{Image: img}
		stage.Distribution, stage.Version = img.nixVersion()
		stage.Assumed = len(img.targets()) > 1 || img.targets()[0].From != img.targets()[0].To
		stage.Events = img.Events
		for _, e := range img.Events {
			if e.Kind == RunCommand {
				stage.Commands = append(stage.Commands, img.traceCommand(e))
			}
		}
		for _, e := range img.Starts {
			stage.Starts = append(stage.Starts, img.traceCommand(e))
		}
		if len(stage.Events) > 0 || len(stage.Starts) > 0 {
			out = append(out, stage)
		}
	}
	return out
}

func (img *Image) traceCommand(e *Event) TraceCommand {
	eff := img.SettingsBefore(e)
	c := TraceCommand{Event: e, Uncertain: eff.Uncertain, Lost: eff.lost}
	c.Sandbox, c.Filter = img.sandboxLayer(e, eff), img.filterLayer(eff)
	if !eff.Uncertain {
		c.Fatal = fatalOf(eff.Settings)
	}
	for _, name := range eff.Names() {
		s, sources := eff.Settings.Get(name), eff.merged.sources
		_, certain := eff.Value(name)
		if !certain && eff.mayBeSet(name) {
			possible := eff.possible()
			s, sources = possible.stack.Settings().Get(name), possible.sources
		}
		if s.Name == "" {
			continue // the release has no such setting
		}
		t := TraceSetting{Name: name, Value: s.Value, Certain: certain}
		for _, o := range s.Origins {
			last := sources.at(o.Source)
			if last == nil {
				continue
			}
			from := TraceOrigin{Label: last.origin.Label}
			if f := o.File.Fragment.File; IsBuiltin(f) {
				from.Label = f.Path
			} else if o.Entry != nil {
				from.File, from.Span = f, o.File.Fragment.Span(o.Entry.Span)
			}
			if !slices.Contains(t.From, from) {
				t.From = append(t.From, from)
			}
		}
		c.Settings = append(c.Settings, t)
	}
	return c
}

// NixTrace is the result of reading a set of nix.conf files.
type NixTrace struct {
	// Distribution and Version are the Nix that the settings were merged for. Assumed says that the user did not name
	// one release.
	Distribution nixconf.Distribution
	Version      nixconf.Version
	Assumed      bool
	// Fatal is the first error at which that Nix fails, nil where it does not. Settings are then those of the other
	// lines.
	Fatal *TraceFatal
	// Settings are those that some file sets, in order of name. All others have their defaults.
	Settings []TraceSetting
	// Unknown are the settings that the release does not have, in order.
	Unknown []TraceSetting
}

// TraceFatal is why every Nix command fails.
type TraceFatal struct {
	Message string
	File    *source.File
	Span    source.Span
}

func fatalOf(s *effective.Settings) *TraceFatal {
	if f := s.Fatal; f != nil {
		return &TraceFatal{f.Message, f.File.Fragment.File, f.File.Fragment.Span(f.Span)}
	}
	return nil
}

// TraceNix returns the settings in force with the given nix.conf files, in the order in which Nix reads them: that of
// the system, then those of the user, where a later one wins.
func TraceNix(texts []*Text, targets Targets) *NixTrace {
	target := targets.Nix[0]
	t := &NixTrace{
		Distribution: target.Distribution,
		Version:      target.To,
		Assumed:      !targets.NixGiven || len(targets.Nix) > 1 || target.From != target.To,
	}
	stack := effective.NewStack(t.Distribution, t.Version, targets.System)
	for n, text := range texts {
		source := effective.Source{File: text.File, Kind: effective.SystemFile, Label: text.Path}
		if n > 0 {
			source.Kind = effective.UserFile
		}
		stack = stack.With(source)
	}
	settings := stack.Settings()
	t.Fatal = fatalOf(settings)
	origin := func(o effective.Origin) TraceOrigin {
		file := o.File.Fragment.File
		return TraceOrigin{Label: file.Path, File: file, Span: o.File.Fragment.Span(o.Entry.Span)}
	}
	for _, name := range settings.Names() {
		s := settings.Get(name)
		if !s.Set {
			continue
		}
		setting := TraceSetting{Name: name, Value: s.Value, Certain: s.Known}
		for _, o := range s.Origins {
			if o.Entry != nil {
				setting.From = append(setting.From, origin(o))
			}
		}
		t.Settings = append(t.Settings, setting)
	}
	for _, o := range settings.Unknown {
		t.Unknown = append(t.Unknown,
			TraceSetting{Name: o.Entry.Name.Text, Value: o.Entry.Value, Certain: true, From: []TraceOrigin{origin(o)}})
	}
	return t
}

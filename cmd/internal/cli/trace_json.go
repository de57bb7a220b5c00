package cli

import (
	"encoding/json"
	"io"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// traceVersion changes when a field of the JSON changes its meaning.
const traceVersion = 1

// traceJSON is what trace --format json prints. Stages are those of a Dockerfile; Nix, Fatal, Settings and Unknown are
// for nix.conf files.
type traceJSON struct {
	Version  int            `json:"version"`
	Files    []string       `json:"files"`
	Stages   []stageJSON    `json:"stages,omitempty"`
	Nix      *nixJSON       `json:"nix,omitempty"`
	Fatal    *fatalJSON     `json:"fatal,omitempty"`
	Settings *[]settingJSON `json:"settings,omitempty"`
	Unknown  []settingJSON  `json:"unknown,omitempty"`
}

type nixJSON struct {
	Distribution nixconf.Distribution `json:"distribution"`
	Version      string               `json:"version"`
	Assumed      bool                 `json:"assumed"`
}

type stageJSON struct {
	Index    int           `json:"index"`
	Name     string        `json:"name"`
	From     string        `json:"from"`
	Place    placeJSON     `json:"place"`
	Nix      nixJSON       `json:"nix"`
	Commands []commandJSON `json:"commands"`
}

type commandJSON struct {
	Command   string        `json:"command"`
	Place     placeJSON     `json:"place"`
	Uncertain bool          `json:"uncertain"`
	Lost      string        `json:"lost,omitempty"`
	Fatal     *fatalJSON    `json:"fatal,omitempty"`
	Settings  []settingJSON `json:"settings"`
}

type settingJSON struct {
	Name    string       `json:"name"`
	Value   string       `json:"value"`
	Certain bool         `json:"certain"`
	From    []originJSON `json:"from"`
}

type originJSON struct {
	Label string     `json:"label"`
	Place *placeJSON `json:"place,omitempty"`
}

// placeJSON is a place in a file: lines and columns count from 1, columns in code points; the offset is in bytes from
// 0.
type placeJSON struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Offset int    `json:"offset"`
}

type fatalJSON struct {
	Message string    `json:"message"`
	Place   placeJSON `json:"place"`
}

func newPlaceJSON(f *source.File, offset int) placeJSON {
	p := f.Position(offset)
	return placeJSON{f.Path, p.Line, p.Column, p.Offset}
}

func newStagesJSON(d *image.Dockerfile, stages []nixuse.TraceStage) traceJSON {
	out := traceJSON{Version: traceVersion, Files: []string{d.Source.Path}}
	for _, s := range stages {
		from := s.Image.Stage.From
		stage := stageJSON{
			Index:    s.Image.Stage.Index,
			Name:     s.Image.Stage.Name,
			From:     s.Image.Stage.Base.Text,
			Place:    newPlaceJSON(d.Source, from.Span.Start),
			Nix:      nixJSON{s.Distribution, s.Version.String(), s.Assumed},
			Commands: []commandJSON{},
		}
		for _, c := range s.Commands {
			stage.Commands = append(stage.Commands, commandJSON{
				Command: c.Event.File.Text(c.Event.Span), Place: newPlaceJSON(c.Event.File, c.Event.Span.Start),
				Uncertain: c.Uncertain, Lost: c.Lost, Fatal: newFatalJSON(c.Fatal), Settings: settingsJSON(c.Settings),
			})
		}
		out.Stages = append(out.Stages, stage)
	}
	return out
}

func newSettingsJSON(docs []*workspace.Document, t *nixuse.NixTrace) traceJSON {
	settings := settingsJSON(t.Settings)
	out := traceJSON{Version: traceVersion, Nix: &nixJSON{t.Distribution, t.Version.String(), t.Assumed},
		Settings: &settings, Unknown: settingsJSON(t.Unknown)}
	for _, d := range docs {
		out.Files = append(out.Files, d.Source.Path)
	}
	out.Fatal = newFatalJSON(t.Fatal)
	return out
}

func newFatalJSON(f *nixuse.TraceFatal) *fatalJSON {
	if f == nil {
		return nil
	}
	return &fatalJSON{f.Message, newPlaceJSON(f.File, f.Span.Start)}
}

func settingsJSON(settings []nixuse.TraceSetting) []settingJSON {
	out := []settingJSON{}
	for _, s := range settings {
		setting := settingJSON{s.Name, s.Value, s.Certain, []originJSON{}}
		for _, from := range s.From {
			o := originJSON{Label: from.Label}
			if from.File != nil {
				place := newPlaceJSON(from.File, from.Span.Start)
				o.Place = &place
			}
			setting.From = append(setting.From, o)
		}
		out = append(out, setting)
	}
	return out
}

func writeTraceJSON(w io.Writer, t traceJSON) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(t)
}

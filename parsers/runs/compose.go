package runs

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// OfCompose returns the services of a Compose file, in order. What they extend in other files is not among it: such a
// run is Open.
func OfCompose(f *compose.File) []*Run {
	out := make([]*Run, 0, len(f.Services))
	for _, s := range f.Services {
		out = append(out, OfService(f, s))
	}
	return out
}

// OfService returns one service of a Compose file, as OfCompose does.
func OfService(f *compose.File, s *compose.Service) *Run { return ofService(f.Source, s) }

func ofService(f *source.File, s *compose.Service) *Run {
	in := in{f}
	r := &Run{
		File: f, Span: s.NameSpan, Whole: s.Span, Host: Compose, Name: s.Name, Engine: Docker,
		Image: in.value(s.Image), Privileged: in.value(s.Privileged),
		CapAdd: in.values(s.CapAdd), CapDrop: in.values(s.CapDrop),
		Devices: in.values(s.Devices), Mounts: in.values(s.Volumes),
		Runtime: in.value(s.Runtime),
		PID:     in.value(s.PID), IPC: in.value(s.IPC), Network: in.value(s.Network), Userns: in.value(s.Userns),
		User: in.value(s.User), ReadOnly: in.value(s.ReadOnly), Platform: in.value(s.Platform),
		EnvFiles: in.values(s.EnvFiles), Profiles: in.values(s.Profiles),
		Open: s.ExtendsFile.IsSet(), Entrypoint: in.words(s.Entrypoint), Args: in.words(s.Command),
		Env: in.table(s.Environment), Keys: s.Keys,
	}
	for _, v := range s.SecurityOpt {
		r.Options = append(r.Options, option(in.value(v)))
	}
	for _, v := range s.Ports {
		if p, ok := port(in.value(v)); ok {
			r.Ports = append(r.Ports, p)
		}
	}
	if b := s.Build; b != nil {
		r.Build = &Build{
			File: f, Stage: b.Stage, Span: b.Span,
			written: b.Context.IsSet() || b.Dockerfile.IsSet() || b.Inline.IsSet(),
		}
		r.Build.Written = &Written{
			Context: in.value(b.Context), Dockerfile: in.value(b.Dockerfile), Inline: in.value(b.Inline),
			Stage: in.value(b.Stage), Network: in.value(b.Network), Platforms: in.values(b.Platforms),
			Entitlements: in.values(b.Entitlements), Args: in.table(b.Args),
		}
		r.Build.Context, _ = b.ContextPath()
		r.Build.Dockerfile, _ = b.DockerfilePath()
	}
	return r
}

// in makes the values of one file.
type in struct{ file *source.File }

func (in in) value(v source.Value) Value { return Value{Value: v, File: in.file} }

func (in in) values(list []source.Value) []Value {
	var out []Value
	for _, v := range list {
		out = append(out, in.value(v))
	}
	return out
}

func (in in) table(m map[string]source.Value) map[string]Value {
	out := make(map[string]Value, len(m))
	for name, v := range m {
		out[name] = in.value(v)
	}
	return out
}

func (in in) words(w *compose.Words) *Words {
	if w == nil {
		return nil
	}
	out := &Words{Known: true, Span: w.Span, File: in.file}
	for _, v := range w.Words {
		out.Known = out.Known && v.Known
		if !w.Shell || !v.Known {
			out.Words = append(out.Words, in.value(v))
			continue
		}
		// Compose divides the text as a shell would, and knows no operators.
		if strings.ContainsAny(v.Text, "|&;<>()$`\\\n*?[") {
			out.Known = false
			continue
		}
		for _, c := range shell.Parse([]byte(v.Text), 0, shell.Sh, nil).Commands {
			for _, word := range c.Words {
				at := v
				at.Text = word.Text
				if v.Span.Len() == len(v.Text) {
					at.Span = word.Span.Shift(v.Span.Start)
				}
				out.Words = append(out.Words, in.value(at))
			}
			out.Known = out.Known && len(c.Assigns) == 0 && len(c.Wrappers) == 0
			break
		}
	}
	return out
}

package runs

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/devcontainer"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// OfDevcontainer returns the container of a devcontainer.json, nil where the file does not say how it is run. One that
// is a service of a Compose file is Open, since the Compose file says the rest.
func OfDevcontainer(d *devcontainer.File) *Run {
	if d.Broken || !d.Image.IsSet() && !d.Dockerfile.IsSet() && len(d.Compose) == 0 {
		return nil
	}
	in := in{d.Source}
	r := &Run{
		File: d.Source, Host: Devcontainer, Engine: Docker, Whole: d.Source.Span(),
		Image: in.value(d.Image), Privileged: in.value(d.Privileged), CapAdd: in.values(d.CapAdd),
		Mounts: in.values(d.Mounts), User: in.value(d.User), Env: map[string]Value{}, Open: len(d.Compose) > 0,
		// What runs is what the tool wants: by default a shell that waits.
		Args: &Words{File: d.Source},
	}
	for n, m := range r.Mounts {
		r.Mounts[n] = mount(m)
	}
	for _, v := range []source.Value{d.Image, d.Dockerfile, d.Service} {
		if v.IsSet() {
			r.Span, r.Args.Span = v.Span, v.Span
			break
		}
	}
	for _, v := range d.SecurityOpt {
		r.Options = append(r.Options, option(in.value(v)))
	}
	if d.Dockerfile.IsSet() {
		r.Build = &Build{File: d.Source, Stage: d.Stage, Span: d.Dockerfile.Span, written: true}
		if d.Dockerfile.Known && !strings.Contains(d.Dockerfile.Text, "://") {
			r.Build.Dockerfile = path.Clean(d.Dockerfile.Text)
		}
		if d.Context.Known {
			r.Build.Context = path.Clean(d.Context.Text)
		}
	}
	words := make([]shell.Word, 0, len(d.RunArgs)+1)
	words = append(words, shell.Word{Text: "docker", Known: true})
	for _, v := range d.RunArgs {
		words = append(words, shell.Word{Text: v.Text, Known: v.Known, Span: v.Span})
	}
	var none Script
	l := commandLine{source.WholeFile(d.Source), &shell.Command{Words: words}, &none}
	for n := 1; n < len(words); n++ {
		switch {
		case !words[n].Known:
			r.Open = true
		case strings.HasPrefix(words[n].Text, "-"):
			n = l.flag(r, n)
		}
	}
	return r
}

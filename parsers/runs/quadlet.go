package runs

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// IsQuadlet reports whether a file is a Quadlet unit of a container; its name and text say so.
func IsQuadlet(name string, text func() []byte) bool {
	return path.Ext(name) == ".container" && bytes.Contains(text(), []byte("[Container]"))
}

// OfQuadlet returns the container of a Quadlet unit, nil for a file without a section [Container]. Keys are those of
// podman-systemd.unit(5) 5.5. Systemd's specifiers, such as %h, make a value unknown.
func OfQuadlet(f *source.File) *Run {
	r := &Run{
		File: f, Whole: f.Span(), Host: Quadlet, Engine: Podman, Name: path.Base(f.Path), Env: map[string]Value{},
	}
	found, section := false, ""
	for n := 1; n <= f.Lines(); n++ {
		span := f.Line(n)
		text := f.Text(span)
		for strings.HasSuffix(text, "\\") && n < f.Lines() {
			n++
			span = span.Join(f.Line(n))
			text = f.Text(f.Line(n))
		}
		text = f.Text(span)
		line := strings.TrimSpace(text)
		switch {
		case line == "", line[0] == '#', line[0] == ';':
			continue
		case line[0] == '[':
			section = line
			if section == "[Container]" && !found {
				found, r.Span = true, span
			}
			continue
		case section != "[Container]":
			continue
		}
		key, raw, ok := strings.Cut(text, "=")
		if !ok {
			continue
		}
		value := strings.TrimSpace(raw)
		at := span.Start + len(key) + 1 + strings.Index(raw, value)
		v := Value{File: f}
		v.Span = source.Span{Start: at, End: at + len(value)}
		if v.Known = !strings.ContainsAny(value, "%\n"); v.Known {
			v.Text = value
		}
		r.unitKey(strings.TrimSpace(key), v)
	}
	if !found {
		return nil
	}
	return r
}

// unitKey reads a key of [Container].
func (r *Run) unitKey(key string, v Value) {
	split := func(v Value) []Value {
		if !v.Known {
			return []Value{v}
		}
		var out []Value
		for _, name := range strings.Fields(v.Text) {
			one := v
			one.Text = name
			out = append(out, one)
		}
		return out
	}
	add := func(name string, v Value, text string) {
		o := Option{Name: name, Value: v, Span: v.Span}
		o.Value.Text = text
		r.Options = append(r.Options, o)
	}
	switch key {
	case "Image":
		r.Image = v
	case "AddCapability":
		r.CapAdd = append(r.CapAdd, split(v)...)
	case "DropCapability":
		r.CapDrop = append(r.CapDrop, split(v)...)
	case "SeccompProfile":
		add("seccomp", v, v.Text)
	case "SecurityLabelDisable":
		if isTrue(v) {
			add("label", v, "disable")
		}
	case "NoNewPrivileges":
		add("no-new-privileges", v, v.Text)
	case "Unmask":
		if v.Is("ALL") {
			add("systempaths", v, "unconfined")
		}
	case "AddDevice":
		r.Devices = append(r.Devices, v)
	case "Volume":
		r.Mounts = append(r.Mounts, v)
	case "Mount":
		r.Mounts = append(r.Mounts, mount(v))
	case "PublishPort":
		if p, ok := port(v); ok {
			r.Ports = append(r.Ports, p)
		}
	case "Network":
		r.Network = v
	case "ReadOnly":
		r.ReadOnly = v
	case "UserNS":
		r.Userns = v
	case "User":
		r.User = v
	case "EnvironmentFile":
		r.EnvFiles = append(r.EnvFiles, v)
	case "Exec", "Entrypoint":
		w := &Words{Span: v.Span, File: v.File, Known: v.Known && !strings.ContainsAny(v.Text, "\\\"'$")}
		w.Words = split(v)
		if key == "Exec" {
			r.Args = w
		} else {
			r.Entrypoint = w
		}
	case "PodmanArgs", "GlobalArgs":
		r.podmanArgs(v)
	}
}

// podmanArgs reads options of podman run.
func (r *Run) podmanArgs(v Value) {
	if !v.Known {
		r.Open = true
		return
	}
	words := []shell.Word{{Text: "podman", Known: true}}
	rest, at := v.Text, v.Span.Start
	for rest != "" {
		n := strings.IndexAny(rest, " \t")
		if n < 0 {
			n = len(rest)
		}
		if n > 0 {
			span := source.Span{Start: at, End: at + n}
			words = append(words, shell.Word{Text: strings.Trim(rest[:n], `"'`), Known: true, Span: span})
		}
		n = min(n+1, len(rest))
		rest, at = rest[n:], at+n
	}
	var none Script
	l := commandLine{source.WholeFile(v.File), &shell.Command{Words: words}, &none}
	for n := 1; n < len(words); n++ {
		if strings.HasPrefix(words[n].Text, "-") {
			n = l.flag(r, n)
		}
	}
}

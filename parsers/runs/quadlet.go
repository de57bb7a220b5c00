package runs

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// The sections of units, by the extension of their files.
var unitSections = map[string]string{".container": "[Container]", ".build": "[Build]", ".kube": "[Kube]"}

// IsQuadlet reports whether a file is a Quadlet unit of a container, of an image that is built, or of Kubernetes YAML;
// its name and text say so.
func IsQuadlet(name string, text func() []byte) bool {
	section := unitSections[path.Ext(name)]
	return section != "" && bytes.Contains(text(), []byte(section))
}

// unitKeys calls visit for each key in a section of a unit, and returns the place of the section's header. Systemd's
// specifiers, such as %h, make a value unknown.
func unitKeys(f *source.File, section string, visit func(key string, v Value)) (header source.Span, found bool) {
	current := ""
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
			current = line
			if current == section && !found {
				found, header = true, span
			}
			continue
		case current != section:
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
		visit(strings.TrimSpace(key), v)
	}
	return header, found
}

// OfQuadlet returns the container of a Quadlet unit, nil for a file without a section [Container]. Keys are those of
// podman-systemd.unit(5) 5.5.
func OfQuadlet(f *source.File) *Run {
	r := &Run{
		File: f, Whole: f.Span(), Host: Quadlet, Engine: Podman, Name: path.Base(f.Path), Env: map[string]Value{},
	}
	header, found := unitKeys(f, unitSections[".container"], r.unitKey)
	if !found {
		return nil
	}
	r.Span = header
	return r
}

// UnitBuild is an image that a Quadlet unit builds.
type UnitBuild struct {
	Build
	// Absolute says that Dockerfile or Context is a path of the machine.
	Absolute bool
	// Tags are the names of the image, and Platforms those that it is built for.
	Tags, Platforms []Value
	// Args are the names of the build arguments; Open says that there may be others.
	Args []string
	Open bool
}

// BuildOfQuadlet returns the image that a Quadlet unit builds, nil for a file without a section [Build]. Without a file
// of its own Podman takes the one of the context: Dockerfile is then "". Source: podman, pkg/systemd/quadlet at
// c6580b4a, ConvertBuild and handleSetWorkingDirectory.
func BuildOfQuadlet(f *source.File) *UnitBuild {
	out := &UnitBuild{Build: Build{File: f, written: true}}
	var file, folder, arch, variant Value
	header, found := unitKeys(f, unitSections[".build"], func(key string, v Value) {
		switch key {
		case "File":
			file = v
		case "SetWorkingDirectory":
			folder = v
		case "Target":
			out.Stage = v.Value
		case "ImageTag":
			out.Tags = append(out.Tags, v)
		case "Arch":
			arch = v
		case "Variant":
			variant = v
		case "BuildArg":
			name, _, _ := strings.Cut(strings.Trim(v.Text, `"'`), "=")
			out.Args = append(out.Args, name)
			out.Open = out.Open || !v.Known
		case "PodmanArgs":
			out.Open = true
			_, rest, ok := strings.Cut(v.Text, "--platform")
			if words := strings.Fields(strings.TrimPrefix(rest, "=")); ok && len(words) > 0 {
				v.Text = words[0]
				out.Platforms = append(out.Platforms, commas(v)...)
			}
		}
	})
	if !found {
		return nil
	}
	out.Span = header
	if arch.Known && len(out.Platforms) == 0 {
		arch.Text = "linux/" + arch.Text
		if variant.Known && variant.Text != "" {
			arch.Text += "/" + variant.Text
		}
		out.Platforms = append(out.Platforms, arch)
	}
	out.paths(file, folder)
	return out
}

// paths finds the Dockerfile and the context.
func (b *UnitBuild) paths(file, folder Value) {
	unknown := func(v Value) bool { return v.IsSet() && (!v.Known || strings.Contains(v.Text, "://")) }
	if unknown(file) || unknown(folder) {
		return
	}
	b.Absolute = path.IsAbs(file.Text) || path.IsAbs(folder.Text)
	switch strings.ToLower(folder.Text) {
	case "unit":
		b.Context = "."
	case "file", "":
		if file.Text == "" {
			return
		}
		b.Context = path.Dir(file.Text)
	default:
		b.Context = path.Clean(folder.Text)
	}
	if file.Text != "" {
		b.Dockerfile = path.Clean(file.Text)
	}
}

// KubeYAML returns the paths of the Kubernetes YAML that a Quadlet unit plays, relative to its folder.
func KubeYAML(f *source.File) []Value {
	var out []Value
	unitKeys(f, unitSections[".kube"], func(key string, v Value) {
		if key != "Yaml" || !v.Known {
			return
		}
		for _, name := range strings.Fields(v.Text) {
			one := v
			one.Text = path.Clean(strings.Trim(name, `"'`))
			out = append(out, one)
		}
	})
	return out
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

package compose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// maxExtends bounds a chain of services that extend each other.
const maxExtends = 16

// Parse reads f. It never fails: what cannot be read becomes a problem of the file.
func Parse(f *source.File) *File {
	tree := yamltree.Parse(f)
	p := &parser{file: &File{Source: f, Problems: tree.Problems}}
	for _, root := range tree.Documents {
		p.document(root)
	}
	p.file.byName = make(map[string]*Service, len(p.file.Services))
	for i, s := range p.file.Services {
		p.file.Services[i] = p.extended(s, 0)
		p.file.byName[s.Name] = p.file.Services[i]
	}
	slices.SortStableFunc(p.file.Problems, func(a, b source.Problem) int {
		return cmp.Compare(a.Span.Start, b.Span.Start)
	})
	return p.file
}

type parser struct {
	file *File
	// own are the services as written, before extends.
	own map[string]*Service
}

func (p *parser) problem(kind string, span source.Span, format string, args ...any) {
	p.file.Problems = append(p.file.Problems,
		source.Problem{Span: span, Kind: kind, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) document(root *yamltree.Node) {
	root = root.Resolve()
	if root.IsNull() {
		return
	}
	if root.Kind != yamltree.Mapping {
		p.problem(KindShape, root.Span, "a Compose file must be a mapping, not %s", kind(root))
		return
	}
	services := root.Get("services")
	if services == nil && isLegacy(root) {
		p.file.Legacy = true
		services = root
	}
	p.includes(root.Get("include"))
	if services.IsNull() {
		return
	}
	if services.Kind != yamltree.Mapping {
		p.problem(KindShape, services.Span, "services must be a mapping, not %s", kind(services))
		return
	}
	if p.own == nil {
		p.own = map[string]*Service{}
	}
	for entry := range services.All() {
		key, value := entry.Key, entry.Value.Resolve()
		if strings.HasPrefix(key.Text, "x-") {
			continue
		}
		if !value.IsNull() && value.Kind != yamltree.Mapping {
			p.problem(KindShape, value.Span, "service %q must be a mapping, not %s", key.Text, kind(value))
			continue
		}
		s := p.service(key, value)
		s.Span = entry.Span()
		if first := p.own[s.Name]; first != nil {
			*first = *override(first, s)
			continue
		}
		p.own[s.Name] = s
		p.file.Services = append(p.file.Services, s)
	}
}

// isLegacy reports whether services are at the top of a file: every entry is a mapping, and one has an image or a
// build.
func isLegacy(root *yamltree.Node) bool {
	found := false
	for entry := range root.All() {
		value := entry.Value.Resolve()
		switch entry.Key.Text {
		case "version", "name", "include", "networks", "volumes", "configs", "secrets", "models":
			return false
		}
		if value == nil || value.Kind != yamltree.Mapping {
			return false
		}
		found = found || value.Get("image") != nil || value.Get("build") != nil
	}
	return found
}

func kind(n *yamltree.Node) string {
	switch n.Kind {
	case yamltree.Mapping:
		return "a mapping"
	case yamltree.Sequence:
		return "a list"
	case yamltree.Null:
		return "nothing"
	}
	return "a string"
}

func (p *parser) includes(n *yamltree.Node) {
	if n == nil {
		return
	}
	items := n.Items
	if n.Kind == yamltree.Scalar {
		items = []*yamltree.Node{n}
	}
	for _, item := range items {
		item = item.Resolve()
		if item != nil && item.Kind == yamltree.Mapping {
			item = item.Get("path")
		}
		p.file.Includes = append(p.file.Includes, p.list(item, "include")...)
	}
}

func (p *parser) service(key, n *yamltree.Node) *Service {
	s := &Service{Name: key.Text, NameSpan: key.Inner, Keys: map[string]source.Span{}}
	if n != nil {
		for _, pair := range n.Pairs {
			s.Keys[pair.Key.Text] = pair.Span()
		}
	}
	s.Image = p.value(get(n, "image"))
	s.Platform = p.value(get(n, "platform"))
	s.Privileged = p.value(get(n, "privileged"))
	s.SecurityOpt = p.list(get(n, "security_opt"), "security_opt")
	s.CapAdd = p.list(get(n, "cap_add"), "cap_add")
	s.CapDrop = p.list(get(n, "cap_drop"), "cap_drop")
	s.Devices = p.entries(get(n, "devices"), "devices", func(e *yamltree.Node) Value {
		return p.joined(e, get(e, "source"), get(e, "target"))
	})
	s.Volumes = p.entries(get(n, "volumes"), "volumes", p.volume)
	s.Ports = p.entries(get(n, "ports"), "ports", p.port)
	s.PID, s.IPC = p.value(get(n, "pid")), p.value(get(n, "ipc"))
	s.Runtime = p.value(get(n, "runtime"))
	s.Network, s.Userns = p.value(get(n, "network_mode")), p.value(get(n, "userns_mode"))
	s.User, s.ReadOnly = p.value(get(n, "user")), p.value(get(n, "read_only"))
	s.Command, s.Entrypoint = p.words(n.Pair("command")), p.words(n.Pair("entrypoint"))
	s.Environment = p.table(get(n, "environment"), "environment")
	s.EnvFiles = p.entries(get(n, "env_file"), "env_file", func(e *yamltree.Node) Value {
		return p.value(get(e, "path"))
	})
	s.Profiles = p.list(get(n, "profiles"), "profiles")
	if e := get(n, "extends"); e != nil {
		if e.Kind == yamltree.Mapping {
			s.Extends, s.ExtendsFile = p.value(get(e, "service")), p.value(get(e, "file"))
		} else {
			s.Extends = p.value(e)
		}
	}
	switch b := get(n, "build"); {
	case b.IsNull():
	case b.Kind == yamltree.Mapping:
		s.Build = p.build(b)
	case b.Kind == yamltree.Scalar:
		s.Build = &Build{Context: p.value(b), Span: b.Span}
	default:
		p.problem(KindShape, b.Span, "build must be a string or a mapping, not %s", kind(b))
	}
	return s
}

func (p *parser) build(n *yamltree.Node) *Build {
	b := &Build{Span: n.Span}
	b.Context = p.value(get(n, "context"))
	b.Dockerfile = p.value(get(n, "dockerfile"))
	b.Inline = p.value(get(n, "dockerfile_inline"))
	b.Stage = p.value(get(n, "target"))
	b.Privileged = p.value(get(n, "privileged"))
	b.Network = p.value(get(n, "network"))
	b.Platforms = p.list(get(n, "platforms"), "platforms")
	b.Entitlements = p.list(get(n, "entitlements"), "entitlements")
	b.Args = p.table(get(n, "args"), "args")
	b.Contexts = p.table(get(n, "additional_contexts"), "additional_contexts")
	if x := get(n, "x-bake").Resolve(); x != nil && x.Kind == yamltree.Mapping {
		b.BakePlatforms = p.list(get(x, "platforms"), "platforms")
		b.Contexts = union(b.Contexts, p.table(get(x, "contexts"), "contexts"))
	}
	return b
}

// get returns the value of a key, nil where the tag !reset removes it.
func get(n *yamltree.Node, key string) *yamltree.Node {
	if v := n.Get(key); v != nil && v.Tag != "!reset" {
		return v
	}
	return nil
}

func (p *parser) value(n *yamltree.Node) Value {
	n = n.Resolve()
	if n.IsNull() {
		return Value{}
	}
	if n.Kind != yamltree.Scalar {
		p.problem(KindShape, n.Span, "expected a string, not %s", kind(n))
		return Value{Span: n.Span}
	}
	return p.interpolate(n.Text, n.Inner)
}

func (p *parser) interpolate(text string, span source.Span) Value {
	if strings.IndexByte(text, '$') < 0 {
		return Value{Text: text, Known: true, Span: span}
	}
	r := interpolate(text, 0)
	v := Value{Span: span, Known: r.known && !r.invalid}
	if v.Known {
		v.Text, v.Overridable = r.text, r.overridable
	}
	if r.invalid {
		p.problem(KindTemplate, span,
			"%q has a \"${\" that does not start a variable; a literal dollar is written \"$$\"", text)
	}
	return v
}

// list reads a list of strings. A single string counts as a list of one, as Compose allows for several keys.
func (p *parser) list(n *yamltree.Node, name string) []Value {
	n = n.Resolve()
	switch {
	case n.IsNull():
		return nil
	case n.Kind == yamltree.Scalar:
		return []Value{p.value(n)}
	case n.Kind == yamltree.Mapping:
		p.problem(KindShape, n.Span, "%s must be a list, not a mapping", name)
		return nil
	}
	out := make([]Value, 0, len(n.Items))
	for _, item := range n.Items {
		if v := p.value(item); v.IsSet() {
			out = append(out, v)
		}
	}
	return out
}

// entries is like list, for a list whose items may be mappings, which long turns into the short form.
func (p *parser) entries(n *yamltree.Node, name string, long func(*yamltree.Node) Value) []Value {
	n = n.Resolve()
	if n == nil || n.Kind != yamltree.Sequence {
		return p.list(n, name)
	}
	var out []Value
	for _, item := range n.Items {
		v := Value{}
		if item = item.Resolve(); item != nil && item.Kind == yamltree.Mapping {
			v = long(item)
			v.Span = item.Span
		} else {
			v = p.value(item)
		}
		if v.IsSet() {
			out = append(out, v)
		}
	}
	return out
}

// joined returns the parts of an entry in the long form with colons between them; those that are not written are left
// out.
func (p *parser) joined(entry *yamltree.Node, parts ...*yamltree.Node) Value {
	out := Value{Known: true, Span: entry.Span}
	for _, n := range parts {
		v := p.value(n)
		if !v.IsSet() {
			continue
		}
		if !v.Known {
			return Value{Span: entry.Span}
		}
		if out.Text != "" {
			out.Text += ":"
		}
		out.Text += v.Text
		out.Overridable = out.Overridable || v.Overridable
	}
	return out
}

// volume returns a volume in the long form in the short one, without its options.
func (p *parser) volume(n *yamltree.Node) Value {
	return p.joined(n, get(n, "source"), get(n, "target"))
}

// port returns a port in the long form in the short one. Compose publishes one without "published" on a port that it
// chooses.
func (p *parser) port(n *yamltree.Node) Value {
	return p.joined(n, get(n, "host_ip"), get(n, "published"), get(n, "target"))
}

// words reads a command.
func (p *parser) words(pair yamltree.Pair) *Words {
	n := pair.Value.Resolve()
	switch {
	case pair.Key == nil || n.IsNull() || n.Tag == "!reset":
		return nil
	case n.Kind == yamltree.Scalar:
		return &Words{Words: []Value{p.value(n)}, Shell: true, Span: n.Span}
	case n.Kind == yamltree.Sequence:
		return &Words{Words: p.list(n, "command"), Span: n.Span}
	}
	p.problem(KindShape, n.Span, "a command must be a string or a list, not %s", kind(n))
	return nil
}

// table reads a mapping, or a list of NAME=VALUE.
func (p *parser) table(n *yamltree.Node, name string) map[string]Value {
	n = n.Resolve()
	if n.IsNull() {
		return nil
	}
	out := map[string]Value{}
	switch n.Kind {
	case yamltree.Mapping:
		for entry := range n.All() {
			key := entry.Key
			if entry.Value.IsNull() {
				out[key.Text] = Value{Span: key.Inner} // from the environment
				continue
			}
			out[key.Text] = p.value(entry.Value)
		}
	case yamltree.Sequence:
		for _, item := range n.Items {
			item = item.Resolve()
			if !item.IsScalar() {
				continue
			}
			k, v, assigned := strings.Cut(item.Text, "=")
			span := item.Inner
			if raw := p.file.Source.Text(span); raw == item.Text {
				span.Start += len(item.Text) - len(v)
			}
			switch key := p.interpolate(k, item.Inner); {
			case !key.Known:
			case !assigned:
				out[key.Text] = Value{Span: item.Inner}
			default:
				out[key.Text] = p.interpolate(v, span)
			}
		}
	default:
		p.problem(KindShape, n.Span, "%s must be a mapping or a list, not %s", name, kind(n))
	}
	return out
}

// extended returns s merged with the services that it extends in this file.
func (p *parser) extended(s *Service, depth int) *Service {
	if !s.Extends.Known || s.ExtendsFile.IsSet() {
		return s
	}
	base := p.own[s.Extends.Text]
	switch {
	case base == nil:
		p.once(s, "service %q extends %q, which this file does not define", s.Name, s.Extends.Text)
		return s
	case base == s || depth == maxExtends:
		p.once(s, "service %q extends itself", s.Name)
		return s
	}
	base = p.extended(base, depth+1)
	out := override(base, s)
	if base.ExtendsFile.IsSet() {
		out.ExtendsFile = base.ExtendsFile
	}
	return out
}

// once reports a problem of extends, unless another service already led to it.
func (p *parser) once(s *Service, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	for _, o := range p.file.Problems {
		if o.Span == s.Extends.Span && o.Message == message {
			return
		}
	}
	p.problem(KindShape, s.Extends.Span, "%s", message)
}

// override returns base overridden with what s sets, as compose-go merges services.
func override(base, s *Service) *Service {
	out := *s
	out.Image = either(s.Image, base.Image)
	out.Platform = either(s.Platform, base.Platform)
	out.Privileged = either(s.Privileged, base.Privileged)
	out.SecurityOpt = slices.Concat(base.SecurityOpt, s.SecurityOpt)
	out.CapAdd = slices.Concat(base.CapAdd, s.CapAdd)
	out.CapDrop = slices.Concat(base.CapDrop, s.CapDrop)
	out.Devices = slices.Concat(base.Devices, s.Devices)
	out.Volumes = slices.Concat(base.Volumes, s.Volumes)
	out.Ports = slices.Concat(base.Ports, s.Ports)
	out.EnvFiles = slices.Concat(base.EnvFiles, s.EnvFiles)
	out.Environment = union(base.Environment, s.Environment)
	out.PID, out.IPC = either(s.PID, base.PID), either(s.IPC, base.IPC)
	out.Network, out.Userns = either(s.Network, base.Network), either(s.Userns, base.Userns)
	out.User, out.ReadOnly = either(s.User, base.User), either(s.ReadOnly, base.ReadOnly)
	if out.Command == nil {
		out.Command = base.Command
	}
	if out.Entrypoint == nil {
		out.Entrypoint = base.Entrypoint
	}
	if len(out.Profiles) == 0 {
		out.Profiles = base.Profiles
	}
	switch {
	case s.Build == nil:
		out.Build = base.Build
	case base.Build != nil:
		b := *s.Build
		b.Context = either(b.Context, base.Build.Context)
		b.Dockerfile = either(b.Dockerfile, base.Build.Dockerfile)
		b.Inline = either(b.Inline, base.Build.Inline)
		b.Stage = either(b.Stage, base.Build.Stage)
		b.Privileged = either(b.Privileged, base.Build.Privileged)
		b.Network = either(b.Network, base.Build.Network)
		b.Platforms = slices.Concat(base.Build.Platforms, b.Platforms)
		b.BakePlatforms = slices.Concat(base.Build.BakePlatforms, b.BakePlatforms)
		b.Entitlements = slices.Concat(base.Build.Entitlements, b.Entitlements)
		b.Args = union(base.Build.Args, b.Args)
		b.Contexts = union(base.Build.Contexts, b.Contexts)
		out.Build = &b
	}
	return &out
}

func either(v, base Value) Value {
	if v.IsSet() {
		return v
	}
	return base
}

func union(base, over map[string]Value) map[string]Value {
	if len(base) == 0 {
		return over
	}
	out := maps.Clone(base)
	maps.Copy(out, over)
	return out
}

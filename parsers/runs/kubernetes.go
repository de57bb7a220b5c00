package runs

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// Seccomp is a seccompProfile of a Kubernetes security context.
type Seccomp struct {
	// Type is "RuntimeDefault", "Unconfined" or "Localhost", Profile is localhostProfile.
	Type, Profile source.Value
	// Span is the whole mapping with its key.
	Span source.Span
}

// MentionsPods reports whether a YAML file may be a Kubernetes manifest that says something about privileges: cheap,
// and true for some others.
func MentionsPods(text []byte) bool {
	if !bytes.Contains(text, []byte("apiVersion:")) || !bytes.Contains(text, []byte("kind:")) ||
		!bytes.Contains(text, []byte("containers:")) || bytes.Contains(text, []byte("{{")) {
		return false
	}
	for _, word := range []string{"securityContext", "seccomp", "hostPID", "hostUsers", "privileged"} {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	return false
}

// OfManifest returns the containers of the pods in a Kubernetes manifest, in order. What the security context of a
// container does not say is that of its pod. A file with templates has none.
func OfManifest(f *source.File) []*Run {
	if !MentionsPods(f.Bytes) {
		return nil
	}
	m := &manifest{in: in{f}}
	for _, document := range yamltree.Parse(f).Documents {
		root := document.Resolve()
		if !root.Get("apiVersion").IsScalar() || !root.Get("kind").IsScalar() {
			continue
		}
		if root.Get("kind").Text == "List" {
			if items := root.Get("items"); items != nil {
				for _, item := range items.Items {
					m.object(item.Resolve())
				}
			}
			continue
		}
		m.object(root)
	}
	return m.out
}

type manifest struct {
	in
	out   []*Run
	agent bool // the object is a DaemonSet
}

// object reads a Pod, or an object with a template of one.
func (m *manifest) object(root *yamltree.Node) {
	if name := root.Get("apiVersion"); name.IsScalar() {
		group, _, ok := strings.Cut(name.Text, "/")
		if ok && group != "apps" && group != "batch" {
			return // an object that an operator reads its own way
		}
	}
	m.agent = root.Get("kind").IsScalar() && root.Get("kind").Text == "DaemonSet"
	spec := root.Get("spec")
	for _, name := range []string{"jobTemplate", "template"} {
		if inner := spec.Get(name).Get("spec"); inner != nil {
			spec = inner
		}
	}
	if spec == nil || spec.Get("os").Get("name").IsScalar() && spec.Get("os").Get("name").Text == "windows" {
		return
	}
	for _, list := range []string{"initContainers", "containers"} {
		containers := spec.Get(list)
		if containers == nil || containers.Kind != yamltree.Sequence {
			continue
		}
		for _, c := range containers.Items {
			if c = c.Resolve(); c != nil && c.Kind == yamltree.Mapping && c.Get("name").IsScalar() {
				m.container(spec, c)
			}
		}
	}
}

func (m *manifest) scalar(n *yamltree.Node) Value {
	if !n.IsScalar() {
		return Value{}
	}
	return m.value(source.Value{Text: n.Text, Known: !strings.Contains(n.Text, "$("), Span: n.Inner})
}

func (m *manifest) list(n *yamltree.Node) []Value {
	if n == nil {
		return nil
	}
	var out []Value
	for _, item := range n.Items {
		if v := m.scalar(item.Resolve()); v.IsSet() {
			out = append(out, v)
		}
	}
	return out
}

func (m *manifest) words(n *yamltree.Node) *Words {
	if n == nil || n.Kind != yamltree.Sequence {
		return nil
	}
	w := &Words{Known: true, Words: m.list(n), Span: n.Span, File: m.file}
	for _, v := range w.Words {
		w.Known = w.Known && v.Known
	}
	return w
}

func (m *manifest) container(pod, c *yamltree.Node) {
	name := c.Get("name")
	own, outer := c.Get("securityContext"), pod.Get("securityContext")
	r := &Run{
		File: m.file, Span: name.Inner, Whole: c.Span, Host: Manifest, Name: name.Text, Engine: Kubernetes,
		NodeAgent: m.agent,
		Image:     m.scalar(c.Get("image")), Privileged: m.scalar(own.Get("privileged")),
		CapAdd: m.list(own.Get("capabilities").Get("add")), CapDrop: m.list(own.Get("capabilities").Get("drop")),
		Escalation: m.scalar(own.Get("allowPrivilegeEscalation")), ProcMount: m.scalar(own.Get("procMount")),
		HostUsers: m.scalar(pod.Get("hostUsers")), Env: map[string]Value{},
		Entrypoint: m.words(c.Get("command")), Args: m.words(c.Get("args")),
	}
	for _, key := range []struct {
		to   *Value
		name string
	}{{&r.PID, "hostPID"}, {&r.IPC, "hostIPC"}, {&r.Network, "hostNetwork"}} {
		if v := m.scalar(pod.Get(key.name)); isTrue(v) {
			v.Text = "host"
			*key.to = v
		}
	}
	if v := m.scalar(own.Get("runAsUser")); v.IsSet() {
		r.User = v
	} else {
		r.User = m.scalar(outer.Get("runAsUser"))
	}
	for _, context := range []*yamltree.Node{own, outer} {
		pair := context.Pair("seccompProfile")
		if pair.Key == nil {
			continue
		}
		profile := pair.Value.Resolve()
		s := &Seccomp{Span: pair.Span()}
		s.Type, s.Profile = m.scalar(profile.Get("type")).Value, m.scalar(profile.Get("localhostProfile")).Value
		r.Seccomp = s
		if s.Type.Is("Unconfined") {
			v := m.value(s.Type)
			v.Text = "unconfined"
			r.Options = append(r.Options, Option{Name: "seccomp", Value: v, Span: s.Type.Span})
		}
		break
	}
	if r.ProcMount.Is("Unmasked") {
		v := r.ProcMount
		v.Text = "unconfined"
		r.Options = append(r.Options, Option{Name: "systempaths", Value: v, Span: v.Span})
	}
	if env := c.Get("env"); env != nil {
		for _, item := range env.Items {
			if item = item.Resolve(); item.Get("name").IsScalar() {
				r.Env[item.Get("name").Text] = m.scalar(item.Get("value"))
			}
		}
	}
	m.out = append(m.out, r)
}

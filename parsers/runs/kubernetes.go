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

// Pod is what an object of Kubernetes says about its pod, or about those that it makes.
type Pod struct {
	// Kind, Name and Namespace are those of the object: a Pod, a Deployment, a CronJob.
	Kind, Name, Namespace Value
	// HostNetwork, HostPID and HostIPC are "true" or "false".
	HostNetwork, HostPID, HostIPC Value
	// ServiceAccount is the account that the pod runs under, and Token "false" where its token is not mounted.
	ServiceAccount, Token Value
	// Volumes are the volumes, and Sysctls the names of the kernel parameters that are set.
	Volumes []Volume
	Sysctls []Value
	// Patch says that the object is a part of one that other files make whole, so it may lack anything.
	Patch bool
	// File and Span are the place: the object's name or, where it has none, its kind. Whole is the object.
	File        *source.File
	Span, Whole source.Span
}

// Volume is a volume of a pod.
type Volume struct {
	Name Value
	// Type is the key that says what it is, such as "hostPath" and "emptyDir"; Path is the path of a hostPath.
	Type, Path Value
	// Span is the whole volume.
	Span source.Span
}

// Part is what a manifest says about one container besides what all runs have.
type Part struct {
	// Role is "init" or "ephemeral", "" for a container that does the pod's work.
	Role string
	// NonRoot and Group are runAsNonRoot and runAsGroup. AppArmor is the type of the profile: "RuntimeDefault",
	// "Localhost" or "Unconfined". What the container does not say is that of the pod.
	NonRoot, Group, AppArmor Value
	// SELinux are the options by their keys: "type", "user", "role", "level".
	SELinux map[string]Value
	// HostPorts are the ports of the host.
	HostPorts []Value
	// Limits and Requests are resources, and Mounts the paths of the mounts.
	Limits, Requests map[string]Value
	Mounts           []Value
	// PullPolicy is imagePullPolicy.
	PullPolicy Value
}

// MentionsPods reports whether a YAML file may be a Kubernetes manifest with pods: cheap, and true for some others.
func MentionsPods(text []byte) bool {
	return bytes.Contains(text, []byte("ontainers:")) && bytes.Contains(text, []byte("apiVersion:")) &&
		bytes.Contains(text, []byte("kind:")) && !bytes.Contains(text, []byte("{{"))
}

// OfManifest returns the containers of the pods in a Kubernetes manifest, in order. What the security context of a
// container does not say is that of its pod. A file with templates has none.
func OfManifest(f *source.File) []*Run {
	if !MentionsPods(f.Bytes) {
		return nil
	}
	m := &manifest{in: in{f}}
	for _, document := range yamltree.Parse(f).Documents {
		m.objects(document.Resolve(), 0)
	}
	return m.out
}

// maxLists bounds how deep lists of objects are nested.
const maxLists = 8

// objects reads an object, or a list of some.
func (m *manifest) objects(root *yamltree.Node, depth int) {
	kind := root.Get("kind")
	if !root.Get("apiVersion").IsScalar() || !kind.IsScalar() {
		return
	}
	if items := root.Get("items"); strings.HasSuffix(kind.Text, "List") && items != nil && depth < maxLists {
		for _, item := range items.Items {
			m.objects(item.Resolve(), depth+1)
		}
		return
	}
	m.object(root)
}

type manifest struct {
	in
	out   []*Run
	agent bool // the object is a DaemonSet
	pod   *Pod
	// annotations are those of the pod.
	annotations *yamltree.Node
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
	owner, spec := root, root.Get("spec")
	if template := root.Get("template"); spec == nil && template != nil { // a PodTemplate
		owner, spec = template, template.Get("spec")
	}
	for _, name := range []string{"jobTemplate", "template"} {
		if template := spec.Get(name); template.Get("spec") != nil {
			owner, spec = template, template.Get("spec")
		}
	}
	if spec == nil || forWindows(spec) {
		return
	}
	m.annotations = owner.Get("metadata").Get("annotations")
	m.pod = m.newPod(root, spec)
	for _, list := range []struct{ key, role string }{
		{"initContainers", "init"}, {"containers", ""}, {"ephemeralContainers", "ephemeral"},
	} {
		containers := spec.Get(list.key)
		if containers == nil || containers.Kind != yamltree.Sequence {
			continue
		}
		for _, c := range containers.Items {
			if c = c.Resolve(); c != nil && c.Kind == yamltree.Mapping && c.Get("name").IsScalar() {
				m.container(spec, c, list.role)
				m.pod.Patch = m.pod.Patch || c.Get("image") == nil
			}
		}
	}
}

// forWindows reports whether a pod runs on Windows.
func forWindows(spec *yamltree.Node) bool {
	for _, v := range []*yamltree.Node{spec.Get("os").Get("name"), spec.Get("nodeSelector").Get("kubernetes.io/os")} {
		if v.IsScalar() && v.Text == "windows" {
			return true
		}
	}
	return false
}

func (m *manifest) newPod(root, spec *yamltree.Node) *Pod {
	metadata := root.Get("metadata")
	p := &Pod{
		Kind: m.scalar(root.Get("kind")), Name: m.scalar(metadata.Get("name")),
		Namespace: m.scalar(metadata.Get("namespace")), HostNetwork: m.scalar(spec.Get("hostNetwork")),
		HostPID: m.scalar(spec.Get("hostPID")), HostIPC: m.scalar(spec.Get("hostIPC")),
		ServiceAccount: m.scalar(spec.Get("serviceAccountName")),
		Token:          m.scalar(spec.Get("automountServiceAccountToken")), File: m.file, Whole: root.Span,
	}
	if p.Span = p.Kind.Span; p.Name.IsSet() {
		p.Span = p.Name.Span
	}
	if volumes := spec.Get("volumes"); volumes != nil {
		for _, item := range volumes.Items {
			if item = item.Resolve(); item != nil && item.Kind == yamltree.Mapping {
				p.Volumes = append(p.Volumes, m.volume(item))
			}
		}
	}
	if sysctls := spec.Get("securityContext").Get("sysctls"); sysctls != nil {
		for _, item := range sysctls.Items {
			if v := m.scalar(item.Resolve().Get("name")); v.IsSet() {
				p.Sysctls = append(p.Sysctls, v)
			}
		}
	}
	return p
}

func (m *manifest) volume(n *yamltree.Node) Volume {
	v := Volume{Name: m.scalar(n.Get("name")), Span: n.Span}
	for pair := range n.All() {
		if pair.Key.Text == "name" || pair.Value.IsNull() {
			continue
		}
		v.Type = m.value(source.Value{Text: pair.Key.Text, Known: true, Span: pair.Key.Inner})
		v.Path = m.scalar(pair.Value.Resolve().Get("path"))
		break
	}
	return v
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

func (m *manifest) container(pod, c *yamltree.Node, role string) {
	name := c.Get("name")
	own, outer := c.Get("securityContext"), pod.Get("securityContext")
	r := &Run{
		File: m.file, Span: name.Inner, Whole: c.Span, Host: Manifest, Name: name.Text, Engine: Kubernetes,
		NodeAgent: m.agent,
		Image:     m.scalar(c.Get("image")),
		HostUsers: m.scalar(pod.Get("hostUsers")), Env: map[string]Value{},
		Entrypoint: m.words(c.Get("command")), Args: m.words(c.Get("args")),
	}
	r.ReadOnly, r.Pod, r.Part = m.scalar(own.Get("readOnlyRootFilesystem")), m.pod, m.part(pod, c, role)
	for _, key := range []struct {
		to   *Value
		name string
	}{{&r.PID, "hostPID"}, {&r.IPC, "hostIPC"}, {&r.Network, "hostNetwork"}} {
		if v := m.scalar(pod.Get(key.name)); isTrue(v) {
			v.Text = "host"
			*key.to = v
		}
	}
	m.context(r, own, outer)
	if env := c.Get("env"); env != nil {
		for _, item := range env.Items {
			if item = item.Resolve(); item.Get("name").IsScalar() {
				r.Env[item.Get("name").Text] = m.scalar(item.Get("value"))
			}
		}
	}
	m.out = append(m.out, r)
}

// context reads the security context of a container, and that of its pod, which counts where the first says nothing.
func (m *manifest) context(r *Run, own, outer *yamltree.Node) {
	r.Privileged = m.scalar(own.Get("privileged"))
	r.CapAdd, r.CapDrop = m.list(own.Get("capabilities").Get("add")), m.list(own.Get("capabilities").Get("drop"))
	r.Escalation, r.ProcMount = m.scalar(own.Get("allowPrivilegeEscalation")), m.scalar(own.Get("procMount"))
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
}

// part reads what a manifest says about a container besides what all runs have.
func (m *manifest) part(pod, c *yamltree.Node, role string) *Part {
	own, outer := c.Get("securityContext"), pod.Get("securityContext")
	effective := func(keys ...string) Value {
		for _, n := range []*yamltree.Node{own, outer} {
			for _, key := range keys {
				n = n.Get(key)
			}
			if v := m.scalar(n); v.IsSet() {
				return v
			}
		}
		return Value{}
	}
	p := &Part{
		Role: role, NonRoot: effective("runAsNonRoot"), Group: effective("runAsGroup"),
		AppArmor: effective("appArmorProfile", "type"), PullPolicy: m.scalar(c.Get("imagePullPolicy")),
		SELinux: m.table(own.Get("seLinuxOptions")), Limits: m.table(c.Get("resources").Get("limits")),
		Requests: m.table(c.Get("resources").Get("requests")),
	}
	if own.Get("seLinuxOptions") == nil {
		p.SELinux = m.table(outer.Get("seLinuxOptions"))
	}
	name := "container.apparmor.security.beta.kubernetes.io/" + c.Get("name").Text
	if v := m.scalar(m.annotations.Get(name)); v.IsSet() && !p.AppArmor.IsSet() {
		switch profile, _, _ := strings.Cut(v.Text, "/"); profile {
		case "runtime":
			v.Text = "RuntimeDefault"
		case "localhost":
			v.Text = "Localhost"
		case "unconfined":
			v.Text = "Unconfined"
		}
		p.AppArmor = v
	}
	for _, list := range []struct {
		to       *[]Value
		key, sub string
	}{{&p.HostPorts, "ports", "hostPort"}, {&p.Mounts, "volumeMounts", "mountPath"}} {
		if n := c.Get(list.key); n != nil {
			for _, item := range n.Items {
				if v := m.scalar(item.Resolve().Get(list.sub)); v.IsSet() {
					*list.to = append(*list.to, v)
				}
			}
		}
	}
	return p
}

// table reads a mapping of scalars.
func (m *manifest) table(n *yamltree.Node) map[string]Value {
	out := map[string]Value{}
	if n != nil {
		for pair := range n.All() {
			if v := m.scalar(pair.Value.Resolve()); v.IsSet() {
				out[pair.Key.Text] = v
			}
		}
	}
	return out
}

// Package runs says who runs which image, and with which privileges: the services of Compose files, the containers of
// Kubernetes manifests, Podman's Quadlet units and devcontainer.json, and the commands `docker run` and `podman run` in
// scripts. One type describes all of them, so a rule about a privilege need not know where it is granted.
//
// Nothing is executed. What a file leaves to others (a variable, another file, a command line) is marked as not known
// (Value.Known, Run.Open) and never guessed.
package runs

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Value is a value with the file that it is written in, since parts of a run may come from several files.
type Value struct {
	source.Value
	File *source.File
}

// Engine is what starts the container.
type Engine string

// The engines. Unknown is one that the file leaves open.
const (
	Unknown    Engine = ""
	Docker     Engine = "docker"
	Podman     Engine = "podman"
	Kubernetes Engine = "kubernetes"
)

// Host is the kind of file that describes a run.
type Host int

const (
	// Compose is a Compose file.
	Compose Host = iota
	// Command is a command line in a script, a recipe or a workflow.
	Command
	// Devcontainer is a devcontainer.json.
	Devcontainer
	// Manifest is a Kubernetes manifest.
	Manifest
	// Quadlet is a unit of Podman's Quadlet.
	Quadlet
	// Configuration is the configuration of an engine, whose run stands for each container that it starts.
	Configuration
)

// Run is one container as a file describes it. It is immutable.
type Run struct {
	// File and Span are the place that names it: the name of a service, the words "docker run".
	File *source.File
	Span source.Span
	// Whole is all of the description.
	Whole source.Span
	// Host is the kind of file, and Name the name of the service or container, "" for a command.
	Host Host
	Name string
	// Engine is what starts it.
	Engine Engine
	// Image is the reference of the image; not set where the run only builds one.
	Image Value
	// Build is how the image is built, nil where the run does not say.
	Build *Build
	// Privileged is "true" or "false".
	Privileged Value
	// CapAdd and CapDrop are names of capabilities, with or without "CAP_".
	CapAdd, CapDrop []Value
	// Options are the security options, in order.
	Options []Option
	// Devices and Mounts are as written for docker run: "/dev/kvm", "/var/run/docker.sock:/var/run/docker.sock".
	Devices, Mounts []Value
	// Ports are the published ports.
	Ports []Port
	// Runtime is the runtime that the engine uses for it, not set for the default one.
	Runtime Value
	// PID, IPC, Network and Userns are the namespaces of others that it shares, such as "host".
	PID, IPC, Network, Userns Value
	// User is the user that the command runs as.
	User Value
	// ReadOnly is "true" where the root file system of the container cannot be written.
	ReadOnly Value
	// Platform is the platform that it is started for; not set for that of the machine.
	Platform Value
	// Env are the variables that are set. One without a value takes it from outside and is not known.
	Env map[string]Value
	// EnvFiles are the files with more variables.
	EnvFiles []Value
	// Profiles are the profiles of Compose with one of which it is started; none means always.
	Profiles []Value
	// Entrypoint and Args replace the ENTRYPOINT and the CMD of the image; nil where the image's own are used.
	Entrypoint, Args *Words
	// Escalation, ProcMount and HostUsers are allowPrivilegeEscalation, procMount and hostUsers of Kubernetes, and
	// Seccomp is the profile as its security contexts name it, nil without one.
	Escalation, ProcMount, HostUsers Value
	Seccomp                          *Seccomp
	// Pod is the pod of a container of Kubernetes, and Part what else is said about the container alone; nil for
	// containers of others.
	Pod  *Pod
	Part *Part
	// NodeAgent says that it runs on every node of a cluster, as what looks after the nodes does.
	NodeAgent bool
	// Keys are the spans in File of the keys that a service of Compose has itself, with their values; see
	// compose.Service.
	Keys map[string]source.Span
	// Open says that something that is not known may set what is not set here: words of a command line, another file.
	Open bool
}

// Words is a command as a list of words.
type Words struct {
	Words []Value
	// Known says that all words are known.
	Known bool
	Span  source.Span
	File  *source.File
}

// Build is how the image of a run is built. Paths are relative to the folder of File.
type Build struct {
	File *source.File
	// Context is the folder of the build context, and Dockerfile the path of the Dockerfile, with slashes; "" where
	// they are not known or not local.
	Context, Dockerfile string
	// Stage is the stage that is built; not set for the last one.
	Stage source.Value
	Span  source.Span
	// Written is the build as a Compose file, perhaps with its override file, has it; nil for other files.
	Written *Written

	written bool // the context or the Dockerfile is
}

// Written are the values of a build as they are written.
type Written struct {
	Context, Dockerfile, Inline, Stage, Network Value
	Platforms, Entitlements                     []Value
	Args                                        map[string]Value
}

// over returns the values with those of an override file, as Compose merges them.
func (w *Written) over(over *Written) *Written {
	if w == nil || over == nil {
		return cmp.Or(over, w)
	}
	out := *w
	out.Context, out.Dockerfile = either(w.Context, over.Context), either(w.Dockerfile, over.Dockerfile)
	out.Inline, out.Stage = either(w.Inline, over.Inline), either(w.Stage, over.Stage)
	out.Network = either(w.Network, over.Network)
	out.Platforms = slices.Concat(w.Platforms, over.Platforms)
	out.Entitlements = slices.Concat(w.Entitlements, over.Entitlements)
	out.Args = union(w.Args, over.Args)
	return &out
}

// either returns what over says, else v.
func either(v, over Value) Value {
	if over.IsSet() {
		return over
	}
	return v
}

// union returns the entries of both, those of over where both have one.
func union(base, over map[string]Value) map[string]Value {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]Value{}
	}
	maps.Copy(out, over)
	return out
}

// Option is one security option, as of docker run --security-opt.
type Option struct {
	// Name is what comes before the first "=" or ":": "seccomp", "apparmor", "label", "systempaths",
	// "no-new-privileges", "mask", "unmask".
	Name string
	// Value is what comes after it.
	Value Value
	// Span is the whole option in Value.File.
	Span source.Span
}

// Port is a published port.
type Port struct {
	// Address is the address of the host that it is published on, "" for all, and Host the port there.
	Address, Host string
	// Container is the port in the container, without "/tcp".
	Container string
	Value     Value
}

// What describes the run for a message: `the service "web"`.
func (r *Run) What() string {
	switch r.Host {
	case Compose:
		return "the service " + quote(r.Name)
	case Manifest:
		return "the container " + quote(r.Name)
	case Quadlet:
		return "the unit " + quote(r.Name)
	case Devcontainer:
		return "the dev container"
	case Configuration:
		name := "Docker"
		if r.Engine == Podman {
			name = "Podman"
		}
		return "each container that " + name + " starts with this configuration"
	}
	return "this container"
}

func quote(s string) string { return `"` + s + `"` }

// IsPrivileged reports whether the container is known to be privileged.
func (r *Run) IsPrivileged() bool { return isTrue(r.Privileged) }

// MayBePrivileged reports whether the container is privileged or may be.
func (r *Run) MayBePrivileged() bool {
	return r.Open || r.Privileged.IsSet() && !r.Privileged.Known || isTrue(r.Privileged) || r.Privileged.Overridable
}

func isTrue(v Value) bool {
	switch strings.ToLower(v.Text) {
	case "true", "y", "yes", "on", "1":
		return v.Known
	}
	return false
}

// Option returns the last security option with a name, and false where there is none.
func (r *Run) Option(name string) (Option, bool) {
	for _, o := range slices.Backward(r.Options) {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}

// Has returns the security option with a name and a value, and false where there is none.
func (r *Run) Has(name, value string) (Option, bool) {
	for _, o := range r.Options {
		if o.Name == name && o.Value.Is(value) {
			return o, true
		}
	}
	return Option{}, false
}

// Adds returns the place that adds a capability, named without "CAP_", or all of them; false where none does.
func (r *Run) Adds(capability string) (Value, bool) {
	for _, v := range r.CapAdd {
		if name := Capability(v.Text); v.Known && (name == capability || name == "ALL") {
			return v, true
		}
	}
	return Value{}, false
}

// Certain reports whether all security options and capabilities are known.
func (r *Run) Certain() bool {
	unknown := func(v Value) bool { return !v.Known }
	return !r.Open && !slices.ContainsFunc(r.CapAdd, unknown) && !slices.ContainsFunc(r.CapDrop, unknown) &&
		!slices.ContainsFunc(r.Options, func(o Option) bool { return !o.Value.Known }) &&
		(!r.Privileged.IsSet() || r.Privileged.Known)
}

// Capability returns the name of a capability in upper case and without "CAP_".
func Capability(name string) string { return strings.TrimPrefix(strings.ToUpper(name), "CAP_") }

// option reads a security option.
func option(v Value) Option {
	name, rest, found := strings.Cut(v.Text, "=")
	if colon, after, ok := strings.Cut(v.Text, ":"); !found && ok {
		name, rest = colon, after
	}
	o := Option{Name: name, Value: v, Span: v.Span}
	if !v.Known {
		o.Name = ""
		return o
	}
	o.Value.Text = rest
	if v.Span.Len() == len(v.Text) {
		o.Value.Span.Start = v.Span.End - len(rest)
	}
	return o
}

// port reads a published port in the form of docker run --publish: [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL].
func port(v Value) (Port, bool) {
	if !v.Known {
		return Port{}, false
	}
	text, _, _ := strings.Cut(v.Text, "/")
	p := Port{Value: v}
	if rest, ok := strings.CutPrefix(text, "["); ok { // an address of IPv6
		address, after, _ := strings.Cut(rest, "]:")
		p.Address, text = address, after
	}
	parts := strings.Split(text, ":")
	switch n := len(parts); {
	case n == 1 && p.Address == "":
		p.Container = parts[0]
	case n == 2:
		p.Host, p.Container = parts[0], parts[1]
	case n == 3 && p.Address == "":
		p.Address, p.Host, p.Container = parts[0], parts[1], parts[2]
	default:
		return Port{}, false
	}
	if strings.Contains(p.Host, ".") && p.Address == "" { // ADDRESS:CONTAINER is not a form, but is seen
		return Port{}, false
	}
	return p, true
}

// Everywhere reports whether the port can be reached from other machines, as far as the file says.
func (p Port) Everywhere() bool {
	return p.Address == "" || p.Address == "0.0.0.0" || p.Address == "::"
}

// Over returns the run in which what over sets takes precedence over what r sets, as Compose merges a service of an
// override file with the one of the same name.
func (r *Run) Over(over *Run) *Run {
	out := *r
	out.Image, out.Privileged = either(r.Image, over.Image), either(r.Privileged, over.Privileged)
	out.PID, out.IPC = either(r.PID, over.PID), either(r.IPC, over.IPC)
	out.Network, out.Userns = either(r.Network, over.Network), either(r.Userns, over.Userns)
	out.User, out.ReadOnly = either(r.User, over.User), either(r.ReadOnly, over.ReadOnly)
	out.Platform, out.Runtime = either(r.Platform, over.Platform), either(r.Runtime, over.Runtime)
	out.CapAdd = slices.Concat(r.CapAdd, over.CapAdd)
	out.CapDrop = slices.Concat(r.CapDrop, over.CapDrop)
	out.Options = slices.Concat(r.Options, over.Options)
	out.Devices = slices.Concat(r.Devices, over.Devices)
	out.Mounts = slices.Concat(r.Mounts, over.Mounts)
	out.Ports = slices.Concat(r.Ports, over.Ports)
	out.EnvFiles = slices.Concat(r.EnvFiles, over.EnvFiles)
	out.Env = union(r.Env, over.Env)
	if len(over.Profiles) > 0 {
		out.Profiles = over.Profiles
	}
	if over.Entrypoint != nil {
		out.Entrypoint = over.Entrypoint
	}
	if over.Args != nil {
		out.Args = over.Args
	}
	switch {
	case over.Build == nil:
	case r.Build == nil:
		out.Build = over.Build
	default:
		b := *r.Build
		if over.Build.Stage.IsSet() {
			b.Stage = over.Build.Stage
		}
		if over.Build.Dockerfile != "" && over.Build.written {
			b.Context, b.Dockerfile, b.File = over.Build.Context, over.Build.Dockerfile, over.Build.File
		}
		b.Written = r.Build.Written.over(over.Build.Written)
		out.Build = &b
	}
	out.Open = r.Open || over.Open
	return &out
}

// Void reports whether an option has no effect beside privileged: it takes away what a privileged container does not
// have.
func Void(o Option) bool {
	switch o.Name {
	case "seccomp", "apparmor", "systempaths":
		return o.Value.Is("unconfined")
	case "label":
		return o.Value.Is("disable")
	}
	return false
}

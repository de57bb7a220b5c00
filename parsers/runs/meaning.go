package runs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Meaning describes what the engine makes of a run, without places: two runs with the same text are started alike, as
// far as the model knows. Options that have no effect beside privileged are left out.
func (r *Run) Meaning() string {
	var b strings.Builder
	add := func(name string, values ...Value) {
		fmt.Fprintf(&b, "%s", name)
		for _, v := range values {
			fmt.Fprintf(&b, " %q %v %v", v.Text, v.Known, v.Overridable)
			if !v.Known && v.IsSet() {
				fmt.Fprintf(&b, " %q", v.File.Text(v.Span))
			}
		}
		b.WriteByte('\n')
	}
	privileged := r.IsPrivileged() && !r.Privileged.Overridable
	add("image", r.Image)
	if r.Build != nil {
		fmt.Fprintf(&b, "build %q %q %q\n", r.Build.Context, r.Build.Dockerfile, r.Build.Stage.Text)
	}
	add("privileged", r.Privileged)
	if !privileged {
		add("add", r.CapAdd...)
		add("drop", r.CapDrop...)
	}
	for _, o := range r.Options {
		if !privileged || !Void(o) {
			add("option "+o.Name, o.Value)
		}
	}
	add("devices", r.Devices...)
	add("mounts", r.Mounts...)
	for _, p := range r.Ports {
		add("port", p.Value)
	}
	add("runtime", r.Runtime)
	add("namespaces", r.PID, r.IPC, r.Network, r.Userns)
	add("user", r.User)
	add("read only", r.ReadOnly)
	add("platform", r.Platform)
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		add("env "+name, r.Env[name])
	}
	add("files", r.EnvFiles...)
	add("profiles", r.Profiles...)
	if r.Entrypoint != nil {
		add("entrypoint", r.Entrypoint.Words...)
	}
	if r.Args != nil {
		add("args", r.Args.Words...)
	}
	return b.String()
}

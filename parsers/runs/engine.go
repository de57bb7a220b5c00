package runs

import "github.com/sandlint/sandlint/parsers/engineconf"

// OfEngine returns what the configuration of an engine says of each container that does not say otherwise, nil where it
// says nothing.
func OfEngine(f *engineconf.File) *Run {
	in := in{f.Source}
	r := &Run{
		File: f.Source, Host: Configuration, Engine: Docker, Env: map[string]Value{},
		Privileged: in.value(f.Privileged), CapAdd: in.values(f.Capabilities),
		Runtime: in.value(f.Runtime), Userns: in.value(f.Userns),
	}
	if f.Engine == engineconf.Podman {
		r.Engine = Podman
	}
	if v := in.value(f.Seccomp); v.IsSet() && !v.Is("") && !v.Is("builtin") {
		r.Options = append(r.Options, Option{Name: "seccomp", Value: v, Span: v.Span})
	}
	for _, v := range append(r.CapAdd, r.Privileged, r.Runtime, r.Userns, in.value(f.Seccomp)) {
		if v.IsSet() {
			r.Span, r.Whole = v.Span, v.Span
		}
	}
	if !r.Span.IsEmpty() {
		return r
	}
	return nil
}

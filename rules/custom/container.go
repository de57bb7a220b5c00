package custom

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// containerKinds are the kinds of node in all files that start containers.
func containerKinds() []*Kind { return []*Kind{containerRunKind(), buildOptionKind()} }

func run(n *Node) *runs.Run { return n.subject.(*runs.Run) }

// runNodes returns the containers that a document starts. Of a default Compose file and the override file beside it,
// both have all services; a finding is reported in the file that its place is in.
func runNodes(k *Kind, doc *workspace.Document, hosts ...runs.Host) []*Node {
	var out []*Node
	for _, r := range doc.Runs {
		if len(hosts) == 0 || slices.Contains(hosts, r.Host) {
			out = append(out, runNode(k, r))
		}
	}
	return out
}

func runNode(k *Kind, r *runs.Run) *Node {
	return &Node{kind: k, subject: r, file: r.File, span: r.Whole, whole: Place{Span: r.Span, File: r.File}}
}

// filled reports whether a value is in the file for good: no variable, and no placeholder of a program that fills in
// the file, decides it.
func filled(v source.Value) bool {
	return v.Known && !v.Overridable && !strings.Contains(v.Text, "${")
}

// isOpen reports whether something that is not known may set what a run does not set. What the configuration of an
// engine says is only a part of each container.
func isOpen(r *runs.Run) bool {
	return r.Open || r.Host == runs.Configuration || r.Pod != nil && r.Pod.Patch
}

// runText is a text of a run: "" where it is not set, not known where something else may set it.
func runText(r *runs.Run, v runs.Value) cty.Value {
	if !v.IsSet() {
		return knownText("", !isOpen(r))
	}
	return knownText(v.Text, filled(v.Value))
}

// runBool is a value of a run that is true or false, with what it is by default.
func runBool(open bool, v runs.Value, otherwise bool) cty.Value {
	if !v.IsSet() {
		return knownBool(otherwise, !open)
	}
	switch strings.ToLower(v.Text) {
	case "true", "y", "yes", "on", "1":
		return knownBool(true, filled(v.Value))
	case "false", "n", "no", "off", "0":
		return knownBool(false, filled(v.Value))
	}
	return cty.UnknownVal(cty.Bool)
}

// runList is a list of texts of a run. Where something else may add to it, one more is not known, or the whole list.
func runList(open bool, values []runs.Value, text func(string) string) cty.Value {
	if open && len(values) == 0 {
		return cty.UnknownVal(cty.List(cty.String))
	}
	var out []cty.Value
	for _, v := range values {
		if text != nil {
			v.Text = text(v.Text)
		}
		out = append(out, knownText(v.Text, filled(v.Value)))
	}
	if open {
		out = append(out, cty.UnknownVal(cty.String))
	}
	return list(cty.String, out)
}

// runMap is a map of texts of a run.
func runMap(values map[string]runs.Value) cty.Value {
	out := make(map[string]cty.Value, len(values))
	for name, v := range values {
		out[name] = knownText(v.Text, filled(v.Value))
	}
	return textMap(out)
}

// valuePlace is the place of a value.
func valuePlace(v runs.Value) (Place, bool) {
	if !v.IsSet() || v.File == nil {
		return Place{}, false
	}
	p, ok := yamlPlace(v.File, v.Value)
	p.File = v.File
	return p, ok
}

// runTextAttribute is an attribute that is one value of a run.
func runTextAttribute(name, doc string, pick func(*runs.Run) runs.Value) Attribute {
	return attribute(name, doc, cty.String, func(r *runs.Run) cty.Value { return runText(r, pick(r)) }).
		at(func(n *Node) (Place, bool) { return valuePlace(pick(run(n))) })
}

func runBoolAttribute(name, doc string, pick func(*runs.Run) runs.Value) Attribute {
	return attribute(name, doc, cty.Bool, func(r *runs.Run) cty.Value { return runBool(isOpen(r), pick(r), false) }).
		at(func(n *Node) (Place, bool) { return valuePlace(pick(run(n))) })
}

func runListAttribute(name, doc string, text func(string) string, pick func(*runs.Run) []runs.Value) Attribute {
	return attribute(name, doc, cty.List(cty.String), func(r *runs.Run) cty.Value {
		return runList(isOpen(r), pick(r), text)
	}).items(func(n *Node, i int) (Place, bool) {
		if values := pick(run(n)); i < len(values) {
			return valuePlace(values[i])
		}
		return Place{}, false
	})
}

// runName is the name of a run with its place.
func runName(doc string) Attribute {
	return attribute("name", doc, cty.String, func(r *runs.Run) cty.Value { return textValue(r.Name) }).
		at(func(n *Node) (Place, bool) { return n.whole, true })
}

// optionTexts are the security options of a run, each as one text with "=" between name and value.
func optionTexts(r *runs.Run) []runs.Value {
	var out []runs.Value
	for _, o := range r.Options {
		v := o.Value
		if v.Text = o.Name; o.Value.Text != "" {
			v.Text += "=" + o.Value.Text
		}
		v.Span = o.Span
		out = append(out, v)
	}
	return out
}

// privilegeAttributes say which privileges a run has.
func privilegeAttributes() []Attribute {
	return []Attribute{
		runBoolAttribute("privileged", "whether it has all privileges",
			func(r *runs.Run) runs.Value { return r.Privileged }),
		runListAttribute("cap_add", "the capabilities that it gets, in upper case without `CAP_`: `SYS_ADMIN`, `ALL`",
			runs.Capability, func(r *runs.Run) []runs.Value { return r.CapAdd }),
		runListAttribute("cap_drop", "the capabilities that are taken from it, in upper case without `CAP_`",
			runs.Capability, func(r *runs.Run) []runs.Value { return r.CapDrop }),
		runListAttribute("security_opt", "the security options, with an equals sign behind the name: "+
			"`seccomp=unconfined`, `no-new-privileges=true`", nil, optionTexts),
		runListAttribute("devices", "the devices of the host that it gets: `/dev/kvm`, `/dev/a:/dev/b:rw`", nil,
			func(r *runs.Run) []runs.Value { return r.Devices }),
		runTextAttribute("user", "the user that it runs as, \"\" for that of the image",
			func(r *runs.Run) runs.Value { return r.User }),
		runBoolAttribute("read_only", "whether its root file system cannot be written",
			func(r *runs.Run) runs.Value { return r.ReadOnly }),
		runTextAttribute("pid", "whose processes it sees, such as `host`; \"\" for its own",
			func(r *runs.Run) runs.Value { return r.PID }),
		runTextAttribute("ipc", "whose inter-process communication it shares, such as `host`; \"\" by default",
			func(r *runs.Run) runs.Value { return r.IPC }),
	}
}

// wordsAttribute is a command of a run.
func wordsAttribute(name, doc string, pick func(*runs.Run) *runs.Words) Attribute {
	return attribute(name, doc, cty.List(cty.String), func(r *runs.Run) cty.Value {
		w := pick(r)
		switch {
		case w == nil:
			return runList(isOpen(r), nil, nil)
		case !w.Known && !slices.ContainsFunc(w.Words, func(v runs.Value) bool { return !v.Known }):
			return cty.UnknownVal(cty.List(cty.String))
		}
		return runList(false, w.Words, nil)
	}).items(func(n *Node, i int) (Place, bool) {
		if w := pick(run(n)); w != nil && i < len(w.Words) {
			return valuePlace(w.Words[i])
		}
		return Place{}, false
	})
}

// programAttributes say what a run runs, and with what.
func programAttributes() []Attribute {
	return []Attribute{
		wordsAttribute("command", "the words that replace the CMD of the image, none for the image's own",
			func(r *runs.Run) *runs.Words { return r.Args }),
		wordsAttribute("entrypoint", "the words that replace the ENTRYPOINT of the image, none for the image's own",
			func(r *runs.Run) *runs.Words { return r.Entrypoint }),
		attribute("environment", "the variables that are set, by name; those of files are not among them",
			cty.Map(cty.String), func(r *runs.Run) cty.Value { return runMap(r.Env) }).
			keyed(func(n *Node, key string) (Place, bool) { return valuePlace(run(n).Env[key]) }),
		runListAttribute("env_files", "the files with more variables", nil,
			func(r *runs.Run) []runs.Value { return r.EnvFiles }),
		runListAttribute("ports", "the published ports: `8080:80`, `127.0.0.1:8080:80/tcp`", nil,
			func(r *runs.Run) []runs.Value {
				var out []runs.Value
				for _, p := range r.Ports {
					out = append(out, p.Value)
				}
				return out
			}),
		runTextAttribute("platform", "the platform that it is started for, \"\" for that of the machine",
			func(r *runs.Run) runs.Value { return r.Platform }),
	}
}

// hostNames are the kinds of file that describe runs, as node.host names them.
var hostNames = map[runs.Host]string{runs.Compose: "compose", runs.Command: "command",
	runs.Devcontainer: "devcontainer", runs.Manifest: "kubernetes", runs.Quadlet: "quadlet",
	runs.Configuration: "configuration"}

func containerRunKind() *Kind {
	k := &Kind{
		Name: "container.run", List: "containers", File: "run.sh",
		Doc: "a container that any file starts: docker, podman or nerdctl run in a script, Makefile, package.json or " +
			"workflow, a service of Compose, a container of a pod, a Quadlet unit, a dev container",
		Example: `  when    = node.privileged
  at      = node.privileged
  message = "the container has all privileges"
`,
		Bad: "#!/bin/sh\ndocker run --privileged debian:12 make\n",
		Attributes: slices.Concat([]Attribute{
			runName("the name of the service, container or unit, \"\" for a command"),
			attribute("host", "what describes it: `compose`, `command`, `devcontainer`, `kubernetes`, `quadlet`, or "+
				"`configuration` (that of an engine, for each of its containers)", cty.String,
				func(r *runs.Run) cty.Value { return textValue(hostNames[r.Host]) }),
			attribute("engine", "what starts it: `docker`, `podman`, `kubernetes`, or \"\"", cty.String,
				func(r *runs.Run) cty.Value { return textValue(string(r.Engine)) }),
			runTextAttribute("image", "the image, \"\" where the run only builds one",
				func(r *runs.Run) runs.Value { return r.Image }),
			attribute("open", "whether something that is not known may set more: other files, variables in a command",
				cty.Bool, func(r *runs.Run) cty.Value { return cty.BoolVal(isOpen(r)) }),
			runListAttribute("mounts", "the mounts in the short form: `/var/run/docker.sock:/var/run/docker.sock:ro`",
				nil, func(r *runs.Run) []runs.Value { return r.Mounts }),
			runTextAttribute("network", "the network, such as `host`, \"\" by default",
				func(r *runs.Run) runs.Value { return r.Network }),
			runTextAttribute("runtime", "the runtime that the engine uses for it, \"\" for the default one",
				func(r *runs.Run) runs.Value { return r.Runtime }),
			runTextAttribute("userns", "whose users it has, such as `host`; \"\" by default",
				func(r *runs.Run) runs.Value { return r.Userns }),
		}, privilegeAttributes(), programAttributes()),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node { return runNodes(k, doc) }
	return k
}

func buildOptionKind() *Kind {
	k := &Kind{
		Name: "container.build_option", List: "build_options", File: "build.sh",
		Doc: "a security option that a command gives to docker build, which ignores it",
		Example: `  when    = node.name == "seccomp"
  message = "docker build ignores ${node.name}; the builder has the profile of its daemon"
`,
		Bad: "#!/bin/sh\ndocker build --security-opt seccomp=unconfined .\n",
		Attributes: []Attribute{
			attribute("name", "what comes before the equals sign: `seccomp`, `apparmor`", cty.String,
				func(o *runs.Option) cty.Value { return knownText(o.Name, o.Value.Known) }),
			attribute("value", "what comes behind it", cty.String,
				func(o *runs.Option) cty.Value { return knownText(o.Value.Text, filled(o.Value.Value)) }).
				at(func(n *Node) (Place, bool) { return valuePlace(n.subject.(*runs.Option).Value) }),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for n := range doc.Ignored {
			o := &doc.Ignored[n]
			out = append(out, &Node{kind: k, subject: o, file: doc.Source, span: o.Span, whole: Place{Span: o.Span}})
		}
		return out
	}
	return k
}

package custom

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// kubernetesKinds are the kinds of node in Kubernetes manifests.
func kubernetesKinds() []*Kind { return []*Kind{podKind(), podContainerKind()} }

var volumeType = cty.Object(map[string]cty.Type{"name": cty.String, "type": cty.String, "path": cty.String})

// podSubject is a pod with its containers.
type podSubject struct {
	*runs.Pod
	containers []*runs.Run
}

func pod(n *Node) *podSubject { return n.subject.(*podSubject) }

// podText is a text of a pod, not known where other files complete it.
func podText(p *runs.Pod, v runs.Value) cty.Value {
	if !v.IsSet() {
		return knownText("", !p.Patch)
	}
	return knownText(v.Text, filled(v.Value))
}

func podTextAttribute(name, doc string, pick func(*runs.Pod) runs.Value) Attribute {
	return attribute(name, doc, cty.String, func(p *podSubject) cty.Value { return podText(p.Pod, pick(p.Pod)) }).
		at(func(n *Node) (Place, bool) { return valuePlace(pick(pod(n).Pod)) })
}

func podBoolAttribute(name, doc string, otherwise bool, pick func(*runs.Pod) runs.Value) Attribute {
	return attribute(name, doc, cty.Bool, func(p *podSubject) cty.Value {
		return runBool(p.Patch, pick(p.Pod), otherwise)
	}).at(func(n *Node) (Place, bool) { return valuePlace(pick(pod(n).Pod)) })
}

// podVolumes are the volumes of a pod as expressions see them.
func podVolumes(p *runs.Pod) cty.Value {
	if p.Patch && len(p.Volumes) == 0 {
		return cty.UnknownVal(cty.List(volumeType))
	}
	var out []cty.Value
	for n := range p.Volumes {
		v := &p.Volumes[n]
		kind := textValue("emptyDir") // which Kubernetes takes where the manifest does not say
		if v.Type.IsSet() || p.Patch {
			kind = podText(p, v.Type)
		}
		out = append(out, cty.ObjectVal(map[string]cty.Value{
			"name": podText(p, v.Name), "type": kind, "path": podText(p, v.Path)}))
	}
	if p.Patch {
		out = append(out, cty.UnknownVal(volumeType))
	}
	return list(volumeType, out)
}

func podKind() *Kind {
	texts := func(p *podSubject, pick func(*runs.Run) cty.Value) cty.Value {
		var out []cty.Value
		for _, r := range p.containers {
			out = append(out, pick(r))
		}
		return list(cty.String, out)
	}
	k := &Kind{
		Name: "kubernetes.pod", List: "pods", File: "pod.yaml",
		Doc: "the pod of a Kubernetes manifest: a Pod, or the template of a Deployment, StatefulSet, DaemonSet, Job, " +
			"CronJob and the like; see kubernetes.container for its containers. Pods of Windows and templates of " +
			"Helm are left out",
		Example: `  when    = node.host_network
  at      = node.host_network
  message = "the pod is in the network of the machine"
`,
		Bad: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  hostNetwork: true\n  containers:\n" +
			"    - name: web\n      image: debian:12\n",
		Attributes: []Attribute{
			podTextAttribute("kind", "the kind of the object: `Pod`, `Deployment`, `CronJob`",
				func(p *runs.Pod) runs.Value { return p.Kind }),
			podTextAttribute("name", "the name of the object", func(p *runs.Pod) runs.Value { return p.Name }),
			podTextAttribute("namespace", "its namespace, \"\" where the manifest does not say",
				func(p *runs.Pod) runs.Value { return p.Namespace }),
			podBoolAttribute("host_network", "whether it is in the network of the machine", false,
				func(p *runs.Pod) runs.Value { return p.HostNetwork }),
			podBoolAttribute("host_pid", "whether it sees the processes of the machine", false,
				func(p *runs.Pod) runs.Value { return p.HostPID }),
			podBoolAttribute("host_ipc", "whether it shares the machine's inter-process communication", false,
				func(p *runs.Pod) runs.Value { return p.HostIPC }),
			podTextAttribute("service_account", "the service account, \"\" for the default one",
				func(p *runs.Pod) runs.Value { return p.ServiceAccount }),
			podBoolAttribute("mounts_token", "whether the account's token is mounted, as far as the pod says", true,
				func(p *runs.Pod) runs.Value { return p.Token }),
			attribute("volumes", "the volumes: objects of name, type (the key that says what it is: `hostPath`, "+
				"`emptyDir`) and path (of a hostPath)", cty.List(volumeType),
				func(p *podSubject) cty.Value { return podVolumes(p.Pod) }).
				items(func(n *Node, i int) (Place, bool) {
					volumes := pod(n).Volumes
					if i >= len(volumes) {
						return Place{}, false
					}
					if p, ok := valuePlace(volumes[i].Type); ok {
						return p, true
					}
					return Place{Span: volumes[i].Span, File: pod(n).File}, true
				}),
			attribute("sysctls", "the names of the kernel parameters that it sets", cty.List(cty.String),
				func(p *podSubject) cty.Value { return runList(p.Patch, p.Sysctls, nil) }).
				items(func(n *Node, i int) (Place, bool) {
					if list := pod(n).Sysctls; i < len(list) {
						return valuePlace(list[i])
					}
					return Place{}, false
				}),
			attribute("containers", "the names of its containers", cty.List(cty.String), func(p *podSubject) cty.Value {
				return texts(p, func(r *runs.Run) cty.Value { return textValue(r.Name) })
			}),
			attribute("images", "the images of its containers", cty.List(cty.String), func(p *podSubject) cty.Value {
				return texts(p, func(r *runs.Run) cty.Value { return runText(r, r.Image) })
			}),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		var last *podSubject
		for _, r := range doc.Runs {
			if r.Pod == nil {
				continue
			}
			if last == nil || last.Pod != r.Pod {
				last = &podSubject{Pod: r.Pod}
				out = append(out, &Node{kind: k, subject: last, file: r.File, span: r.Pod.Whole,
					whole: Place{Span: r.Pod.Span, File: r.File}})
			}
			last.containers = append(last.containers, r)
		}
		return out
	}
	return k
}

// ofPart returns what picks a value of the part of a run that only containers of Kubernetes have.
func ofPart(pick func(*runs.Part) runs.Value) func(*runs.Run) runs.Value {
	return func(r *runs.Run) runs.Value { return pick(r.Part) }
}

// ofPod is the same for the pod.
func ofPod(pick func(*runs.Pod) runs.Value) func(*runs.Run) runs.Value {
	return func(r *runs.Run) runs.Value { return pick(r.Pod) }
}

// seccompValue returns a part of the profile of a container.
func seccompValue(pick func(*runs.Seccomp) source.Value) func(*runs.Run) runs.Value {
	return func(r *runs.Run) runs.Value {
		if r.Seccomp == nil {
			return runs.Value{}
		}
		return runs.Value{Value: pick(r.Seccomp), File: r.File}
	}
}

// partMap is a map of a container, with the places of its values.
func partMap(name, doc string, pick func(*runs.Part) map[string]runs.Value) Attribute {
	return attribute(name, doc, cty.Map(cty.String), func(r *runs.Run) cty.Value {
		if isOpen(r) {
			return cty.UnknownVal(cty.Map(cty.String))
		}
		return runMap(pick(r.Part))
	}).keyed(func(n *Node, key string) (Place, bool) { return valuePlace(pick(run(n).Part)[key]) })
}

// escalates is whether a container of Kubernetes may gain privileges, which it may by default.
func escalates() Attribute {
	return attribute("allow_privilege_escalation", "whether its processes may gain privileges, as they may by default",
		cty.Bool, func(r *runs.Run) cty.Value { return runBool(isOpen(r), r.Escalation, true) }).
		at(func(n *Node) (Place, bool) { return valuePlace(run(n).Escalation) })
}

func podContainerKind() *Kind {
	k := &Kind{
		Name: "kubernetes.container", List: "containers", File: "pod.yaml",
		Doc: "a container of a pod in a Kubernetes manifest; what its security context does not say is that of the " +
			"pod. Containers of Windows and templates of Helm are left out, and what a patch does not say is not known",
		Example: `  when    = node.privileged
  at      = node.privileged
  message = "the container ${node.name} is privileged"
`,
		Bad: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n" +
			"      image: debian:12\n      securityContext:\n        privileged: true\n",
		Attributes: slices.Concat([]Attribute{
			runName("the name of the container"),
			attribute("role", "`init` or `ephemeral`, \"\" for a container that does the work", cty.String,
				func(r *runs.Run) cty.Value { return textValue(r.Part.Role) }),
			runTextAttribute("image", "the image", func(r *runs.Run) runs.Value { return r.Image }),
			runTextAttribute("pull_policy", "imagePullPolicy, \"\" without one",
				ofPart(func(p *runs.Part) runs.Value { return p.PullPolicy })),
			runTextAttribute("kind", "the kind of the object: `Pod`, `Deployment`, `CronJob`",
				ofPod(func(p *runs.Pod) runs.Value { return p.Kind })),
			runTextAttribute("object", "the name of the object",
				ofPod(func(p *runs.Pod) runs.Value { return p.Name })),
			runTextAttribute("namespace", "its namespace, \"\" where the manifest does not say",
				ofPod(func(p *runs.Pod) runs.Value { return p.Namespace })),
		}, podPrivileges(), []Attribute{
			attribute("volumes", "the volumes of the pod, as for kubernetes.pod", cty.List(volumeType),
				func(r *runs.Run) cty.Value { return podVolumes(r.Pod) }).costly(),
			runListAttribute("mounts", "the paths at which volumes are mounted", nil,
				func(r *runs.Run) []runs.Value { return r.Part.Mounts }),
			partMap("limits", "the limits of resources: `node.limits[\"memory\"]`",
				func(p *runs.Part) map[string]runs.Value { return p.Limits }),
			partMap("requests", "the resources that it requests",
				func(p *runs.Part) map[string]runs.Value { return p.Requests }),
			attribute("environment", "the variables with their values, by name", cty.Map(cty.String),
				func(r *runs.Run) cty.Value { return runMap(r.Env) }).
				keyed(func(n *Node, key string) (Place, bool) { return valuePlace(run(n).Env[key]) }),
			wordsAttribute("command", "the words that replace the ENTRYPOINT of the image, none for the image's own",
				func(r *runs.Run) *runs.Words { return r.Entrypoint }),
			wordsAttribute("args", "the words that replace the CMD of the image, none for the image's own",
				func(r *runs.Run) *runs.Words { return r.Args }),
		}),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		return runNodes(k, doc, runs.Manifest)
	}
	return k
}

// podPrivileges say which privileges a container of a pod has.
func podPrivileges() []Attribute {
	return []Attribute{
		runBoolAttribute("privileged", "whether it has all privileges",
			func(r *runs.Run) runs.Value { return r.Privileged }),
		escalates(),
		runBoolAttribute("run_as_non_root", "whether Kubernetes refuses to run it as root",
			ofPart(func(p *runs.Part) runs.Value { return p.NonRoot })),
		runTextAttribute("run_as_user", "the number of the user as a text, \"\" for the user of the image",
			func(r *runs.Run) runs.Value { return r.User }),
		runTextAttribute("run_as_group", "the number of the group as a text, \"\" for that of the image",
			ofPart(func(p *runs.Part) runs.Value { return p.Group })),
		runBoolAttribute("read_only", "whether its root file system cannot be written",
			func(r *runs.Run) runs.Value { return r.ReadOnly }),
		runListAttribute("cap_add", "the capabilities that it gets, in upper case without `CAP_`", runs.Capability,
			func(r *runs.Run) []runs.Value { return r.CapAdd }),
		runListAttribute("cap_drop", "the capabilities that are taken from it: `ALL`", runs.Capability,
			func(r *runs.Run) []runs.Value { return r.CapDrop }),
		runTextAttribute("seccomp_profile", "the type of the seccomp profile: `RuntimeDefault`, `Localhost`, "+
			"`Unconfined`, or \"\" without one", seccompValue(func(s *runs.Seccomp) source.Value { return s.Type })),
		runTextAttribute("seccomp_path", "the path of a profile of type Localhost, \"\" for others",
			seccompValue(func(s *runs.Seccomp) source.Value { return s.Profile })),
		runTextAttribute("apparmor_profile", "the type of the AppArmor profile: `RuntimeDefault`, `Localhost`, "+
			"`Unconfined`, or \"\" without one", ofPart(func(p *runs.Part) runs.Value { return p.AppArmor })),
		partMap("selinux", "the SELinux options: `lookup(node.selinux, \"type\", \"\")`",
			func(p *runs.Part) map[string]runs.Value { return p.SELinux }),
		runTextAttribute("proc_mount", "`Unmasked`, `Default`, or \"\", which is Default",
			func(r *runs.Run) runs.Value { return r.ProcMount }),
		attribute("host_users", "whether its users are those of the machine, as they are by default", cty.Bool,
			func(r *runs.Run) cty.Value { return runBool(isOpen(r), r.HostUsers, true) }).
			at(func(n *Node) (Place, bool) { return valuePlace(run(n).HostUsers) }),
		runBoolAttribute("host_network", "whether the pod is in the network of the machine",
			ofPod(func(p *runs.Pod) runs.Value { return p.HostNetwork })),
		runBoolAttribute("host_pid", "whether the pod sees the processes of the machine",
			ofPod(func(p *runs.Pod) runs.Value { return p.HostPID })),
		runBoolAttribute("host_ipc", "whether the pod shares the machine's inter-process communication",
			ofPod(func(p *runs.Pod) runs.Value { return p.HostIPC })),
		runListAttribute("host_ports", "the ports of the machine that it takes, as texts", nil,
			func(r *runs.Run) []runs.Value { return r.Part.HostPorts }),
	}
}

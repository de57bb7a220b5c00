package custom

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// composeKinds are the kinds of node in Compose files.
func composeKinds() []*Kind { return []*Kind{serviceKind()} }

var serviceBuildType = cty.Object(map[string]cty.Type{
	"context": cty.String, "dockerfile": cty.String, "inline": cty.String, "target": cty.String, "network": cty.String,
	"platforms": cty.List(cty.String), "entitlements": cty.List(cty.String), "args": cty.Map(cty.String),
})

// written returns the build of a service as it is written, empty for a service without one.
func written(r *runs.Run) *runs.Written {
	if r.Build == nil || r.Build.Written == nil {
		return &runs.Written{}
	}
	return r.Build.Written
}

// buildTexts are the values of a build that are one text.
func buildTexts(w *runs.Written) map[string]runs.Value {
	return map[string]runs.Value{"context": w.Context, "dockerfile": w.Dockerfile, "inline": w.Inline,
		"target": w.Stage, "network": w.Network}
}

func serviceBuild(r *runs.Run) cty.Value {
	w := written(r)
	out := map[string]cty.Value{"platforms": runList(isOpen(r), w.Platforms, nil),
		"entitlements": runList(isOpen(r), w.Entitlements, nil), "args": runMap(w.Args)}
	for name, v := range buildTexts(w) {
		out[name] = runText(r, v)
	}
	return cty.ObjectVal(out)
}

func serviceKind() *Kind {
	k := &Kind{
		Name: "compose.service", List: "services", File: "compose.yaml",
		Doc: "a service of a Compose file, with anchors, merges and extends resolved and, for the default file, the " +
			"override file beside it; what variables or other files may set is not known",
		Example: `  when    = contains(node.cap_add, "SYS_ADMIN") && node.network_mode != "host"
  at      = node.cap_add[index(node.cap_add, "SYS_ADMIN")]
  message = "${node.name} may mount file systems"
`,
		Bad: "services:\n  web:\n    image: debian:12\n    cap_add: [CHOWN, CAP_SYS_ADMIN]\n",
		Attributes: slices.Concat([]Attribute{
			runName("the name of the service"),
			runTextAttribute("image", "the image, \"\" where it is only built",
				func(r *runs.Run) runs.Value { return r.Image }),
			attribute("builds", "whether its image is built", cty.Bool,
				func(r *runs.Run) cty.Value { return knownBool(r.Build != nil, r.Build != nil || !isOpen(r)) }),
			attribute("build", "how the image is built, as written: an object of context, dockerfile, inline, target, "+
				"network, platforms, entitlements and args", serviceBuildType, serviceBuild).
				keyed(func(n *Node, key string) (Place, bool) {
					if v, ok := buildTexts(written(run(n)))[key]; ok {
						return valuePlace(v)
					}
					return Place{}, false
				}),
			attribute("build_args", "the build arguments, by name", cty.Map(cty.String),
				func(r *runs.Run) cty.Value { return runMap(written(r).Args) }).
				keyed(func(n *Node, key string) (Place, bool) { return valuePlace(written(run(n)).Args[key]) }),
			runListAttribute("volumes", "the volumes in the short form: `/var/run/docker.sock:/var/run/docker.sock`",
				nil, func(r *runs.Run) []runs.Value { return r.Mounts }),
			runTextAttribute("network_mode", "the network, such as `host`, \"\" by default",
				func(r *runs.Run) runs.Value { return r.Network }),
			runTextAttribute("userns_mode", "whose users it has, such as `host`; \"\" by default",
				func(r *runs.Run) runs.Value { return r.Userns }),
			runListAttribute("profiles", "the profiles with one of which it is started, none for always", nil,
				func(r *runs.Run) []runs.Value { return r.Profiles }),
		}, privilegeAttributes(), programAttributes()),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		return runNodes(k, doc, runs.Compose)
	}
	return k
}

package custom

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// bakeKinds are the kinds of node in the definition files of docker buildx bake.
func bakeKinds() []*Kind { return []*Kind{bakeTargetKind()} }

func bakeTarget(n *Node) *bake.Target { return n.subject.(*bake.Target) }

// isOpenTarget reports whether a target that another file has may set what this one does not set.
func isOpenTarget(t *bake.Target) bool { return len(t.Unresolved) > 0 }

func bakeText(name, doc string, pick func(*bake.Target) source.Value) Attribute {
	return attribute(name, doc, cty.String, func(t *bake.Target) cty.Value {
		if v := pick(t); v.IsSet() || !isOpenTarget(t) {
			return plainText(v)
		}
		return cty.UnknownVal(cty.String)
	}).at(func(n *Node) (Place, bool) { return yamlPlace(n.file, pick(bakeTarget(n))) })
}

func bakeList(name, doc string, pick func(*bake.Target) []source.Value) Attribute {
	return attribute(name, doc, cty.List(cty.String), func(t *bake.Target) cty.Value {
		values := pick(t)
		if len(values) == 0 && isOpenTarget(t) {
			return cty.UnknownVal(cty.List(cty.String))
		}
		return plainList(values)
	}).items(func(n *Node, i int) (Place, bool) {
		if values := pick(bakeTarget(n)); i < len(values) {
			return yamlPlace(n.file, values[i])
		}
		return Place{}, false
	})
}

func bakeMap(name, doc string, pick func(*bake.Target) map[string]source.Value) Attribute {
	return attribute(name, doc, cty.Map(cty.String), func(t *bake.Target) cty.Value {
		if t.OpenArgs || isOpenTarget(t) {
			return cty.UnknownVal(cty.Map(cty.String))
		}
		return plainMap(pick(t))
	}).keyed(func(n *Node, key string) (Place, bool) { return yamlPlace(n.file, pick(bakeTarget(n))[key]) })
}

func bakeTargetKind() *Kind {
	k := &Kind{
		Name: "bake.target", List: "targets", File: "docker-bake.hcl",
		Doc: "a target of a bake file, with what it inherits, once for each combination of its matrix; what " +
			"variables or other files decide is not known",
		Example: `  when    = contains(node.entitlements, "security.insecure")
  at      = node.entitlements[index(node.entitlements, "security.insecure")]
  message = "the build of ${node.name} has all privileges"
`,
		Bad: "target \"app\" {\n  entitlements = [\"security.insecure\"]\n}\n",
		Attributes: []Attribute{
			bakeText("name", "its name", func(t *bake.Target) source.Value { return t.Name }),
			bakeText("context", "the build context, \"\" for the folder that bake runs in",
				func(t *bake.Target) source.Value { return t.Context }),
			bakeText("dockerfile", "the path of the Dockerfile as written, \"\" for the default one",
				func(t *bake.Target) source.Value { return t.Dockerfile }),
			bakeText("inline", "the text of dockerfile-inline, \"\" without one",
				func(t *bake.Target) source.Value { return t.Inline }),
			bakeText("target", "the stage that is built, \"\" for the last one",
				func(t *bake.Target) source.Value { return t.Stage }),
			bakeText("call", "what is done instead of a build, such as `check`, or \"\"",
				func(t *bake.Target) source.Value { return t.Call }),
			bakeList("platforms", "the platforms, none for that of the builder",
				func(t *bake.Target) []source.Value { return t.Platforms }),
			bakeList("tags", "the names that the image gets", func(t *bake.Target) []source.Value { return t.Tags }),
			bakeList("entitlements", "the entitlements that it asks for, with that of network = \"host\"",
				func(t *bake.Target) []source.Value { return t.Entitlements }),
			bakeList("inherits", "the targets that it inherits from, as written",
				func(t *bake.Target) []source.Value { return t.Inherits }),
			bakeMap("args", "the build arguments, by name",
				func(t *bake.Target) map[string]source.Value { return t.Args }),
			bakeMap("contexts", "the named contexts, by name",
				func(t *bake.Target) map[string]source.Value { return t.Contexts }),
			attribute("abstract", "whether it only seems to exist for others to inherit from", cty.Bool,
				func(t *bake.Target) cty.Value { return cty.BoolVal(t.Abstract()) }),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		f, ok := doc.Value.(*bake.File)
		if !ok {
			return nil
		}
		var out []*Node
		for _, t := range f.Targets {
			at := t.Name.Span
			if at.IsEmpty() {
				at = t.Span
			}
			out = append(out, &Node{kind: k, subject: t, file: doc.Source, span: t.Span, whole: Place{Span: at}})
		}
		return out
	}
	return k
}

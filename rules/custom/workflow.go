package custom

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// workflowKinds are the kinds of node in workflows and composite actions.
func workflowKinds() []*Kind { return []*Kind{jobKind(), workflowStepKind()} }

// outlineKey is the key of the outline of a workflow in what a pass remembers.
type outlineKey struct{}

// outlineOf returns the outline of a workflow or action, nil for other files.
func outlineOf(p *rules.Pass, doc *workspace.Document) *workflow.Outline {
	if doc.Entry.Kind != files.KindWorkflow {
		return nil
	}
	o, _ := p.Memo(outlineKey{}, func() any { return workflow.ReadOutline(doc.Source) }).(*workflow.Outline)
	return o
}

// plainText is a value of a file, "" where it is not set.
func plainText(v source.Value) cty.Value {
	return knownText(v.Text, !v.IsSet() || v.Known && !v.Overridable)
}

func plainList(values []source.Value) cty.Value {
	var out []cty.Value
	for _, v := range values {
		out = append(out, plainText(v))
	}
	return list(cty.String, out)
}

func plainMap(values map[string]source.Value) cty.Value {
	out := make(map[string]cty.Value, len(values))
	for name, v := range values {
		out[name] = plainText(v)
	}
	return textMap(out)
}

func jobText(name, doc string, pick func(*workflow.Job) source.Value) Attribute {
	return attribute(name, doc, cty.String, func(j *workflow.Job) cty.Value { return plainText(pick(j)) }).
		at(func(n *Node) (Place, bool) { return yamlPlace(n.file, pick(n.subject.(*workflow.Job))) })
}

func runsOn(j *workflow.Job) cty.Value { return plainList(j.Runner) }

func jobKind() *Kind {
	job := func(n *Node) *workflow.Job { return n.subject.(*workflow.Job) }
	k := &Kind{
		Name: "workflow.job", List: "jobs", File: ".github/workflows/ci.yml",
		Doc: "a job of a workflow of GitHub, Gitea or Forgejo; what expressions decide is not known",
		Example: `  when    = !node.has_permissions
  message = "the token of ${node.id} may do all that the repository's settings allow"
`,
		Bad: "on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps: [{ run: make }]\n",
		Attributes: []Attribute{
			attribute("id", "its key", cty.String, func(j *workflow.Job) cty.Value { return textValue(j.ID) }).
				at(func(n *Node) (Place, bool) { return Place{Span: job(n).IDSpan}, true }),
			jobText("name", "its name, \"\" without one", func(j *workflow.Job) source.Value { return j.Name }),
			jobText("uses", "the workflow that it calls instead of having steps, or \"\"",
				func(j *workflow.Job) source.Value { return j.Uses }),
			jobText("container", "the image of the container that its steps run in, or \"\"",
				func(j *workflow.Job) source.Value { return j.Container }),
			jobText("timeout", "timeout-minutes as a text, \"\" for the default of 360",
				func(j *workflow.Job) source.Value { return j.Timeout }),
			attribute("runs_on", "the labels of the runner", cty.List(cty.String), runsOn).
				items(func(n *Node, i int) (Place, bool) {
					if labels := job(n).Runner; i < len(labels) {
						return yamlPlace(n.file, labels[i])
					}
					return Place{}, false
				}),
			attribute("has_permissions", "whether the job or the workflow says what its token may do", cty.Bool,
				func(j *workflow.Job) cty.Value { return cty.BoolVal(j.Permissions != nil) }),
			attribute("permissions", "what its token may do, such as `lookup(node.permissions, \"contents\", \"\")`, "+
				"or `all` for read-all and write-all", cty.Map(cty.String),
				func(j *workflow.Job) cty.Value { return plainMap(j.Permissions) }).
				keyed(func(n *Node, key string) (Place, bool) { return yamlPlace(n.file, job(n).Permissions[key]) }),
			attribute("steps", "the number of its steps", cty.Number,
				func(j *workflow.Job) cty.Value { return number(len(j.Steps)) }),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		o := outlineOf(p, doc)
		if o == nil {
			return nil
		}
		var out []*Node
		for _, j := range o.Jobs {
			out = append(out, &Node{kind: k, subject: j, file: doc.Source, span: j.Span,
				whole: Place{Span: j.IDSpan}})
		}
		return out
	}
	return k
}

func workflowStep(n *Node) *workflow.Step { return n.subject.(*workflow.Step) }

// stepText is an attribute that one key of a step says.
func stepText(name, doc, key string) Attribute {
	return attribute(name, doc, cty.String, func(s *workflow.Step) cty.Value { return plainText(s.Value(key)) }).
		at(func(n *Node) (Place, bool) { return yamlPlace(n.file, workflowStep(n).Value(key)) })
}

// stepRaw is the same for a key whose text has a meaning with its expressions.
func stepRaw(name, doc, key string) Attribute {
	return attribute(name, doc, cty.String, func(s *workflow.Step) cty.Value { return plainText(s.Raw(key)) }).
		at(func(n *Node) (Place, bool) { return yamlPlace(n.file, workflowStep(n).Raw(key)) })
}

// stepTable is an attribute that is a mapping of a step.
func stepTable(name, doc, key string) Attribute {
	value := func(s *workflow.Step) cty.Value { return plainMap(s.Table(key)) }
	return attribute(name, doc, cty.Map(cty.String), value).
		keyed(func(n *Node, entry string) (Place, bool) { return yamlPlace(n.file, workflowStep(n).Table(key)[entry]) })
}

// half is the part of uses before or behind the @.
func half(n int) func(*workflow.Step) cty.Value {
	return func(s *workflow.Step) cty.Value {
		if s.Uses.IsSet() && !s.Uses.Known {
			return cty.UnknownVal(cty.String)
		}
		text := strings.TrimPrefix(s.Uses.Text, "docker://")
		action, ref, _ := strings.Cut(text, "@")
		return textValue([]string{action, ref}[n])
	}
}

// refPlace is the place of what stands behind the @.
func refPlace(n *Node) (Place, bool) {
	v := workflowStep(n).Uses
	_, ref, ok := strings.Cut(v.Text, "@")
	if !ok || n.file.Text(v.Span) != v.Text {
		return Place{}, false
	}
	at := source.Span{Start: v.Span.End - len(ref), End: v.Span.End}
	p, ok := yamlPlace(n.file, source.Value{Text: ref, Known: true, Span: at})
	p.Delete = nil
	return p, ok
}

func workflowStepKind() *Kind {
	inJob := func(value func(*workflow.Job) cty.Value, otherwise cty.Value) func(*workflow.Step) cty.Value {
		return func(s *workflow.Step) cty.Value {
			if s.Job == nil {
				return otherwise
			}
			return value(s.Job)
		}
	}
	k := &Kind{
		Name: "workflow.step", List: "steps", File: ".github/workflows/ci.yml",
		Doc: "a step of a workflow of GitHub, Gitea or Forgejo, or of a composite action; what expressions decide is " +
			"not known",
		Example: `  when    = strcontains(node.uses, "@") && !matches(node.ref, "^[0-9a-f]{40}$")
  at      = node.uses
  message = "${node.action} is not pinned by a commit"
`,
		Bad: "on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v5\n",
		Attributes: []Attribute{
			stepText("uses", "the action with its version, \"\" for a script: `actions/checkout@v5`", "uses"),
			attribute("action", "the action without its version: `actions/checkout`, `./.github/actions/a`", cty.String,
				half(0)),
			attribute("ref", "the version behind the @: a tag, branch or commit", cty.String, half(1)).at(refPlace),
			stepRaw("run", "the script as it stands in the file, with its expressions, \"\" for an action", "run"),
			stepText("name", "its name, \"\" without one", "name"),
			stepText("id", "its id, \"\" without one", "id"),
			stepRaw("if", "its condition as it stands in the file, \"\" without one", "if"),
			attribute("shell", "the shell of the script that it, the job or the workflow names, or \"\"", cty.String,
				func(s *workflow.Step) cty.Value {
					shell := s.Shell()
					return knownText(shell, !strings.Contains(shell, "$"))
				}),
			stepTable("with", "the inputs, by name: `lookup(node.with, \"persist-credentials\", \"\")`", "with"),
			stepTable("env", "the variables that it sets itself, by name", "env"),
			attribute("job", "the id of its job, \"\" in an action", cty.String,
				inJob(func(j *workflow.Job) cty.Value { return textValue(j.ID) }, textValue(""))),
			attribute("runs_on", "the labels of the runner", cty.List(cty.String),
				inJob(runsOn, cty.UnknownVal(cty.List(cty.String)))),
			attribute("has_permissions", "whether the job or the workflow says what its token may do", cty.Bool,
				inJob(func(j *workflow.Job) cty.Value { return cty.BoolVal(j.Permissions != nil) },
					cty.UnknownVal(cty.Bool))),
			attribute("permissions", "what its token may do, by scope, as for workflow.job", cty.Map(cty.String),
				inJob(func(j *workflow.Job) cty.Value { return plainMap(j.Permissions) },
					cty.UnknownVal(cty.Map(cty.String)))),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		o := outlineOf(p, doc)
		if o == nil {
			return nil
		}
		var out []*Node
		for _, s := range o.Steps {
			out = append(out, &Node{kind: k, subject: s, file: doc.Source, span: s.Span,
				whole: Place{Span: s.Span}})
		}
		return out
	}
	return k
}

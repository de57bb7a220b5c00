package workflow

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// Outline is a workflow, or a composite action (action.yml), as written: no matrix is expanded, and expressions are
// opaque.
type Outline struct {
	// Source is the file.
	Source *source.File
	// Env are the environment variables of the workflow, of jobs and of steps, in order of position.
	Env []EnvVar
	// Jobs are the jobs, in order of position; an action has none.
	Jobs []*Job
	// Steps are the steps of all jobs, or of the action.
	Steps []*Step
	// Problems are the errors in the YAML, in order of position.
	Problems []source.Problem
}

// EnvVar is an entry of an "env" mapping.
type EnvVar struct {
	Name string
	// Value is the text of the value; Span covers it and its key.
	Value *source.Fragment
	Span  source.Span
}

// ReadOutline reads the steps and variables of a workflow or of a composite action. It costs one pass over the file.
func ReadOutline(f *source.File) *Outline {
	tree := yamltree.Parse(f)
	o := &Outline{Source: f, Problems: tree.Problems}
	root := tree.Root().Resolve()
	if root == nil || root.Kind != yamltree.Mapping {
		return o
	}
	o.env(root)
	for job := range root.Get("jobs").All() {
		o.env(job.Value.Resolve())
		first := len(o.Steps)
		o.steps(job.Value.Resolve().Get("steps"), defaultShell(job.Value.Resolve(), root))
		os := newRunner((&scope{file: f}).labels(job.Value.Resolve().Get("runs-on")), true).OS
		j := o.job(job, root)
		j.Steps = o.Steps[first:len(o.Steps):len(o.Steps)]
		for _, s := range j.Steps {
			s.os, s.Job = os, j
		}
	}
	o.steps(root.Get("runs").Get("steps"), nil)
	return o
}

// defaultShell returns the shell that the job, or else the workflow, sets for its scripts, or nil.
func defaultShell(job, root *yamltree.Node) *yamltree.Node {
	for _, n := range []*yamltree.Node{job, root} {
		if shell := n.Get("defaults").Get("run").Get("shell"); shell != nil {
			return shell
		}
	}
	return nil
}

func (o *Outline) steps(n *yamltree.Node, shell *yamltree.Node) {
	n = n.Resolve()
	if n == nil || n.Kind != yamltree.Sequence {
		return
	}
	plain := &scope{file: o.Source}
	for _, item := range n.Items {
		item = item.Resolve()
		if item == nil || item.Kind != yamltree.Mapping {
			continue
		}
		s := &Step{Uses: plain.value(item.Get("uses")), Span: item.Span, file: o.Source, node: item, shell: shell}
		if own := item.Get("shell"); own != nil {
			s.shell = own
		}
		if run := item.Get("run"); run.IsScalar() {
			s.run = run
		}
		o.env(item)
		o.Steps = append(o.Steps, s)
	}
}

func (o *Outline) env(n *yamltree.Node) {
	if n == nil {
		return
	}
	for entry := range n.Get("env").All() {
		if v := entry.Value.Resolve(); v.IsScalar() {
			o.Env = append(o.Env, EnvVar{Name: entry.Key.Text, Value: opaque(v, o.Source), Span: entry.Span()})
		}
	}
}

// Shell returns the shell that a step of an Outline names for its script, or "" when it names none and the runner
// decides.
func (s *Step) Shell() string {
	if s.shell == nil {
		return ""
	}
	name, _, _ := strings.Cut(s.shell.Text, " ")
	return name
}

// OS returns the operating system of the runner that a step of an Outline runs on: "linux", "windows" or "macos", or ""
// when it is not known.
func (s *Step) OS() string { return s.os }

// job reads what a job says besides its steps.
func (o *Outline) job(pair yamltree.Pair, root *yamltree.Node) *Job {
	plain := &scope{file: o.Source}
	n := pair.Value.Resolve()
	j := &Job{
		ID: pair.Key.Text, IDSpan: pair.Key.Inner, Span: pair.Span(), Uses: plain.value(n.Get("uses")),
		Name: plain.value(n.Get("name")), Timeout: plain.value(n.Get("timeout-minutes")),
		Container: plain.value(n.Get("container")), Runner: plain.labels(n.Get("runs-on")),
	}
	if !j.Container.IsSet() {
		j.Container = plain.value(n.Get("container").Get("image"))
	}
	for _, in := range []*yamltree.Node{n, root} {
		key := in.Pair("permissions")
		if key.Key == nil {
			continue
		}
		j.Permissions = table(plain, key.Value.Resolve())
		if v := plain.value(key.Value); v.IsSet() {
			v.Text = strings.TrimSuffix(v.Text, "-all")
			j.Permissions["all"] = v
		}
		break
	}
	o.Jobs = append(o.Jobs, j)
	return j
}

// table reads a mapping of scalars.
func table(plain *scope, n *yamltree.Node) map[string]Value {
	out := map[string]Value{}
	if n != nil {
		for pair := range n.All() {
			if v := plain.value(pair.Value); v.IsSet() {
				out[pair.Key.Text] = v
			}
		}
	}
	return out
}

// Value returns what a key of the step says, where all expressions but literals are unknown.
func (s *Step) Value(key string) Value { return (&scope{file: s.file}).value(s.node.Get(key)) }

// Table returns the entries of a key of the step, such as "with" and "env", where all expressions but literals are
// unknown.
func (s *Step) Table(key string) map[string]Value {
	return table(&scope{file: s.file}, s.node.Get(key))
}

// Raw returns what a key of the step says as it is written, with its expressions.
func (s *Step) Raw(key string) Value {
	if n := s.node.Get(key); n.IsScalar() {
		return Value{Text: n.Text, Known: true, Span: n.Inner}
	}
	return Value{}
}

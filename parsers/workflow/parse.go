package workflow

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// maxSteps bounds the steps of a file that are read; each counts once for every combination of its job's matrix.
	maxSteps = 1 << 15
	// maxScript bounds the length of a script that is parsed, maxScripts that of all scripts together.
	maxScript  = 64 << 10
	maxScripts = 4 << 20
)

// Parse reads f. It never fails: what cannot be read becomes a problem of the file.
func Parse(f *source.File) *File {
	tree := yamltree.Parse(f)
	p := &parser{file: &File{Source: f, Problems: tree.Problems}}
	if root := tree.Root().Resolve(); !root.IsNull() {
		p.workflow(root)
	}
	slices.SortStableFunc(p.file.Problems, func(a, b source.Problem) int {
		return cmp.Compare(a.Span.Start, b.Span.Start)
	})
	return p.file
}

type parser struct {
	file    *File
	root    *yamltree.Node
	steps   int
	scripts int
}

func (p *parser) problem(kind string, span source.Span, format string, args ...any) {
	p.file.Problems = append(p.file.Problems,
		source.Problem{Span: span, Kind: kind, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) workflow(root *yamltree.Node) {
	if root.Kind != yamltree.Mapping {
		p.problem(KindShape, root.Span, "a workflow must be a mapping")
		return
	}
	p.root = root
	jobs := root.Get("jobs")
	if jobs.IsNull() {
		return
	}
	if jobs.Kind != yamltree.Mapping {
		p.problem(KindShape, jobs.Span, "jobs must be a mapping")
		return
	}
	for entry := range jobs.All() {
		n := entry.Value.Resolve()
		j := &Job{ID: entry.Key.Text, IDSpan: entry.Key.Inner, Span: entry.Span()}
		p.file.Jobs = append(p.file.Jobs, j)
		if n.IsNull() || n.Kind != yamltree.Mapping {
			p.problem(KindShape, entry.Span(), "job %q must be a mapping", j.ID)
			continue
		}
		p.job(j, n)
	}
}

func (p *parser) job(j *Job, n *yamltree.Node) {
	plain := &scope{file: p.file.Source}
	j.Uses = plain.value(n.Get("uses"))
	if steps := n.Get("steps"); steps != nil {
		if steps.Kind != yamltree.Sequence {
			p.problem(KindShape, steps.Span, "steps must be a list")
		}
		for _, item := range steps.Items {
			item = item.Resolve()
			if item == nil || item.Kind != yamltree.Mapping {
				if !item.IsNull() {
					p.problem(KindShape, item.Span, "a step must be a mapping")
				}
				continue
			}
			s := &Step{Uses: plain.value(item.Get("uses")), Span: item.Span, file: p.file.Source, node: item}
			if run := item.Get("run"); run.IsScalar() {
				s.run = run
			}
			j.Steps = append(j.Steps, s)
		}
	}
	if plain.condition(n.Get("if")) == no {
		return
	}
	global := &scope{file: p.file.Source, env: map[string]val{}}
	global.addEnv(p.root.Get("env"), global)
	for _, s := range j.Steps {
		global.notice(s)
	}
	rows, ok := global.combinations(n.Get("strategy").Get("matrix"))
	for _, r := range rows {
		if p.steps += max(len(j.Steps), 1); p.steps > maxSteps {
			p.problem(KindSize, j.IDSpan, "the jobs of this file have more than %d steps together, so not all are read",
				maxSteps)
			j.Combinations = nil
			return
		}
		sc := *global
		sc.matrix, sc.openMatrix = r.vals, r.open
		c := &Combination{Job: j, Opaque: !ok, Matrix: map[string]Value{}, root: Value{Known: true}}
		for name, v := range r.vals {
			if s, ok := v.string(); ok {
				value := Value{Text: s, Known: true}
				if v.node != nil {
					value.Span = v.node.Inner
				}
				c.Matrix[name] = value
			}
		}
		c.Runner = newRunner(sc.labels(n.Get("runs-on")))
		sc.runner = c.Runner
		sc.env = map[string]val{}
		for k, v := range global.env {
			sc.env[k] = v
		}
		sc.addEnv(n.Get("env"), &sc)
		p.combination(c, n, &sc)
		j.Combinations = append(j.Combinations, c)
	}
}

// addEnv adds the variables of an "env" mapping, whose expressions are evaluated in from.
func (sc *scope) addEnv(n *yamltree.Node, from *scope) {
	if n == nil || n.Kind != yamltree.Mapping {
		return
	}
	for entry := range n.All() {
		v := from.node(entry.Value)
		if s, ok := v.string(); ok && v.kind != text {
			v = val{kind: text, s: s, node: v.node}
		}
		sc.env[entry.Key.Text] = v
	}
}

// notice marks the variables that a step's script may change for the steps after it.
func (sc *scope) notice(s *Step) {
	if s.run == nil || !strings.Contains(s.run.Text, "GITHUB_ENV") {
		return
	}
	if sc.openEnv == nil {
		sc.openEnv = map[string]bool{}
	}
	found := false
	script := s.run.Text
	for i := range len(script) {
		if script[i] != '=' && !strings.HasPrefix(script[i:], "<<") {
			continue
		}
		start := i
		for start > 0 && isWord(script[start-1]) && script[start-1] != '-' {
			start--
		}
		if start < i {
			sc.openEnv[script[start:i]] = true
			found = true
		}
	}
	sc.allEnv = sc.allEnv || !found
}

// labels returns the labels under "runs-on": a string, a list, or a mapping with labels.
func (sc *scope) labels(n *yamltree.Node) []Value {
	n = n.Resolve()
	if n != nil && n.Kind == yamltree.Mapping {
		n = n.Get("labels")
		if n == nil {
			return nil
		}
	}
	if n == nil {
		return nil
	}
	if n.Kind == yamltree.Scalar {
		if v := sc.node(n); v.kind == object && v.node.Kind == yamltree.Sequence {
			n = v.node
		} else {
			return []Value{sc.value(n)}
		}
	}
	var out []Value
	for _, item := range n.Items {
		if v := sc.value(item); v.IsSet() {
			out = append(out, v)
		}
	}
	return out
}

// inputNode returns the value of an input under "with", or nil.
func inputNode(step *yamltree.Node, name string) *yamltree.Node {
	for entry := range step.Get("with").All() {
		if strings.EqualFold(entry.Key.Text, name) {
			if v := entry.Value.Resolve(); v.IsScalar() {
				return v
			}
		}
	}
	return nil
}

// inputs reads the inputs of one step.
type inputs struct {
	sc   *scope
	step *yamltree.Node
}

func (in inputs) value(name string) Value {
	if n := inputNode(in.step, name); n != nil {
		return in.sc.value(n)
	}
	return Value{}
}

func (in inputs) list(name string, commas bool) []Value {
	if n := inputNode(in.step, name); n != nil {
		return list(in.sc.fragment(n), commas)
	}
	return nil
}

// combination reads the steps of a job for one row of its matrix.
func (p *parser) combination(c *Combination, job *yamltree.Node, sc *scope) {
	checkouts := 0
	for i, s := range c.Job.Steps {
		if sc.condition(s.node.Get("if")) == no {
			continue
		}
		local := sc
		if env := s.node.Get("env"); env != nil {
			own := *sc
			own.env = make(map[string]val, len(sc.env)+len(env.Pairs))
			for k, v := range sc.env {
				own.env[k] = v
			}
			own.addEnv(env, sc)
			local = &own
		}
		in := inputs{local, s.node}
		if s.run != nil {
			p.script(c, i, job, local)
			continue
		}
		span := s.Uses.Span
		switch action := s.Action(); action {
		case "actions/checkout":
			if repo := in.value("repository"); repo.IsSet() &&
				!strings.Contains(p.file.Source.Text(repo.Span), "github.repository") {
				if !in.value("path").IsSet() {
					c.root = Value{} // another repository is checked out where this one would be
				}
				continue
			}
			if dir := in.value("path"); dir.IsSet() {
				if c.root = dir; checkouts > 0 {
					c.root = Value{}
				}
			}
			checkouts++
		case "docker/setup-qemu-action":
			c.Emulators = append(c.Emulators, &Emulator{Step: i, Platforms: in.list("platforms", true), Span: span})
		case "dbhi/qus/action", "crazy-max/ghaction-docker-buildx":
			c.Emulators = append(c.Emulators, &Emulator{Step: i, Span: span})
		case "docker/setup-buildx-action":
			driver := in.value("driver")
			if driver.IsSet() && !driver.Is("docker") && !driver.Is("docker-container") ||
				in.value("endpoint").IsSet() || in.value("append").IsSet() {
				c.Remote = span
			}
		case "depot/setup-action", "namespacelabs/nscloud-setup-buildx-action", "useblacksmith/setup-docker-builder",
			"useblacksmith/build-push-action":
			c.Remote = span
			if action == "useblacksmith/build-push-action" {
				c.Builds = append(c.Builds, p.buildPush(c, i, in, span))
			}
		case "docker/build-push-action", "depot/build-push-action":
			b := p.buildPush(c, i, in, span)
			b.Remote = action[:6] == "depot/"
			c.Builds = append(c.Builds, b)
		case "docker/bake-action", "depot/bake-action":
			b := p.bakeAction(c, i, in, span)
			b.Remote = action[:6] == "depot/"
			c.Builds = append(c.Builds, b)
		}
	}
	for _, b := range c.Builds {
		b.Remote = b.Remote || !c.Remote.IsEmpty()
	}
}

func (p *parser) buildPush(c *Combination, step int, in inputs, span source.Span) *Build {
	b := &Build{Tool: BuildPushAction, Combination: c, Step: step, Span: span, dir: Value{Known: true}}
	b.Context, b.Dockerfile, b.Stage, b.Call = in.value("context"), in.value("file"), in.value("target"),
		in.value("call")
	if b.Context.Is("") {
		b.Context = Value{}
	}
	b.isGit = !b.Context.IsSet() || strings.HasPrefix(b.Context.Text, "{{defaultContext}}")
	b.Platforms = in.list("platforms", true)
	b.Allow = in.list("allow", true)
	b.Contexts = in.list("build-contexts", false)
	var complete bool
	b.Args, complete = assignments(in.list("build-args", false), p.file.Source)
	b.Open = !complete
	return b
}

func (p *parser) bakeAction(c *Combination, step int, in inputs, span source.Span) *Build {
	b := &Build{Tool: BakeAction, Combination: c, Step: step, Span: span, dir: Value{Known: true}, Bake: &Bake{}}
	// Before release 5 the folder was "workdir"; since release 6 "source" is a folder, a URL or, by default, the
	// repository.
	dir := in.value("workdir")
	if s := in.value("source"); s.IsSet() {
		dir = s
	}
	switch {
	case strings.HasPrefix(dir.Text, "{{defaultContext}}"), !dir.IsSet():
		b.isGit = true
		if sub, ok := gitPath(dir); ok {
			b.Bake.Dir = Value{Text: sub, Known: true, Span: dir.Span}
		}
	case dir.Known && isLocal(dir.Text):
		if sub, ok := b.inRepository(dir.Text); ok {
			b.Bake.Dir = Value{Text: sub, Known: true, Span: dir.Span}
		}
	default:
		b.Bake.Dir = Value{Span: dir.Span}
	}
	b.Bake.Files = in.list("files", true)
	b.Bake.Targets = in.list("targets", true)
	b.Allow = in.list("allow", true)
	for _, v := range in.list("set", false) {
		if !b.override(v, p.file.Source) {
			b.Open = true
		}
	}
	b.Open = b.Open || len(in.list("vars", false)) > 0
	return b
}

// override adds "TARGET.KEY=VALUE", and reports whether the target and the key are known.
func (b *Build) override(v Value, f *source.File) bool {
	table, ok := assignments([]Value{v}, f)
	for name, value := range table {
		key, appends := strings.CutSuffix(name, "+")
		target, key, found := strings.Cut(key, ".")
		if !found {
			return false
		}
		b.Bake.Set = append(b.Bake.Set, Override{Target: target, Key: key, Append: appends, Value: value})
	}
	return ok
}

// workDir returns the working directory of a script, relative to the workspace.
func (p *parser) workDir(step, job *yamltree.Node, sc *scope) Value {
	for _, n := range []*yamltree.Node{
		step.Get("working-directory"),
		job.Get("defaults").Get("run").Get("working-directory"),
		p.root.Get("defaults").Get("run").Get("working-directory"),
	} {
		if n != nil {
			v := sc.value(n)
			if v.Known && path.IsAbs(v.Text) {
				return Value{Span: v.Span}
			}
			return v
		}
	}
	return Value{Known: true}
}

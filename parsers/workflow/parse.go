package workflow

import (
	"cmp"
	"fmt"
	"maps"
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

// Parse reads f alone. It never fails: what cannot be read becomes a problem of the file.
func Parse(f *source.File) *File { return ParseIn(f, Project{}) }

// ParseIn is like Parse, and follows the composite actions of the project and the calls by its other workflows.
func ParseIn(f *source.File, project Project) *File {
	tree := yamltree.Parse(f)
	p := &parser{
		file: &File{Source: f, Problems: tree.Problems}, project: project, actions: map[string]*action{},
		hosted: !strings.Contains(f.Path, ".gitea/") && !strings.Contains(f.Path, ".forgejo/"),
	}
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
	uses    int

	project  Project
	triggers *triggers
	actions  map[string]*action // by folder
	hosted   bool               // by GitHub, so its labels of runners are known
}

// action is a composite action of the repository.
type action struct {
	file  *source.File
	root  *yamltree.Node
	steps []*Step
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
	p.triggers = newTriggers(root.Get("on"), p.project.Calls)
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
		j.Steps = p.readSteps(steps, p.file.Source)
	}
	if plain.condition(n.Get("if")) == no {
		return
	}
	global := &scope{file: p.file.Source, triggers: p.triggers, uses: &p.uses}
	from := *global // there, "env" knows no variables
	global.env = map[string]variable{}
	global.addEnv(p.root.Get("env"), &from)
	for _, s := range j.Steps {
		global.notice(s)
	}
	outer := &world{chosen: map[string]int{}}
	for range maxWorlds {
		var rows []row
		var ok bool
		global.world = outer
		for met := -1; met < len(outer.met); {
			met = len(outer.met)
			rows, ok = global.fork().combinations(n.Get("strategy").Get("matrix"))
		}
		for _, r := range rows {
			j.Combinations = append(j.Combinations, p.worlds(outer.within(), func(w *world) *Combination {
				if p.steps += max(len(j.Steps), 1); p.steps > maxSteps {
					return nil
				}
				sc := *global
				sc.world, sc.matrix, sc.openMatrix = w, r.vals, r.open
				if sc.condition(n.Get("if")) == no {
					return nil
				}
				c := newCombination(j, r)
				c.Opaque = !ok
				p.combination(c, n, &sc)
				return c
			})...)
			if p.steps > maxSteps {
				p.problem(KindSize, j.IDSpan,
					"the jobs of this file have more than %d steps together, so not all are read", maxSteps)
				j.Combinations = nil
				return
			}
		}
		if !outer.next() {
			break
		}
	}
	p.addCalls(j)
}

// readSteps reads a list of steps.
func (p *parser) readSteps(steps *yamltree.Node, f *source.File) []*Step {
	plain := &scope{file: f}
	var out []*Step
	for _, item := range steps.Items {
		item = item.Resolve()
		if item == nil || item.Kind != yamltree.Mapping {
			if !item.IsNull() && f == p.file.Source {
				p.problem(KindShape, item.Span, "a step must be a mapping")
			}
			continue
		}
		s := &Step{Uses: plain.value(item.Get("uses")), Span: item.Span, file: f, node: item}
		if run := item.Get("run"); run.IsScalar() {
			s.run = run
		}
		out = append(out, s)
	}
	return out
}

func newCombination(j *Job, r row) *Combination {
	c := &Combination{Job: j, Matrix: map[string]Value{}, root: Value{Known: true}}
	for name, v := range r.vals {
		if s, ok := v.string(); ok {
			value := Value{Text: s, Known: true}
			if v.node != nil {
				value.Span = v.node.Inner
			}
			c.Matrix[name] = value
		}
	}
	return c
}

// addEnv adds the variables of an "env" mapping, whose expressions are evaluated in from.
func (sc *scope) addEnv(n *yamltree.Node, from *scope) {
	if n == nil || n.Kind != yamltree.Mapping {
		return
	}
	for entry := range n.All() {
		sc.env[entry.Key.Text] = variable{node: entry.Value, from: from}
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

// all returns in so that all values are looked at that an input can have.
func (in inputs) all() inputs { return inputs{in.sc.fork(), in.step} }

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

// combination reads a job for one row of its matrix, in one kind of run.
func (p *parser) combination(c *Combination, job *yamltree.Node, sc *scope) {
	c.Runner = newRunner(sc.fork().labels(job.Get("runs-on")), p.hosted)
	sc.runner = c.Runner
	sc.env = maps.Clone(sc.env)
	from := *sc
	from.env = maps.Clone(sc.env)
	sc.addEnv(job.Get("env"), &from)
	if c.Job.Uses.IsSet() {
		p.call(c, job, sc)
		return
	}
	l := &lane{c: c, job: job}
	p.list(l, c.Job.Steps, sc, -1)
	for _, b := range c.Builds {
		b.Remote = b.Remote || !c.Remote.IsEmpty()
	}
}

// lane is the state of a job between its steps.
type lane struct {
	c         *Combination
	job       *yamltree.Node // nil inside a composite action
	checkouts int
	depth     int
	// images are the names that steps with docker/metadata-action make tags of, by the identifiers of the steps.
	images map[string][]Value
}

// list reads steps. step is the index in Job.Steps of the one whose composite action they are, or -1.
func (p *parser) list(l *lane, steps []*Step, sc *scope, step int) {
	for i, s := range steps {
		if sc.condition(s.node.Get("if")) == no {
			continue
		}
		local := sc
		if env := s.node.Get("env"); env != nil {
			own := *sc
			own.env = maps.Clone(sc.env)
			own.addEnv(env, sc)
			local = &own
		}
		if step >= 0 {
			i = step
		}
		if s.run != nil {
			p.script(l, i, s, local)
			continue
		}
		p.action(l, i, s, local)
	}
}

// action reads a step that uses an action.
func (p *parser) action(l *lane, i int, s *Step, local *scope) {
	c := l.c
	in := inputs{local, s.node}
	span := s.Uses.Span
	switch action := s.Action(); action {
	case "actions/checkout":
		if repo := in.value("repository"); repo.IsSet() &&
			!strings.Contains(local.file.Text(repo.Span), "github.repository") {
			if !in.value("path").IsSet() {
				c.root = Value{} // another repository is checked out where this one would be
			}
			return
		}
		if dir := in.value("path"); dir.IsSet() {
			if c.root = dir; l.checkouts > 0 {
				c.root = Value{}
			}
		}
		l.checkouts++
	case "docker/setup-qemu-action":
		c.addEmulator(&Emulator{Step: i, Platforms: in.all().list("platforms", true), Span: span})
	case "dbhi/qus/action", "crazy-max/ghaction-docker-buildx":
		c.addEmulator(&Emulator{Step: i, Span: span})
	case "docker/setup-buildx-action":
		c.buildx = true
		if c.builder = nil; !in.value("driver").Is("docker") { // by default, the action allows all entitlements
			if flags := in.value("buildkitd-flags"); flags.IsSet() && !flags.Is("") {
				for _, name := range []string{
					"config", "config-inline", "buildkitd-config", "buildkitd-config-inline",
				} {
					flags.Known = flags.Known && !in.value(name).IsSet()
				}
				c.builder = &Builder{Flags: flags, Source: local.file}
			}
		}
		driver := in.value("driver")
		if driver.IsSet() && !driver.Is("docker") && !driver.Is("docker-container") ||
			in.value("endpoint").IsSet() || in.value("append").IsSet() {
			c.Remote = span
		}
	case "depot/setup-action", "namespacelabs/nscloud-setup-buildx-action", "useblacksmith/setup-docker-builder",
		"useblacksmith/build-push-action":
		c.Remote = span
		if action == "useblacksmith/build-push-action" {
			b := p.buildPush(c, i, in, span)
			b.Tags = l.tags(in)
			c.add(b)
		}
	case "docker/metadata-action":
		if id := s.node.Get("id").Resolve(); id.IsScalar() {
			if l.images == nil {
				l.images = map[string][]Value{}
			}
			l.images[id.Text] = in.list("images", true)
		}
	case "docker/build-push-action", "depot/build-push-action":
		b := p.buildPush(c, i, in, span)
		b.Tags = l.tags(in)
		b.Remote = action[:6] == "depot/"
		c.add(b)
	case "docker/bake-action", "depot/bake-action":
		b := p.bakeAction(c, i, in, span)
		b.Remote = action[:6] == "depot/"
		c.add(b)
	default:
		p.composite(l, i, s, in)
	}
}

// tags returns the names that a step gives to the image that it builds. Those that docker/metadata-action makes are the
// names that it is given.
func (l *lane) tags(in inputs) []Value {
	out := in.list("tags", true)
	if n := inputNode(in.step, "tags"); n != nil && len(l.images) > 0 {
		for _, id := range sortedKeys(l.images) {
			if strings.Contains(n.Text, "steps."+id+".outputs.tags") {
				out = append(out, l.images[id]...)
			}
		}
	}
	return out
}

// maxActions bounds composite actions that use others.
const maxActions = 8

// composite reads the steps of a composite action of the repository as steps of the job.
func (p *parser) composite(l *lane, step int, s *Step, in inputs) {
	dir, ok := strings.CutPrefix(s.Uses.Text, "./")
	if !ok || !s.Uses.Known || p.project.Action == nil || l.depth >= maxActions || !l.c.root.Known {
		return
	}
	dir = path.Clean(dir)
	full := dir // below the workspace
	if root := path.Clean("/" + l.c.root.Text)[1:]; root != "" {
		if dir, ok = strings.CutPrefix(dir, root+"/"); !ok {
			return
		}
	}
	a := p.actions[dir]
	if a == nil {
		a = &action{}
		p.actions[dir] = a
		if f := p.project.Action(dir); f != nil {
			a.file = f
			a.root = yamltree.Parse(f).Root().Resolve()
			if runs := a.root.Get("runs"); runs.Get("using").IsScalar() && runs.Get("using").Text == "composite" {
				if steps := runs.Get("steps").Resolve(); steps != nil {
					a.steps = p.readSteps(steps, f)
				}
			}
		}
	}
	if len(a.steps) == 0 {
		return
	}
	if p.steps += len(a.steps); p.steps > maxSteps {
		return
	}
	given := in.all()
	arguments := map[string]val{}
	sc := *in.sc
	sc.file, sc.action = a.file, full
	declared := a.root.Get("inputs").Resolve()
	if declared != nil && declared.Kind == yamltree.Mapping {
		for entry := range declared.All() {
			name := entry.Key.Text
			if n := inputNode(s.node, name); n != nil {
				v := given.sc.node(n)
				text, ok := v.string()
				arguments[name] = val{}
				if ok {
					arguments[name] = str(text)
				}
			} else {
				arguments[name] = str("")
				if d := entry.Value.Resolve().Get("default"); d.IsScalar() {
					arguments[name] = sc.literal(d.Resolve())
				}
			}
		}
	}
	sc.arguments = arguments
	sc.matrix = make(map[string]val, len(in.sc.matrix))
	for name, v := range in.sc.matrix {
		if v.node = nil; v.kind == object { // it stands in another file
			v = val{}
		}
		sc.matrix[name] = v
	}
	if in.sc.matrix == nil {
		sc.matrix = nil
	}
	for _, step := range a.steps {
		sc.notice(step)
	}
	inner := *l
	inner.job, inner.images = nil, nil
	inner.depth++
	p.list(&inner, a.steps, &sc, step)
	l.checkouts = inner.checkouts
}

func (p *parser) buildPush(c *Combination, step int, in inputs, span source.Span) *Build {
	b := &Build{
		Tool: BuildPushAction, Combination: c, Step: step, Span: span, Source: in.sc.file, dir: Value{Known: true},
	}
	plain := in
	in = in.all()
	b.Context, b.Dockerfile, b.Stage, b.Call = in.value("context"), in.value("file"), in.value("target"),
		in.value("call")
	if b.Context.Is("") {
		b.Context = Value{}
	}
	b.isGit = !b.Context.IsSet() || strings.HasPrefix(b.Context.Text, "{{defaultContext}}")
	b.Platforms = in.list("platforms", true)
	b.Allow = in.list("allow", true)
	if v := in.value("network"); v.Is("host") {
		b.Allow = append(b.Allow, Value{Text: "network.host", Known: true, Span: v.Span}) // buildx asks for it itself
	}
	b.Contexts = in.list("build-contexts", false)
	var complete bool
	b.Args, complete = assignments(plain.list("build-args", false), in.sc.file)
	b.Open = !complete
	return b
}

func (p *parser) bakeAction(c *Combination, step int, in inputs, span source.Span) *Build {
	b := &Build{
		Tool: BakeAction, Combination: c, Step: step, Span: span, Source: in.sc.file, dir: Value{Known: true},
		Bake: &Bake{},
	}
	in = in.all()
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
		if !b.override(v, in.sc.file) {
			b.Open = true
		}
	}
	vars, complete := assignments(in.list("vars", false), in.sc.file)
	b.Bake.vars, b.Bake.env = vars, in.sc
	b.Open = b.Open || !complete
	return b
}

// override adds "TARGET.KEY=VALUE", and reports whether the target and the key are known.
func (b *Build) override(v Value, f *source.File) bool {
	table, ok := assignments([]Value{v}, f)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		key, appends := strings.CutSuffix(name, "+")
		target, key, found := strings.Cut(key, ".")
		if !found {
			return false
		}
		b.Bake.Set = append(b.Bake.Set, Override{Target: target, Key: key, Append: appends, Value: table[name]})
	}
	return ok
}

// workDir returns the working directory of a script, relative to the workspace. job is nil in a composite action.
func (p *parser) workDir(step, job *yamltree.Node, sc *scope) Value {
	nodes := []*yamltree.Node{step.Get("working-directory")}
	if job != nil {
		nodes = append(nodes, job.Get("defaults").Get("run").Get("working-directory"),
			p.root.Get("defaults").Get("run").Get("working-directory"))
	}
	for _, n := range nodes {
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

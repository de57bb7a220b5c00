package workspace

import (
	"bytes"
	"iter"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// workflowFolders are where the workflows of GitHub, Gitea and Forgejo lie.
var workflowFolders = []string{".github/workflows", ".gitea/workflows", ".forgejo/workflows"}

// workflows reads the workflows of a repository, each with the calls of the others.
type workflows struct {
	w       *Workspace
	root    string
	names   []string                  // relative to the root, in order
	numbers map[string]int            // by absolute path
	calls   [][]string                // the workflows that each may call, by their paths
	callers map[string][]string       // the workflows that may call each, by their paths
	units   map[string]*workflowUnit  // of those that others call, by their paths
	reading *workflowUnit             // nil outside of the reading of one
	read    map[string]*workflow.File // of that unit; nil while it is being read
}

// workflowUnit is a workflow that others call, or several that call each other in a circle, which are read together:
// what they mean depends on their texts and on those of their callers.
type workflowUnit struct {
	names []string // in the order of the repository
	first int      // the number of the first one
	// callers stands for the callers of the unit, for their callers, and so on.
	callers string
}

// workflows finds the workflows of a repository.
func (w *Workspace) workflows(root string) *workflows {
	r := &workflows{w: w, root: root, numbers: map[string]int{}, callers: map[string][]string{}}
	for _, folder := range workflowFolders {
		dir := filepath.Join(root, filepath.FromSlash(folder))
		for _, name := range files.Names(w.tree, root, dir) {
			if !isWorkflow(name) {
				continue
			}
			if _, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				r.numbers[filepath.Join(dir, name)] = len(r.names)
				r.names = append(r.names, path.Join(folder, name))
			}
		}
	}
	r.calls = make([][]string, len(r.names))
	for n, name := range r.names {
		r.calls[n] = r.on(w).callsIn(name)
		for _, called := range r.calls[n] {
			r.callers[called] = append(r.callers[called], name)
		}
	}
	r.findUnits()
	return r
}

func isWorkflow(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
}

// on returns a reader of the same workflows as they are in a view.
func (r *workflows) on(w *Workspace) *workflows {
	on := *r
	on.w, on.reading, on.read = w, nil, nil
	return &on
}

func (r *workflows) full(name string) string { return filepath.Join(r.root, filepath.FromSlash(name)) }

// source returns the text of a workflow.
func (r *workflows) source(name string) *source.File {
	f, err := r.w.neighbour(r.root, r.full(name))
	if err != nil {
		return source.NewFile(r.w.show(r.full(name)), nil)
	}
	return f
}

// callsIn returns the workflows that a workflow may call, by their paths.
func (r *workflows) callsIn(name string) []string {
	var out []string
	text := r.source(name).Bytes
	for {
		n := bytes.Index(text, []byte("./."))
		if n < 0 {
			return out
		}
		text = text[n+2:]
		end := bytes.IndexAny(text, " \t\r\n\"'#")
		if end < 0 {
			end = len(text)
		}
		called := string(text[:end])
		_, known := r.numbers[r.full(called)]
		if known && path.Clean(called) == called && !slices.Contains(out, called) {
			out = append(out, called)
		}
	}
}

// findUnits finds the units (Tarjan's algorithm: a unit is complete when all that its members are called by are, so the
// units of its callers come before it).
func (r *workflows) findUnits() {
	r.units = map[string]*workflowUnit{}
	index, low := map[string]int{}, map[string]int{}
	var stack []string
	var visit func(name string)
	visit = func(name string) {
		index[name] = len(index) + 1
		low[name] = index[name]
		stack = append(stack, name)
		for _, caller := range r.callers[name] {
			if len(r.callers[caller]) == 0 || r.units[caller] != nil {
				continue
			}
			if index[caller] == 0 {
				visit(caller)
			}
			low[name] = min(low[name], low[caller])
		}
		if low[name] < index[name] {
			return
		}
		u := &workflowUnit{}
		at := len(stack) - 1
		for stack[at] != name {
			at--
		}
		u.names, stack = slices.Clone(stack[at:]), stack[:at]
		slices.SortFunc(u.names, func(a, b string) int { return r.number(a) - r.number(b) })
		u.first = r.number(u.names[0])
		for _, member := range u.names {
			r.units[member] = u
		}
		var known []string
		for _, member := range u.names {
			known = append(known, "", member)
			for _, caller := range r.callers[member] {
				known = append(known, caller)
				if of := r.units[caller]; of != nil && of != u {
					known = append(known, of.callers)
				}
			}
		}
		u.callers = files.Hash(known...)
	}
	for _, name := range r.names {
		if len(r.callers[name]) > 0 && index[name] == 0 {
			visit(name)
		}
	}
}

func (r *workflows) number(name string) int { return r.numbers[r.full(name)] }

// alone reads a workflow that no other calls. It is cached for itself: a change in another one costs it nothing.
func (r *workflows) alone(name string) *workflow.File {
	type key struct{ workflow string }
	return cached(r.w, key{r.full(name)}, func(w *Workspace) *workflow.File {
		return workflow.ParseIn(r.on(w).source(name), workflow.Project{Action: w.actionsOf(r.root)})
	})
}

// builds returns the builds of a workflow.
func (r *workflows) builds(name string) workflowsBuilds {
	if r.units[name] != nil {
		return r.w.buildsFrom(r.root, r.file(name))
	}
	type key struct{ root, name, builder string }
	return cached(r.w, key{r.root, name, r.w.Targets.Builder}, func(w *Workspace) workflowsBuilds {
		on := *r
		on.w = w
		return w.buildsFrom(r.root, on.alone(name))
	})
}

// file returns a workflow by its path; nil for one that calls itself, while it is read.
func (r *workflows) file(name string) *workflow.File {
	switch u := r.units[name]; u {
	case nil:
		return r.alone(name)
	case r.reading:
		return r.member(name)
	default:
		return r.unit(u)[name]
	}
}

// unit reads the workflows of a unit. What is known of who calls them is the version, since a workflow that calls one
// of them from now on is none of the texts that were read.
func (r *workflows) unit(u *workflowUnit) map[string]*workflow.File {
	type key struct{ root, name string }
	unit := files.Versioned{Key: key{r.root, u.names[0]}, Version: u.callers}
	return cached(r.w, unit, func(w *Workspace) map[string]*workflow.File {
		on := r.on(w)
		on.reading, on.read = u, map[string]*workflow.File{}
		for _, name := range u.names {
			on.member(name)
		}
		return on.read
	})
}

// member returns a workflow of the unit that is being read.
func (r *workflows) member(name string) *workflow.File {
	if f, ok := r.read[name]; ok {
		return f
	}
	r.read[name] = nil
	r.read[name] = workflow.ParseIn(r.source(name), workflow.Project{
		Action: r.w.actionsOf(r.root),
		Calls:  r.callsOf(name),
	})
	return r.read[name]
}

// callsOf yields the calls of a workflow by others. It reads a caller when its calls are asked for, so what is made of
// the calls depends on no others.
func (r *workflows) callsOf(name string) iter.Seq[*workflow.Call] {
	return func(yield func(*workflow.Call) bool) {
		for _, caller := range r.callers[name] {
			f := r.file(caller)
			if f == nil {
				continue
			}
			for _, c := range f.Calls {
				if c.Workflow == name && !yield(c) {
					return
				}
			}
		}
	}
}

// actionsOf returns a function that returns the file of a composite action of a repository.
func (w *Workspace) actionsOf(root string) func(dir string) *source.File {
	return func(dir string) *source.File {
		if dir == ".." || strings.HasPrefix(dir, "../") {
			return nil
		}
		for _, name := range []string{"action.yml", "action.yaml"} {
			if f, err := w.neighbour(root, filepath.Join(root, filepath.FromSlash(dir), name)); err == nil {
				return f
			}
		}
		return nil
	}
}

// gitlab returns the pipeline of GitLab CI, or nothing.
func (w *Workspace) gitlab(root string) []*workflow.File {
	f, err := w.neighbour(root, filepath.Join(root, workflow.GitLabFile))
	if err != nil {
		return nil
	}
	return []*workflow.File{workflow.ParseGitLab(f, func(pattern string) []*source.File {
		dir, base := path.Split(pattern)
		full := filepath.Join(root, filepath.FromSlash(dir))
		var out []*source.File
		for _, name := range files.Names(w.tree, root, full) {
			if ok, _ := path.Match(base, name); ok {
				if f, err := w.neighbour(root, filepath.Join(full, name)); err == nil {
					out = append(out, f)
				}
			}
		}
		return out
	})}
}

// workflowsBuilds are the builds of a repository's workflows.
type workflowsBuilds struct {
	builds []build
	// native says that one of their jobs builds on a machine of its own for a foreign architecture.
	native bool
	// baked are the folders, absolute, in which they run bake for other platforms than its files have.
	baked map[string]bool
}

// workflowBuilds returns the builds of a repository's workflows and of its pipeline.
func (w *Workspace) workflowBuilds(root string) *descriptions {
	type repository struct {
		*descriptions
		r *workflows
	}
	type key struct{ root, builder string }
	find := func(w *Workspace) repository {
		r := w.workflows(root)
		known := []int{len(r.names)} // the pipeline
		for n, name := range r.names {
			if u := r.units[name]; u == nil || u.first == n {
				known = append(known, n)
			}
		}
		readers, parts := new(files.Readers), make([]*described, len(r.names)+1)
		w.recordParts(readers, known, parts, r.parts)
		return repository{describedBy(parts, readers), r}
	}
	return cachedOver(w, key{root, w.Targets.Builder}, find,
		func(w *Workspace, without repository, edited map[string]bool) repository {
			if without.r.othersAfter(w, edited) {
				return find(w)
			}
			without.descriptions = without.again(edited, func(n int) []numbered { return without.r.parts(w, n) })
			return without
		}).descriptions
}

// othersAfter reports whether there may be other workflows, or other calls, in a state of the files in which some are
// edited.
func (r *workflows) othersAfter(w *Workspace, edited map[string]bool) bool {
	on := r.on(w)
	for name := range edited {
		if n, known := r.numbers[name]; known {
			if !slices.Equal(on.callsIn(r.names[n]), r.calls[n]) {
				return true
			}
			continue
		}
		rel, ok := relative(r.root, filepath.Dir(name))
		if ok && isWorkflow(name) && slices.Contains(workflowFolders, rel) {
			return true
		}
	}
	return false
}

// parts returns the builds of the workflow with a number and of the others of its unit, or of the pipeline, whose
// number is behind the last one.
func (r *workflows) parts(w *Workspace, n int) []numbered {
	describe := func(n int, b workflowsBuilds) numbered {
		return numbered{n, w.describeBuilds(r.root, r.root, b.builds, b.native, b.baked)}
	}
	if n == len(r.names) {
		return []numbered{describe(n, w.pipelineBuilds(r.root))}
	}
	on := r.on(w)
	u := r.units[r.names[n]]
	if u == nil {
		return []numbered{describe(n, on.builds(r.names[n]))}
	}
	var out []numbered
	for _, name := range u.names {
		out = append(out, describe(r.number(name), on.builds(name)))
	}
	return out
}

// pipelineBuilds returns the builds of the pipeline of GitLab CI.
func (w *Workspace) pipelineBuilds(root string) workflowsBuilds {
	for _, f := range w.gitlab(root) {
		return w.buildsFrom(root, f)
	}
	return workflowsBuilds{}
}

// buildsFrom returns the builds of a workflow or pipeline.
func (w *Workspace) buildsFrom(root string, f *workflow.File) workflowsBuilds {
	var out workflowsBuilds
	for _, wb := range f.Builds() {
		if wb.Combination.Runner.Arch == "arm64" || wb.Remote {
			out.native = true
		}
		if b, ok := w.workflowBuild(root, wb); ok {
			out.builds = append(out.builds, b)
		}
		if wb.Bake == nil {
			continue
		}
		run := w.bakeRun(root, wb)
		out.builds = append(out.builds, run...)
		for _, o := range wb.Bake.Set {
			if o.Key == "platform" && !o.Append && len(run) > 0 {
				if out.baked == nil {
					out.baked = map[string]bool{}
				}
				out.baked[filepath.Join(root, filepath.FromSlash(wb.Bake.Dir.Text))] = true
			}
		}
	}
	return out
}

func (w *Workspace) workflowBuild(root string, wb *workflow.Build) (build, bool) {
	name, ok := wb.DockerfilePath()
	if !ok || !wb.Runs() || wb.Bake != nil {
		return build{}, false
	}
	f := wb.Source
	b := build{dockerfile: filepath.Join(root, filepath.FromSlash(name)), stage: strings.ToLower(wb.Stage.Text),
		emulates: emulation(wb, knownTexts(wb.Platforms)), place: Build{f, wb.Span, "this build"}}
	if wb.Tool == workflow.DockerBuild || wb.Tool == workflow.BuildPushAction {
		b.grants = asksFor(wb.Allow, func(v source.Value) Build { return Build{File: f, Span: v.Span} })
		b.grants.ofRun(wb)
	}
	b.machine = machineOf(wb)
	b.podman = wb.Tool == workflow.PodmanBuild || wb.Tool == workflow.BuildahBuild
	for _, v := range wb.Contexts {
		name, _, _ := strings.Cut(v.Text, "=")
		b.replaced = append(b.replaced, strings.ToLower(name))
	}
	if !wb.Dockerfile.IsSet() && b.podman {
		// Both look for Containerfile before Dockerfile.
		if own := filepath.Join(filepath.Dir(b.dockerfile), "Containerfile"); w.isFile(root, own) {
			b.dockerfile = own
		}
	} else {
		b.dockerfile = w.orLowerCase(root, b.dockerfile)
	}
	if wb.Tool == workflow.KanikoBuild && wb.Dockerfile.Known && !w.isFile(root, b.dockerfile) {
		if context, ok := wb.ContextPath(); ok { // kaniko then looks in the context
			b.dockerfile = filepath.Join(root, filepath.FromSlash(context), filepath.FromSlash(wb.Dockerfile.Text))
		}
	}
	b.args, b.anyArgs = slices.Collect(maps.Keys(wb.Args)), wb.Open
	b.tags = references(f, wb.Tags)
	if context, ok := wb.ContextPath(); ok {
		b.context = filepath.Join(root, filepath.FromSlash(context))
	}
	b.platforms = platformsOf(f, wb.Platforms, "")
	b.plain = len(wb.Platforms) == 0 && !wb.Open
	for n := range b.platforms {
		ofRun(&b.platforms[n], wb, b.emulates, "platforms of a workflow's build")
	}
	return b, true
}

// machineOf returns the platform of the machine that a build runs on, "" where it is not known.
func machineOf(wb *workflow.Build) string {
	if wb.Combination.Runner.Arch == "" || wb.Remote {
		return ""
	}
	return "linux/" + wb.Combination.Runner.Arch
}

// knownTexts returns the values that are known.
func knownTexts(values []source.Value) []string {
	var out []string
	for _, v := range values {
		if v.Known {
			out = append(out, v.Text)
		}
	}
	return out
}

// emulation returns a function that reports whether a build for some platforms runs one under an emulator. On a machine
// of an architecture that is not known, a build for several is assumed to be on amd64 where that is one of them: one of
// them is emulated in any case.
func emulation(wb *workflow.Build, platforms []string) func(platform string) bool {
	if wb.Combination.Runner.Arch != "" {
		return wb.Emulated
	}
	architectures := map[string]bool{}
	for _, p := range platforms {
		architectures[architecture(p)] = true
	}
	if len(architectures) < 2 {
		return wb.Emulated
	}
	own := architecture(platforms[0])
	if architectures["amd64"] {
		own = "amd64"
	}
	return func(platform string) bool { return architecture(platform) != own && wb.Registers(platform) }
}

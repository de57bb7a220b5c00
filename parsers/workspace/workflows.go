package workspace

import (
	"bytes"
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
	names   []string // relative to the root, in order
	sources map[string]*source.File
	callers map[string][]string       // the workflows that may call each, by their paths
	read    map[string]*workflow.File // nil while it is being read
}

// workflows finds the workflows of a repository.
func (w *Workspace) workflows(root string) *workflows {
	r := &workflows{w: w, root: root, sources: map[string]*source.File{}, read: map[string]*workflow.File{}}
	for _, folder := range workflowFolders {
		dir := filepath.Join(root, filepath.FromSlash(folder))
		for _, name := range files.Names(w.tree, root, dir) {
			if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
				continue
			}
			if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				name = path.Join(folder, name)
				r.names, r.sources[name] = append(r.names, name), f
			}
		}
	}
	r.callers = r.findCallers()
	return r
}

// alone reads a workflow that no other calls. It is cached for itself: a change in another one costs it nothing.
func (r *workflows) alone(name string) *workflow.File {
	type key struct{ workflow string }
	full := filepath.Join(r.root, filepath.FromSlash(name))
	return cached(r.w, key{full}, func(w *Workspace) *workflow.File {
		f, err := w.neighbour(r.root, full)
		if err != nil {
			f = source.NewFile(w.show(full), nil)
		}
		return workflow.ParseIn(f, workflow.Project{Action: w.actionsOf(r.root)})
	})
}

// builds returns the builds of a workflow.
func (r *workflows) builds(name string) workflowsBuilds {
	if len(r.callers[name]) > 0 {
		f := r.file(name)
		if f == nil {
			return workflowsBuilds{}
		}
		return r.w.buildsFrom(r.root, f)
	}
	type key struct{ root, name, builder string }
	return cached(r.w, key{r.root, name, r.w.Targets.Builder}, func(w *Workspace) workflowsBuilds {
		on := *r
		on.w = w
		return w.buildsFrom(r.root, on.alone(name))
	})
}

// findCallers returns the workflows that may call each workflow, by their paths.
func (r *workflows) findCallers() map[string][]string {
	out := map[string][]string{}
	for _, name := range r.names {
		text := r.sources[name].Bytes
		for {
			n := bytes.Index(text, []byte("./."))
			if n < 0 {
				break
			}
			text = text[n+2:]
			end := bytes.IndexAny(text, " \t\r\n\"'#")
			if end < 0 {
				end = len(text)
			}
			if called := string(text[:end]); r.sources[called] != nil && !slices.Contains(out[called], name) {
				out[called] = append(out[called], name)
			}
		}
	}
	return out
}

// file returns a workflow by its path; nil for one that calls itself.
func (r *workflows) file(name string) *workflow.File {
	if f, ok := r.read[name]; ok {
		return f
	}
	r.read[name] = nil
	if len(r.callers[name]) == 0 {
		r.read[name] = r.alone(name)
		return r.read[name]
	}
	p := workflow.Project{Action: r.w.actionsOf(r.root)}
	for _, caller := range r.callers[name] {
		if f := r.file(caller); f != nil {
			for _, c := range f.Calls {
				if c.Workflow == name {
					p.Calls = append(p.Calls, c)
				}
			}
		}
	}
	r.read[name] = workflow.ParseIn(r.sources[name], p)
	return r.read[name]
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

// workflowBuilds returns the builds of a repository's workflows.
func (w *Workspace) workflowBuilds(root string) workflowsBuilds {
	type key struct{ root, builder string }
	return cached(w, key{root, w.Targets.Builder}, func(w *Workspace) workflowsBuilds {
		r := w.workflows(root)
		parts := make([]workflowsBuilds, len(r.names))
		r.w.parallel(len(r.names), func(n int) {
			if len(r.callers[r.names[n]]) == 0 {
				parts[n] = r.builds(r.names[n])
			}
		})
		for n, name := range r.names {
			if len(r.callers[name]) > 0 {
				parts[n] = r.builds(name)
			}
		}
		for _, f := range w.gitlab(root) {
			parts = append(parts, w.buildsFrom(root, f))
		}
		all := workflowsBuilds{baked: map[string]bool{}}
		for _, p := range parts {
			all.builds = append(all.builds, p.builds...)
			all.native = all.native || p.native
			maps.Copy(all.baked, p.baked)
		}
		return all
	})
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

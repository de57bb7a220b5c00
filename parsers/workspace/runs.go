package workspace

import (
	"bytes"
	"iter"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/devcontainer"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/recipe"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// This file links the runs of containers with the images that they run.

// overrideFiles are the names under which Compose looks for a file that it merges into the one of composeFiles.
var overrideFiles = []string{
	"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
}

// maxExtends bounds a chain of services that extend services of other files.
const maxExtends = 8

// OpenCompose is Format.Open of Compose files. Value is a *compose.File. The error is a ForeignError for a file without
// services.
func OpenCompose(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	parsed := compose.Parse(f)
	if len(parsed.Services) == 0 && len(parsed.Includes) == 0 && !e.Certain {
		return nil, ForeignError{"it has no services of Compose"}
	}
	return &Document{Value: parsed, Runs: w.composeRuns(e.Abs, parsed)}, nil
}

// composeFile returns a Compose file, parsed once for all that look at it; nil where there is none.
func (w *Workspace) composeFile(root, abs string) *compose.File {
	type key string
	return cached(w, key(abs), func(w *Workspace) *compose.File {
		f, err := w.neighbour(root, abs)
		if err != nil {
			return nil
		}
		return compose.Parse(f)
	})
}

// composeFolder are the Compose files of a folder, by the services that they have. It does not change.
type composeFolder struct {
	names []string // of the files, in order
	// main and over are the default file and the override file, "" where there is none.
	main, over string
	services   map[string][]string // the files that have a service, by name

	changed map[string]bool     // the files that are edited
	edited  map[string][]string // as services, of the edited files alone
}

// composeFolder returns the Compose files of a folder. With edits, only the edited files are read again.
func (w *Workspace) composeFolder(root, dir string) composeFolder {
	type key struct{ root, dir string }
	index := func(w *Workspace, names []string) map[string][]string {
		services := map[string][]string{}
		for _, name := range names {
			f := w.composeFile(root, filepath.Join(dir, name))
			for n := 0; f != nil && n < len(f.Services); n++ {
				service := f.Services[n].Name
				if has := services[service]; len(has) == 0 || has[len(has)-1] != name {
					services[service] = append(has, name)
				}
			}
		}
		return services
	}
	find := func(w *Workspace) composeFolder {
		var out composeFolder
		for _, name := range files.Names(w.tree, root, dir) {
			if files.IsCompose(name) {
				out.names = append(out.names, name)
			}
		}
		first := func(candidates []string) string {
			if n := slices.IndexFunc(candidates, out.has); n >= 0 {
				return candidates[n]
			}
			return ""
		}
		out.main, out.over = first(composeFiles), first(overrideFiles)
		out.services = index(w, out.names)
		return out
	}
	return cachedOver(w, key{root, dir}, find,
		func(w *Workspace, without composeFolder, edited map[string]bool) composeFolder {
			without.changed = map[string]bool{}
			for abs := range edited {
				if name := filepath.Base(abs); filepath.Dir(abs) == dir && without.has(name) {
					without.changed[name] = true
				}
			}
			without.edited = index(w, slices.Sorted(maps.Keys(without.changed)))
			return without
		})
}

func (c *composeFolder) has(name string) bool {
	_, has := slices.BinarySearch(c.names, name)
	return has
}

// having yields the names of the files that have a service.
func (c *composeFolder) having(service string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range c.services[service] {
			if !c.changed[name] && !yield(name) {
				return
			}
		}
		for _, name := range c.edited[service] {
			if !yield(name) {
				return
			}
		}
	}
}

// composeRuns returns the services of a Compose file as `docker compose up` starts them: the default file merged with
// the override file beside it. Of both, the result is the same. A service that another file beside it may change is
// Open.
func (w *Workspace) composeRuns(abs string, f *compose.File) []*runs.Run {
	dir, base := filepath.Dir(abs), filepath.Base(abs)
	root := w.root(dir)
	folder := w.composeFolder(root, dir)
	main, over := folder.main, folder.over
	read := func(name string) []*runs.Run {
		parsed := f
		if name != base {
			if parsed = w.composeFile(root, filepath.Join(dir, name)); parsed == nil {
				return nil
			}
		}
		return w.extended(root, dir, parsed)
	}
	own := base == main || main != "" && base == over
	var out []*runs.Run
	if own {
		out = read(main)
		if over != "" {
			out = merged(out, read(over))
		}
	} else {
		out = read(base)
		for _, r := range out {
			r.Open = r.Open || !r.Image.IsSet() && r.Build == nil // a fragment of another file's service
		}
	}
	for _, r := range out {
		for name := range folder.having(r.Name) {
			if r.Open {
				break
			}
			if name == base || own && (name == main || name == over) {
				continue
			}
			if !own {
				r.Open = true
			} else if other := w.composeFile(root, filepath.Join(dir, name)); other != nil {
				s := other.Service(r.Name)
				r.Open = s != nil && (s.Privileged.IsSet() || len(s.SecurityOpt)+len(s.CapAdd) > 0)
			}
		}
	}
	return out
}

// merged returns the services of a file with those of an override file.
func merged(base, over []*runs.Run) []*runs.Run {
	out := slices.Clone(base)
	at := make(map[string]int, len(base))
	for n, r := range base {
		at[r.Name] = n
	}
	for _, o := range over {
		if n, ok := at[o.Name]; ok {
			out[n] = out[n].Over(o)
			continue
		}
		at[o.Name] = len(out)
		out = append(out, o)
	}
	return out
}

// extended returns the services of a file, merged with those of other files that they extend.
func (w *Workspace) extended(root, dir string, f *compose.File) []*runs.Run {
	out := make([]*runs.Run, len(f.Services))
	for n, s := range f.Services {
		out[n] = w.extendedService(root, dir, f, s, 0)
	}
	return out
}

// extendedService returns one service of a file, merged with those of other files that it extends, one after the other:
// what others in these files extend is not looked at.
func (w *Workspace) extendedService(root, dir string, f *compose.File, s *compose.Service, depth int) *runs.Run {
	out := runs.OfService(f, s)
	if !s.ExtendsFile.Known || !s.Extends.Known || depth == maxExtends {
		return out
	}
	abs := filepath.Join(dir, filepath.FromSlash(s.ExtendsFile.Text))
	if !files.Inside(root, abs) {
		return out
	}
	other := w.composeFile(root, abs)
	if other == nil {
		return out
	}
	extended := other.Service(s.Extends.Text)
	if extended == nil {
		return out
	}
	base := w.extendedService(root, filepath.Dir(abs), other, extended, depth+1)
	r := base.Over(out)
	r.File, r.Span, r.Whole, r.Name, r.Open = out.File, out.Span, out.Whole, out.Name, base.Open
	return r
}

// hostedRuns adds the runs in a file of another language.
func (w *Workspace) hostedRuns(d *Document, e *Entry, f *source.File) {
	switch e.Kind {
	case files.KindDevcontainer:
		if r := runs.OfDevcontainer(devcontainer.Parse(f)); r != nil {
			d.Runs = append(d.Runs, r)
		}
	case files.KindScript:
		if dialect, ok := shell.Shebang(f.Bytes); !ok || dialect.POSIX() {
			d.addScript(source.WholeFile(f))
		}
	case files.KindWorkflow:
		if !runs.MentionsRun(f.Bytes) {
			return
		}
		for _, step := range workflow.ReadOutline(f).Steps {
			name := path.Base(step.Shell())
			script := step.Script()
			if script != nil && (name == "." || strings.HasPrefix(name, "bash") || name == "sh") {
				d.addScript(script)
			}
		}
	}
}

func (d *Document) addScript(script *source.Fragment) {
	found := runs.OfScript(script, shell.Bash)
	d.Runs = append(d.Runs, found.Runs...)
	d.Ignored = append(d.Ignored, found.Ignored...)
}

// startsContainers reports whether a shell script has a command that runs a container.
func startsContainers(text []byte, shebang bool, dialect shell.Dialect) bool {
	if shebang && !dialect.POSIX() {
		return false
	}
	found := runs.OfScript(source.WholeFile(source.NewFile("", slices.Clone(text))), shell.Bash)
	return len(found.Runs)+len(found.Ignored) > 0
}

// ClaimsRecipe is Format.Claims of Makefiles, justfiles and Taskfiles that run containers or write a nix.conf.
func ClaimsRecipe(name string, text func() []byte) bool {
	return recipe.Named(name) && (runs.MentionsRun(text()) || mentionsNixConf(text()))
}

// OpenRecipe is Format.Open of Makefiles, justfiles, Taskfiles and Earthfiles. Value is a *nixuse.Hosted.
func OpenRecipe(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	h := w.hosted(e, f)
	d := &Document{Value: h, Texts: h.Texts}
	scripts, _ := recipe.Of(f)
	for _, script := range scripts {
		d.addScript(script)
	}
	if len(d.Runs)+len(d.Ignored)+len(d.Texts) == 0 {
		return nil, ForeignError{"it runs no container, and writes no nix.conf"}
	}
	return d, nil
}

// ClaimsPackage is Format.Claims of package.json files whose scripts run containers.
func ClaimsPackage(name string, text func() []byte) bool {
	return path.Base(name) == "package.json" && runs.MentionsRun(text())
}

// OpenPackage is Format.Open of package.json. Value is nil.
func OpenPackage(_ *Workspace, _ *Entry, f *source.File) (*Document, error) {
	d := &Document{}
	for pair := range yamltree.Parse(f).Root().Get("scripts").All() {
		if v := pair.Value.Resolve(); v.IsScalar() {
			d.addScript(v.Fragment(f))
		}
	}
	if len(d.Runs)+len(d.Ignored) == 0 {
		return nil, ForeignError{"it runs no container"}
	}
	return d, nil
}

// ClaimsPods is Format.Claims of Kubernetes manifests that say something about the privileges of pods, or hold a
// nix.conf.
func ClaimsPods(name string, text func() []byte) bool {
	return files.IsYAML(name) && (runs.MentionsPods(text()) || mentionsNixConfigMap(text()))
}

// OpenPods is Format.Open of Kubernetes manifests. Value is nil.
func OpenPods(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	d := &Document{Runs: w.played(e.Abs, runs.OfManifest(f)), Texts: w.hosted(e, f).Texts}
	if len(d.Runs)+len(d.Texts) == 0 {
		return nil, ForeignError{"it has no pods"}
	}
	return d, nil
}

// ClaimsValues is Format.Claims of the values.yaml of a Helm chart that may say something about privileges.
func ClaimsValues(name string, text func() []byte) bool {
	if base := path.Base(name); base != "values.yaml" && base != "values.yml" {
		return false
	}
	b := text()
	return bytes.Contains(b, []byte("rivileged")) || bytes.Contains(b, []byte("Unconfined")) ||
		bytes.Contains(b, []byte("Unmasked"))
}

// OpenValues is Format.Open of the values.yaml of a Helm chart. Value is nil.
func OpenValues(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	dir := filepath.Dir(e.Abs)
	root := w.root(dir)
	chart, err := w.neighbour(root, filepath.Join(dir, "Chart.yaml"))
	if err != nil {
		return nil, ForeignError{"there is no Helm chart beside it"}
	}
	name := yamltree.Parse(chart).Root().Get("name").Resolve()
	if !name.IsScalar() {
		return nil, ForeignError{"the Helm chart beside it has no name"}
	}
	var templates []*source.File
	folder := filepath.Join(dir, "templates")
	for _, base := range files.Names(w.tree, root, folder) {
		if files.IsYAML(base) {
			if t, err := w.neighbour(root, filepath.Join(folder, base)); err == nil {
				templates = append(templates, t)
			}
		}
	}
	d := &Document{Runs: runs.OfValues(f, name.Text, templates)}
	if len(d.Runs) == 0 {
		return nil, ForeignError{"no template uses a part of it as a security context or in one as it is"}
	}
	return d, nil
}

// running holds the runs of all files; they are made on first use.
type running struct {
	mu   sync.Mutex
	made bool
	all  []*runs.Run
	// of are the runs by the absolute path of the Dockerfile that builds what they run.
	of map[string][]*runs.Run
	// under are the runs by the absolute path of the seccomp profile that they name.
	under map[string][]*runs.Run
	// tags are the builds by the names that they give to the image, with and without the tag; nil for several that
	// differ.
	tags map[string]*build
	// dockerfiles are the entries of Dockerfiles by all their absolute paths.
	dockerfiles map[string]*Entry

	from *files.Observation // what they depend on, over a files.Witness
}

// reference is the name of an image, without its registry docker.io, and its tag, "" where that is not known.
type reference struct{ name, tag string }

// references returns what values that stand in a file name. Of "example/app:${{ github.sha }}" the name is known.
func references(f *source.File, values []source.Value) []reference {
	var out []reference
	for _, v := range values {
		text, known := v.Text, v.Known
		if !known {
			if text = f.Text(v.Span); strings.ContainsAny(text, " \t\n") && !strings.Contains(text, "${{") {
				continue
			}
			cut := strings.IndexAny(text, "$`{<%")
			if cut < 0 {
				continue
			}
			if text = text[:cut]; strings.LastIndexByte(text, ':') <= strings.LastIndexByte(text, '/') {
				continue
			}
		}
		r := reference{name: runs.Reference(strings.Trim(text, `"'`))}
		if known {
			r.tag = "latest"
			if base := path.Base(text); strings.Contains(base, ":") {
				_, r.tag, _ = strings.Cut(base, ":")
			}
		}
		if r.name != "" {
			out = append(out, r)
		}
	}
	return out
}

// find returns the build of an image: the one that gives it the name and the tag, else the only one that gives it the
// name; nil where there is none, or several.
func (r *running) find(name reference) *build {
	if name.tag != "" {
		if b, ok := r.tags[name.name+":"+name.tag]; ok {
			return b
		}
	}
	return r.tags[name.name]
}

// tagged records the names that a build gives to its image.
func (r *running) tagged(b *build) {
	add := func(name string) {
		o, seen := r.tags[name]
		if r.tags[name] = b; seen && (o == nil || o.dockerfile != b.dockerfile || o.stage != b.stage) {
			r.tags[name] = nil
		}
	}
	for _, tag := range b.tags {
		add(tag.name)
		if tag.tag != "" {
			add(tag.name + ":" + tag.tag)
		}
	}
}

func (r *running) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made, r.all, r.of, r.under, r.tags, r.dockerfiles = false, nil, nil, nil, nil, nil
}

// running returns the runs of the workspace.
func (w *Workspace) running() *running {
	if w.live {
		type key struct{}
		return cached(w, key{}, func(w *Workspace) *running {
			on, r := *w, new(running)
			on.Targets, on.targets = w.surveyed.w.Targets, w.surveyed.w.targets // whichever file asks first
			r.make(&on)
			return r
		})
	}
	s := w.snapshot().surveyed
	r := &s.running
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.made {
		if files.WitnessOf(w.tree) == nil {
			on := *w // whichever file asks first
			on.Targets, on.targets = s.w.Targets, s.w.targets
			r.make(&on)
		} else {
			r.from = s.look(r.make)
		}
	}
	files.DependOn(w.tree, r.from)
	return r
}

// make finds the runs.
func (r *running) make(w *Workspace) {
	r.made, r.of, r.tags = true, map[string][]*runs.Run{}, map[string]*build{}
	r.dockerfiles = map[string]*Entry{}
	all := w.entriesOf("")
	found := make([]struct {
		builds []*build
		runs   []*runs.Run
	}, len(all))
	w.parallel(len(all), func(n int) {
		switch e := all[n]; e.Kind {
		case files.KindDockerfile:
			found[n].builds = w.buildsOf(e.Abs)
		case files.KindNixConf:
		default:
			if doc, err := w.Open(e); err == nil {
				found[n].runs = doc.Runs
			}
		}
	})
	for n, e := range all {
		r.all = append(r.all, found[n].runs...)
		if e.Kind != files.KindDockerfile {
			continue
		}
		for _, name := range append([]string{e.Abs}, e.Links...) {
			if r.dockerfiles[name] == nil {
				r.dockerfiles[name] = e
			}
		}
		for _, b := range found[n].builds {
			r.tagged(b)
		}
	}
	r.under = map[string][]*runs.Run{}
	for _, run := range r.all {
		for _, abs := range w.profilesOf(run) {
			r.under[abs] = append(r.under[abs], run)
		}
		if b := r.builtBy(w, run); b != nil {
			r.of[b.dockerfile] = append(r.of[b.dockerfile], run)
		}
	}
}

// profilesOf returns the absolute paths of the files that a run may mean by its seccomp profile. Users start a
// script in its own folder, or at the root.
func (w *Workspace) profilesOf(run *runs.Run) []string {
	o, ok := run.Option("seccomp")
	name := o.Value.Text
	if !ok || !o.Value.Known || name == "" || name == "unconfined" || strings.HasPrefix(name, "~") ||
		run.Host != runs.Compose && run.Host != runs.Command || path.IsAbs(name) {
		return nil
	}
	dir := filepath.Dir(w.Abs(o.Value.File))
	out := []string{filepath.Join(dir, filepath.FromSlash(name))}
	if root := w.root(dir); run.Host == runs.Command && root != dir {
		out = append(out, filepath.Join(root, filepath.FromSlash(name)))
	}
	return out
}

// RunsUnder returns the containers that the files of the workspace start under the profile in a file.
func (w *Workspace) RunsUnder(p *Profile) []*runs.Run {
	if p.Fragment != nil {
		return nil
	}
	w = w.snapshot()
	return w.running().under[w.Abs(p.Source)]
}

// builtBy returns the build of the image of a run, nil where it is not known.
func (r *running) builtBy(w *Workspace, run *runs.Run) *build {
	switch b := run.Build; {
	case b != nil && (b.Dockerfile == "" || b.Stage.IsSet() && !b.Stage.Known):
		return nil
	case b != nil:
		dir := filepath.Dir(w.Abs(b.File))
		return &build{
			dockerfile: filepath.Join(dir, filepath.FromSlash(b.Dockerfile)),
			stage:      strings.ToLower(b.Stage.Text),
		}
	case run.Image.File != nil:
		for _, name := range references(run.Image.File, []source.Value{run.Image.Value}) {
			return r.find(name)
		}
	}
	return nil
}

// Abs returns the absolute path of a file as shown.
func (w *Workspace) Abs(f *source.File) string {
	name := filepath.FromSlash(f.Path)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.dir, name)
}

// Runs returns the containers that the files of the workspace start.
func (w *Workspace) Runs() []*runs.Run {
	w = w.snapshot()
	return w.running().all
}

// RunsOf returns the containers that the files of the workspace start from an image.
func (w *Workspace) RunsOf(img *image.Image) []*runs.Run {
	c, ok := img.Dockerfile.Context().(*buildContext)
	if !ok {
		return nil
	}
	w = w.snapshot()
	all := w.running()
	var out []*runs.Run
	for _, run := range all.of[c.abs] {
		if b := all.builtBy(w, run); b != nil && img.Dockerfile.StageNamed(b.stage) == img.Stage {
			out = append(out, run)
		}
	}
	return out
}

// Built returns the image that a container is started from, and the document of its Dockerfile; nil where the workspace
// does not build it, or that is not certain.
func (w *Workspace) Built(run *runs.Run) (*Document, *image.Image) {
	w = w.snapshot()
	all := w.running()
	b := all.builtBy(w, run)
	if b == nil || all.dockerfiles[b.dockerfile] == nil {
		return nil, nil
	}
	doc, err := w.Open(all.dockerfiles[b.dockerfile])
	if err != nil {
		return nil, nil
	}
	stage := doc.Dockerfile.StageNamed(b.stage)
	for _, img := range doc.Dockerfile.Images {
		if img.Stage == stage {
			return doc, img
		}
	}
	return nil, nil
}

// MissingProfile returns the path of the seccomp profile that a run names, as written, where no file is there and none
// is likely to be made: a relative path to nothing that git ignores, and that no script, Makefile or document beside
// the file of the run mentions.
func (w *Workspace) MissingProfile(run *runs.Run, o runs.Option) (string, bool) {
	name := o.Value.Text
	if run.Host != runs.Compose && run.Host != runs.Command || name == "unconfined" || name == "builtin" ||
		name == "" ||
		strings.HasPrefix(name, "~") || path.IsAbs(name) || strings.ContainsAny(name, "$`*?{}\\\n ") {
		return "", false
	}
	dir := filepath.Dir(w.Abs(o.Value.File))
	root := w.root(dir)
	folders := []string{dir}
	if run.Host == runs.Command { // users start a script in its folder or in one above it
		for up := dir; up != root && files.Inside(root, up); {
			up = filepath.Dir(up)
			folders = append(folders, up)
		}
	}
	base := path.Base(name)
	for _, folder := range folders {
		full := filepath.Join(folder, filepath.FromSlash(name))
		if !files.Inside(root, full) || w.exists(root, full) {
			return "", false
		}
	}
	if run.Host == runs.Command {
		// The script may have changed the folder, and then another one is meant.
		text := w.mentionsIn(o.Value.File)
		named := text.count("seccomp="+name) + text.count("seccomp:"+name)
		if text.count(base) > named || text.count("cd ") > 0 || text.count("pushd ") > 0 {
			return "", false
		}
	}
	for _, folder := range []string{dir, root} {
		for _, f := range w.makers(root, folder) {
			if f.abs == w.Abs(o.Value.File) {
				continue
			}
			ignored := filepath.Base(f.abs) == ".gitignore" && ignores(f.File, name)
			if ignored || f.count(base) > 0 {
				return "", false
			}
		}
	}
	return name, true
}

// mentionsIn returns the mentions of a file that a run is in.
func (w *Workspace) mentionsIn(f *source.File) *mentions {
	type key struct{ abs string }
	abs := w.Abs(f)
	m := cached(w, key{abs}, func(w *Workspace) *mentions {
		if text, err := w.text(abs); err == nil {
			return newMentions(text.Bytes)
		}
		return nil
	})
	if m == nil || len(m.text) != len(f.Bytes) { // the file has changed, or is not one of the tree
		return newMentions(f.Bytes)
	}
	return m
}

// NearProfile returns the path, as the run would write it, of the only seccomp profile in the folder of a missing one
// whose name is nearly the same; "" where there is none.
func (w *Workspace) NearProfile(run *runs.Run, o runs.Option) string {
	dir := filepath.Dir(w.Abs(o.Value.File))
	root := w.root(dir)
	folder, base := path.Split(o.Value.Text)
	full := filepath.Join(dir, filepath.FromSlash(folder))
	if !files.Inside(root, full) {
		return ""
	}
	if name := w.profilesIn(root, full).Only(base); name != "" {
		return folder + name
	}
	return ""
}

// profilesIn returns the names of the files of a folder that look like seccomp profiles.
func (w *Workspace) profilesIn(root, folder string) *source.Names {
	type key struct{ root, folder string }
	return cached(w, key{root, folder}, func(w *Workspace) *source.Names {
		var out []string
		for _, name := range files.Names(w.tree, root, folder) {
			if !files.IsJSON(name) {
				continue
			}
			f, err := w.neighbour(root, filepath.Join(folder, name))
			if err == nil && bytes.Contains(f.Bytes, []byte("defaultAction")) {
				out = append(out, name)
			}
		}
		return source.NewNames(out)
	})
}

// maker is a file that may make others.
type maker struct {
	*source.File
	*mentions
	abs string
}

// makers returns the files of a folder that may make others, or say how: see mayMake.
func (w *Workspace) makers(root, folder string) []maker {
	type key struct{ root, folder string }
	return cached(w, key{root, folder}, func(w *Workspace) []maker {
		var out []maker
		for _, name := range files.Names(w.tree, root, folder) {
			if abs := filepath.Join(folder, name); mayMake(name) {
				if f, err := w.neighbour(root, abs); err == nil {
					out = append(out, maker{f, newMentions(f.Bytes), abs})
				}
			}
		}
		return out
	})
}

// ignores reports whether a .gitignore may be about a path.
func ignores(f *source.File, name string) bool {
	dir, _, _ := strings.Cut(strings.TrimPrefix(name, "./"), "/")
	return bytes.Contains(f.Bytes, []byte("*"+path.Ext(name))) || bytes.Contains(f.Bytes, []byte(dir))
}

// mayMake reports whether a file of a name may make others, or say how: scripts, recipes, documents.
func mayMake(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case "", ".sh", ".bash", ".mk", ".just", ".md", ".py", ".txt", ".rst", ".adoc", ".ps1", ".toml", ".nix",
		".tf", ".gitignore":
		return true
	}
	return false
}

// exists reports whether anything is at a path below root.
func (w *Workspace) exists(root, full string) bool {
	_, err := w.tree.Lstat(root, full)
	return err == nil
}

package workspace

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/recipe"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// build is one build of a Dockerfile that a neighbouring file describes.
type build struct {
	name       string   // that of the bake target or service, "" for others
	dockerfile string   // absolute
	context    string   // absolute; "" when not known
	stage      string   // in lower case; "" for the last one
	replaced   []string // names of stages and images, in lower case, that named contexts replace
	platforms  []image.Platform
	// emulates reports whether the build certainly runs a platform under an emulator; nil where it is not known on what
	// machine it runs.
	emulates func(platform string) bool
	args     []string    // the names of the build arguments that it passes
	anyArgs  bool        // it may pass others
	tags     []reference // the names that it gives to the image
	podman   bool        // Podman or Buildah builds
	// machine is the platform of the machine that builds, "" where it is not known.
	machine string
	// place is where it is described, and grants say what it does about the entitlements.
	place  Build
	grants grants
	// assumed says that it is not known on what machine it runs, but for what platforms say of each other.
	assumed bool
	// plain says that it names no platform and leaves none open.
	plain bool
	// dir is the folder whose files describe it: see buildsIn.
	dir string
}

// Build is a place that describes a build of a Dockerfile.
type Build struct {
	// File and Span are the place.
	File *source.File
	Span source.Span
	// What is the description for a message, such as `the bake target "web"`.
	What string
}

// PodmanBuilds reports whether Podman or Buildah build a stage: all builds of it that the workspace describes are
// theirs, or it describes none and the file has the name that these programs look for.
func (w *Workspace) PodmanBuilds(img *image.Image) bool {
	podman := strings.Contains(filepath.Base(img.Dockerfile.Source.Path), "Containerfile")
	c, ok := img.Dockerfile.Context().(*buildContext)
	if !ok {
		return podman
	}
	all, some := true, false
	for n, b := range c.builds() {
		if c.needs(n, img) {
			all, some = all && b.podman, true
		}
	}
	if some {
		return all
	}
	return podman
}

// Passes reports whether a build of the Dockerfile that the workspace describes passes a build argument, or may do so.
func (w *Workspace) Passes(d *image.Dockerfile, argument string) bool {
	c, ok := d.Context().(*buildContext)
	return ok && slices.ContainsFunc(c.builds(), func(b *build) bool {
		return b.anyArgs || slices.Contains(b.args, argument)
	})
}

// Replaces reports whether a build of the Dockerfile that the workspace describes puts a named context in the place of
// an image, by its reference as written.
func (w *Workspace) Replaces(d *image.Dockerfile, reference string) bool {
	c, ok := d.Context().(*buildContext)
	return ok && slices.ContainsFunc(c.builds(), func(b *build) bool {
		return slices.Contains(b.replaced, strings.ToLower(reference))
	})
}

// bakeFiles and composeFiles are the names under which the programs look for their files. Bake merges all that are
// there, in this order (buildx 0.36, bake/bake.go); Compose takes the first one.
var (
	bakeFiles = []string{
		"docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl",
	}
	composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
)

// buildsOf returns the builds of a Dockerfile that the files beside it, or in a folder above it up to the root,
// describe.
func (w *Workspace) buildsOf(abs string) []*build {
	dir := filepath.Dir(abs)
	root := w.root(dir)
	var out []*build
	workflows := w.workflowBuilds(root)
	for {
		for _, b := range w.buildsIn(root, dir).of(abs) {
			if b.assumed && (workflows.isNative() || workflows.isBaked(dir)) {
				b = b.unmarked()
			}
			out = append(out, b)
		}
		up := filepath.Dir(dir)
		if dir == root || up == dir {
			break
		}
		dir = up
	}
	return out
}

// unmarked returns the build without what is assumed of the machine: the repository builds each platform on one of its
// own.
func (b *build) unmarked() *build {
	out := *b
	out.platforms = slices.Clone(b.platforms)
	for n := range out.platforms {
		out.platforms[n].Emulated, out.platforms[n].Machine = false, ""
	}
	return &out
}

// buildsIn returns the builds that the files of one folder describe.
func (w *Workspace) buildsIn(root, dir string) folderBuilds {
	out := folderBuilds{own: w.ownBuilds(root, dir)}
	if dir == root {
		out.workflows = w.workflowBuilds(root)
	}
	return out
}

// scriptFile is a file with a name that a script or a recipe may have.
type scriptFile struct{ home, name string }

// maxScripts is how many files of scripts are looked at again where one of them is edited.
const maxScripts = 8

// ownBuilds returns the builds that the files of one folder describe, without the workflows: those of Compose and bake,
// of scripts, and of the others. What the workflows say of the machine comes in later, so that not all folders depend
// on all workflows.
func (w *Workspace) ownBuilds(root, dir string) *descriptions {
	type owned struct {
		*descriptions
		scripts [][]scriptFile
	}
	describe := func(w *Workspace, found []build) *described {
		for n := range found {
			found[n].assumed = true
		}
		return w.describeBuilds(root, dir, found, false, nil)
	}
	find := func(w *Workspace) owned {
		var scripts [][]scriptFile
		for some := range slices.Chunk(w.scriptFiles(root, dir), maxScripts) {
			scripts = append(scripts, some)
		}
		if len(scripts) < 2 {
			found := w.definedBuilds(root, dir)
			for _, some := range scripts {
				found = append(found, w.scriptBuilds(root, dir, some)...)
			}
			found = append(found, w.otherBuilds(root, dir)...)
			return owned{describedBy([]*described{describe(w, found)}, nil), nil}
		}
		return owned{nil, scripts}
	}
	part := func(w *Workspace, scripts [][]scriptFile, n int) []numbered {
		var found []build
		switch n {
		case 0:
			found = w.definedBuilds(root, dir)
		case len(scripts) + 1:
			found = w.otherBuilds(root, dir)
		default:
			found = w.scriptBuilds(root, dir, scripts[n-1])
		}
		return []numbered{{n, describe(w, found)}}
	}
	type key struct{ dir, builder string }
	return cachedOver(w, key{dir, w.Targets.Builder}, func(w *Workspace) owned {
		out := find(w)
		if out.descriptions != nil {
			return out
		}
		readers, parts := new(files.Readers), make([]*described, len(out.scripts)+2)
		known := make([]int, len(parts))
		for n := range known {
			known[n] = n
		}
		w.recordParts(readers, known, parts, func(w *Workspace, n int) []numbered { return part(w, out.scripts, n) })
		out.descriptions = describedBy(parts, readers)
		return out
	}, func(w *Workspace, without owned, edited map[string]bool) owned {
		if without.readers == nil {
			return find(w)
		}
		without.descriptions = without.again(edited, func(n int) []numbered { return part(w, without.scripts, n) })
		return without
	}).descriptions
}

// definedBuilds returns the builds of the Compose and bake files of a folder.
func (w *Workspace) definedBuilds(root, dir string) []build {
	const native = false // see ownBuilds
	var found []build
	names := w.list(root, dir).lower
	has := func(name string) bool { return names[name] } // without asking for each of a dozen names
	var services *compose.File
	for _, name := range composeFiles {
		if !has(name) {
			continue
		}
		if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
			services = compose.Parse(f)
			found = append(found, w.composeBuilds(dir, services, native)...)
			break
		}
	}
	var definition []*source.File
	for _, name := range bakeFiles {
		if !has(name) {
			continue
		}
		if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
			definition = append(definition, f)
		}
	}
	if len(definition) > 0 {
		found = append(found, w.bakeBuilds(dir, bake.Parse(definition...), services, native)...)
	}
	return found
}

// otherBuilds returns the builds of the files of a folder that are neither workflows, nor Compose or bake files, nor
// scripts.
func (w *Workspace) otherBuilds(root, dir string) []build {
	const native = false // see ownBuilds
	var out []build
	names := w.list(root, dir).lower
	if slices.ContainsFunc(recipe.ArtifactFiles, func(name string) bool { return names[name] }) {
		out = w.artifactBuilds(root, dir, native)
	}
	return append(out, w.quadletBuilds(root, dir, native)...)
}

// bakeBuilds returns the builds of a bake definition, whose targets extend the services of a Compose file with the same
// names. Where the repository builds on runners of several architectures, bake may run on each for its own.
func (w *Workspace) bakeBuilds(dir string, f *bake.File, services *compose.File, native bool) []build {
	var out []build
	byTarget := map[*bake.Target]int{}
	for _, t := range f.Targets {
		if t.Abstract() || f.OnlyInherited(t) {
			continue
		}
		if b, ok := targetBuild(dir, f, t, services, nil, nil); ok {
			byTarget[t] = len(out)
			out = append(out, b)
		}
	}
	if native {
		return out
	}
	for n := range out {
		w.markEmulated(out[n].platforms)
	}
	for _, members := range together(f) {
		var all []*image.Platform
		for _, t := range members {
			if n, ok := byTarget[t]; ok {
				for k := range out[n].platforms {
					all = append(all, &out[n].platforms[k])
				}
			}
		}
		w.markTogether(all)
	}
	return out
}

// targetBuild returns the build of a bake target, with the overrides of a command line that stand in the file over.
func targetBuild(
	dir string, f *bake.File, t *bake.Target, services *compose.File, overrides []bake.Override, over *source.File,
) (build, bool) {
	if services != nil && t.Name.Known {
		t = ofService(t, services.Service(t.Name.Text))
	}
	if len(overrides) > 0 {
		t = t.With(overrides)
	}
	name, ok := t.DockerfilePath()
	if !ok || !t.Builds() {
		return build{}, false
	}
	b := build{dockerfile: filepath.Join(dir, filepath.FromSlash(name)), stage: strings.ToLower(t.Stage.Text),
		replaced: lowerKeys(t.Contexts), name: t.Name.Text}
	b.place.File, b.place.Span = f.At(firstLine(f.Source, t.Span))
	b.place.What = fmt.Sprintf("the bake target %q", t.Name.Text)
	b.grants = asksFor(t.Entitlements, func(v source.Value) Build {
		file, span := f.At(v.Span)
		return Build{File: file, Span: span}
	})
	if len(t.Unresolved) > 0 || !t.Name.Known {
		b.grants.open()
	}
	for _, v := range t.Tags {
		b.tags = append(b.tags, references(f.Source, []source.Value{v})...)
	}
	b.args, b.anyArgs = slices.Collect(maps.Keys(t.Args)), t.OpenArgs
	if context, ok := t.ContextPath(); ok {
		b.context = filepath.Join(dir, filepath.FromSlash(context))
	}
	given, replace := t.PlatformsOf(overrides)
	b.plain = len(given)+len(t.Platforms)+len(t.Unresolved) == 0
	if !replace {
		for _, v := range t.Platforms {
			file, span := f.At(v.Span)
			v.Span = span
			b.platforms = append(b.platforms, platformsOf(file, []source.Value{v}, "platforms of a bake target")...)
		}
	}
	b.platforms = append(b.platforms, givenPlatforms(over, given)...)
	return b, true
}

// together returns the targets that one run of bake builds together: those of each group, and of each matrix.
func together(f *bake.File) [][]*bake.Target {
	var out [][]*bake.Target
	for _, g := range f.Groups {
		targets, _ := f.Resolve(g.Name)
		out = append(out, targets)
	}
	return out
}

// ofService returns a target with what the service of a Compose file with the same name says and the target does not.
func ofService(t *bake.Target, s *compose.Service) *bake.Target {
	if s == nil || s.Build == nil {
		return t
	}
	for _, v := range []struct{ target, service *source.Value }{
		{&t.Context, &s.Build.Context}, {&t.Dockerfile, &s.Build.Dockerfile}, {&t.Inline, &s.Build.Inline},
		{&t.Stage, &s.Build.Stage},
	} {
		if !v.target.IsSet() {
			*v.target = *v.service
		}
	}
	return t
}

// firstLine returns the part of a span in its first line, without white space at its end.
func firstLine(f *source.File, s source.Span) source.Span {
	line, _, _ := strings.Cut(f.Text(s), "\n")
	return source.Span{Start: s.Start, End: s.Start + len(strings.TrimRight(line, " \t\r"))}
}

// lowerKeys returns the keys of a map in lower case.
func lowerKeys(m map[string]source.Value) []string {
	var out []string
	for key := range m {
		out = append(out, strings.ToLower(key))
	}
	return out
}

func (w *Workspace) composeBuilds(dir string, f *compose.File, native bool) []build {
	var out []build
	for _, s := range f.Services {
		if s.Build == nil {
			continue
		}
		name, ok := s.Build.DockerfilePath()
		if !ok {
			continue
		}
		b := build{dockerfile: filepath.Join(dir, filepath.FromSlash(name)), stage: strings.ToLower(s.Build.Stage.Text),
			replaced: lowerKeys(s.Build.Contexts), name: s.Name}
		b.place = Build{f.Source, s.NameSpan, fmt.Sprintf("the service %q", s.Name)}
		b.grants = asksFor(s.Build.Entitlements, func(v source.Value) Build {
			return Build{File: f.Source, Span: v.Span}
		})
		if span, ok := s.Build.Insecure(); ok {
			b.grants[insecure] = grant{state: asks, place: Build{File: f.Source, Span: span}}
		}
		if s.Build.Privileged.IsSet() && !s.Build.Privileged.Known || s.Extends.IsSet() {
			b.grants.open()
		}
		if s.Build.Network.IsSet() {
			b.grants[hostNetwork].state = unsure
		}
		b.args = slices.Collect(maps.Keys(s.Build.Args))
		b.tags = references(f.Source, []source.Value{s.Image})
		if context, ok := s.Build.ContextPath(); ok {
			b.context = filepath.Join(dir, filepath.FromSlash(context))
		}
		b.platforms = platformsOf(f.Source, s.BuildPlatforms(), "platforms of a compose service")
		b.plain = len(s.BuildPlatforms()) == 0 && !s.Extends.IsSet()
		if !native {
			w.markEmulated(b.platforms)
		}
		out = append(out, b)
		if len(s.Build.BakePlatforms) > 0 {
			b.platforms = platformsOf(f.Source, s.Build.BakePlatforms, "platforms of a compose service for bake")
			if !native {
				w.markEmulated(b.platforms)
			}
			out = append(out, b)
		}
	}
	return out
}

// scriptFolders are folders in which the scripts of the folder above them lie.
var scriptFolders = []string{"", "bin", "build", "ci", ".ci", "hack", "script", "scripts", "tools"}

// scriptFiles returns the files that may be scripts, Makefiles and justfiles of a folder, in order.
func (w *Workspace) scriptFiles(root, dir string) []scriptFile {
	names := w.list(root, dir).lower
	var out []scriptFile
	for _, folder := range scriptFolders {
		if folder != "" && !names[folder] {
			continue
		}
		if folder == "" && dir != root && slices.Contains(scriptFolders, filepath.Base(dir)) {
			continue // the scripts are those of the folder above
		}
		home := filepath.Join(dir, folder)
		for _, entry := range w.list(root, home).entries {
			name := entry.Name()
			if !entry.IsDir() && mayBuild(name) && files.KindByPath(name) != files.KindDockerfile {
				out = append(out, scriptFile{home, name})
			}
		}
	}
	return out
}

// scriptBuilds returns the builds of some scripts, Makefiles and justfiles of a folder.
func (w *Workspace) scriptBuilds(root, dir string, scripts []scriptFile) []build {
	const native = false // see ownBuilds
	var out []build
	for _, s := range scripts {
		f, err := w.neighbour(root, filepath.Join(s.home, s.name))
		if err != nil || !mentionsBuild(f.Bytes) {
			continue
		}
		out = append(out, w.buildsOfScript(root, dir, s.home, f, native)...)
	}
	return out
}

// describesBuilds reports whether a file, by its base name, is one that is read for the builds of its folder and that
// may name a Dockerfile.
func describesBuilds(base string) bool {
	switch base {
	case "Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "package.json", workflow.GitLabFile:
		return true
	}
	if slices.Contains(recipe.ArtifactFiles, strings.ToLower(base)) || recipe.Named(base) {
		return true
	}
	return slices.Contains(bakeFiles, base) || slices.Contains(composeFiles, base)
}

// mayBuild reports whether a file may be a script or a recipe, by its base name.
func mayBuild(name string) bool {
	switch path.Ext(name) {
	case "", ".sh", ".bash", ".mk", ".just":
		return true
	}
	return name == "package.json" || recipe.Named(name)
}

// artifactBuilds returns the builds of a skaffold.yaml, an Earthfile and a Tiltfile.
func (w *Workspace) artifactBuilds(root, dir string, native bool) []build {
	var out []build
	for _, entry := range w.list(root, dir).entries {
		if !slices.Contains(recipe.ArtifactFiles, strings.ToLower(entry.Name())) {
			continue
		}
		f, err := w.neighbour(root, filepath.Join(dir, entry.Name()))
		if err != nil {
			continue
		}
		what, _, _ := strings.Cut(entry.Name(), ".")
		for _, a := range recipe.Artifacts(f) {
			b := build{
				dockerfile: filepath.Join(dir, filepath.FromSlash(a.Dockerfile)),
				context:    filepath.Join(dir, filepath.FromSlash(a.Context)),
				stage:      strings.ToLower(a.Stage.Text), args: a.Args, anyArgs: a.Open,
				place: Build{f, a.Span, "this build of " + what}, tags: references(f, []source.Value{a.Image}),
			}
			b.platforms = platformsOf(f, a.Platforms, "platforms of a build of "+what)
			if !native && !a.Remote {
				w.markEmulated(b.platforms)
			}
			out = append(out, b)
		}
	}
	return out
}

// mentionsBuild reports whether a file may be a script that builds an image: cheap, and true for some others.
func mentionsBuild(b []byte) bool {
	for _, program := range []string{"docker", "podman", "buildah", "nerdctl"} {
		if bytes.Contains(b, []byte(program)) {
			return bytes.Contains(b, []byte("build")) || bytes.Contains(b, []byte("bud"))
		}
	}
	return false
}

// buildsOfScript returns the builds of one file in the folder home, which users start there or in dir.
func (w *Workspace) buildsOfScript(root, dir, home string, f *source.File, native bool) []build {
	own, ok := relative(root, home)
	if !ok {
		return nil
	}
	starts := []string{own}
	scripts, why := []*source.Fragment{source.WholeFile(f)}, "platforms of a build script"
	if recipes, ok := recipe.Local(f); ok {
		scripts, why = recipes, "platforms of a build recipe"
	} else {
		if path.Ext(f.Path) == "" && !bytes.HasPrefix(f.Bytes, []byte("#!")) {
			return nil
		}
		for _, other := range []string{dir, root} {
			if rel, ok := relative(root, other); ok && !slices.Contains(starts, rel) {
				starts = append(starts, rel)
			}
		}
	}
	var out []build
	for _, script := range scripts {
		// Where a script is started decides which files its paths name. It counts where one folder alone has them.
		var found []build
		for _, start := range starts {
			builds, remote := workflow.ScriptBuilds(script, own, start)
			for _, wb := range builds {
				all := w.bakeRun(root, wb)
				if b, ok := w.workflowBuild(root, wb); ok && w.isFile(root, b.dockerfile) {
					b.platforms = platformsOf(f, wb.Platforms, why)
					all = append(all, b)
				}
				if !native && !remote && !wb.Remote {
					w.markScript(wb, all)
				}
				for _, b := range all {
					b.emulates = nil
					same := func(o build) bool {
						return o.place == b.place && o.name == b.name
					}
					if n := slices.IndexFunc(found, same); n < 0 {
						found = append(found, b)
					} else if found[n].dockerfile != b.dockerfile {
						found[n].dockerfile = "" // it may be either
					}
				}
			}
		}
		out = append(out, found...)
	}
	return slices.DeleteFunc(out, func(b build) bool { return b.dockerfile == "" })
}

// markScript marks the platforms that a command of a script builds on one machine. Where the script registers QEMU for
// a platform, that is not the machine's own, which is assumed to be amd64 unless it is configured.
func (w *Workspace) markScript(wb *workflow.Build, builds []build) {
	var all []*image.Platform
	for n := range builds {
		for k := range builds[n].platforms {
			p := &builds[n].platforms[k]
			all = append(all, p)
			foreign := w.Targets.Builder == "" && architecture(p.Name) != "amd64"
			p.Emulated = p.Emulated || foreign && wb.Registers(p.Name)
		}
	}
	w.markTogether(all)
}

// orLowerCase returns the path of a Dockerfile with the name that BuildKit falls back to, where only that one is there.
func (w *Workspace) orLowerCase(root, full string) string {
	if dir, base := filepath.Split(full); base == "Dockerfile" && !w.isFile(root, full) {
		if lower := filepath.Join(dir, "dockerfile"); w.isFile(root, lower) {
			return lower
		}
	}
	return full
}

// relative returns a path below root with slashes, and "" for root itself.
func relative(root, full string) (string, bool) {
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return "", false
	}
	rel = filepath.ToSlash(rel)
	if rel == "." {
		rel = ""
	}
	return rel, rel != ".." && !strings.HasPrefix(rel, "../")
}

// isFile reports whether a regular file below root can be read.
func (w *Workspace) isFile(root, full string) bool {
	type key string
	return cached(w, key(full), func(w *Workspace) bool {
		if w.cache != nil && !w.mayExist(root, full) {
			return false
		}
		info, err := w.tree.Stat(root, full)
		return err == nil && info.Mode().IsRegular()
	})
}

func platformsOf(f *source.File, values []source.Value, why string) []image.Platform {
	var out []image.Platform
	for _, v := range values {
		if v.Known && v.Text != "" && v.Text != "local" {
			out = append(out, image.Platform{Name: v.Text, Why: why, File: f, Span: v.Span})
		}
	}
	return out
}

// buildContext is what surrounds the build of a Dockerfile. It implements image.Context, and belongs to one goroutine.
type buildContext struct {
	w      *Workspace
	abs    string
	links  []string // other paths of the Dockerfile: see Entry.Links
	found  []*build
	looked bool
	needed []map[*dockerfile.Stage]bool // the stages that each of found runs; made on first use

	// What contexts and bound return, made on first use.
	known   []string
	asked   bool
	bounded string
	folders map[string]bool // what IsDir returned, by name
}

// bound returns the folder that bounds what is read for the Dockerfile.
func (c *buildContext) bound() string {
	if c.bounded == "" {
		c.bounded = c.w.root(filepath.Dir(c.abs))
	}
	return c.bounded
}

// builds returns the builds of the Dockerfile that its neighbours describe.
func (c *buildContext) builds() []*build {
	if !c.looked {
		c.found, c.looked = c.w.buildsOf(c.abs), true
		for _, link := range c.links {
			c.found = append(c.found, c.w.buildsOf(link)...)
		}
	}
	return c.found
}

// contexts returns the known build contexts of the Dockerfile. The list must not be changed.
func (c *buildContext) contexts() []string {
	if !c.asked {
		c.known, c.asked = c.findContexts(), true
	}
	return c.known
}

func (c *buildContext) findContexts() []string {
	var out []string
	for _, b := range c.builds() {
		if b.context != "" && !slices.Contains(out, b.context) {
			out = append(out, b.context)
		}
	}
	if len(out) == 0 && len(c.links) > 0 {
		for _, name := range append([]string{c.abs}, c.links...) {
			out = append(out, filepath.Dir(name))
		}
		out = append(out, c.bound())
	}
	return out
}

// Read implements image.Context.
func (c *buildContext) Read(name string) (*source.File, error) {
	return c.w.inContext(c.abs, c.contexts(), name)
}

// Target implements image.Context.
func (c *buildContext) Target(img *image.Image) bool {
	_, target := c.w.Builds(img)
	return target
}

// IsDir implements image.Context.
func (c *buildContext) IsDir(name string) bool {
	is, ok := c.folders[name]
	if !ok {
		is = c.isDir(name)
		if c.folders == nil {
			c.folders = map[string]bool{}
		}
		c.folders[name] = is
	}
	return is
}

func (c *buildContext) isDir(name string) bool {
	root := c.bound()
	contexts := c.contexts()
	if len(contexts) == 0 {
		contexts = []string{filepath.Dir(c.abs), root}
	}
	for _, context := range contexts {
		if c.w.isDir(root, filepath.Join(context, filepath.FromSlash(path.Clean("/"+name)))) {
			return true
		}
	}
	return false
}

// isDir reports whether a path below root is a folder.
func (w *Workspace) isDir(root, full string) bool {
	type key struct{ root, full string }
	return cached(w, key{root, full}, func(w *Workspace) bool { return files.IsDir(w.tree, root, full) })
}

// Platforms implements image.Context.
func (c *buildContext) Platforms(img *image.Image) []image.Platform {
	stage := img.Stage
	switch {
	case strings.Contains(stage.Platform, "$TARGET"), stage.Platform == "":
	case strings.Contains(stage.Platform, "$"):
		return nil // $BUILDPLATFORM runs natively, whatever the image is for; others are not known
	default:
		span := stage.From.Span
		if flag := stage.From.Flag("platform"); flag != nil {
			span = flag.Span
		}
		return c.fixed(img, stage.Platform, "FROM --platform", span)
	}
	if img.Parent != nil {
		if root := img.Root().Stage; root.Platform != "" && !strings.Contains(root.Platform, "$TARGET") ||
			image.ArchitectureOf(root.Image) != "" {
			return img.Parent.Platforms() // the platform of a stage is that of the image below it
		}
	} else if arch := image.ArchitectureOf(stage.Image); arch != "" && stage.Platform == "" {
		return c.fixed(img, "linux/"+arch, "the image's name", stage.Base.Span)
	}
	return c.TargetPlatforms(img)
}

// TargetPlatforms implements image.Context.
func (c *buildContext) TargetPlatforms(img *image.Image) []image.Platform {
	var out []image.Platform
	for _, name := range c.w.Targets.Platforms {
		out = append(out, image.Platform{Name: name, Why: "the configured platforms"})
	}
	c.w.markEmulated(out)
	if len(out) > 0 {
		return out
	}
	for n, b := range c.builds() {
		if c.needs(n, img) {
			out = append(out, b.platforms...)
		}
	}
	return out
}

// fixed returns the platform of a stage that has only one, whatever the build is for.
func (c *buildContext) fixed(img *image.Image, name, why string, span source.Span) []image.Platform {
	out := []image.Platform{{Name: name, Why: why, File: img.Dockerfile.Source, Span: span}}
	c.w.markEmulated(out)
	if c.w.Targets.Builder != "" || len(c.w.Targets.Platforms) > 0 {
		return out
	}
	for n, b := range c.builds() {
		if b.emulates != nil && b.emulates(name) && c.needs(n, img) {
			out[0].Emulated, out[0].Machine = true, b.machine
		}
	}
	return out
}

// needs reports whether a build, by its index, runs a stage, on the image that the Dockerfile names.
func (c *buildContext) needs(n int, img *image.Image) bool {
	b := c.builds()[n]
	if c.needed == nil {
		c.needed = make([]map[*dockerfile.Stage]bool, len(c.found))
	}
	if c.needed[n] == nil {
		c.needed[n] = map[*dockerfile.Stage]bool{}
		d := img.Dockerfile.File
		if target := d.StageNamed(b.stage); target != nil {
			c.needed[n] = d.Needs(target, b.replaced...)
		}
	}
	if !c.needed[n][img.Stage] {
		return false
	}
	if len(b.replaced) == 0 {
		return true
	}
	base := strings.ToLower(img.Root().Stage.Image)
	return !slices.ContainsFunc(b.replaced, func(name string) bool {
		return base == name || base == name+":latest" || base == strings.TrimPrefix(name, "docker.io/")
	})
}

// markEmulated marks the platforms of one build that differ from the builder's own.
func (w *Workspace) markEmulated(platforms []image.Platform) {
	all := make([]*image.Platform, len(platforms))
	for n := range platforms {
		all[n] = &platforms[n]
	}
	w.markTogether(all)
}

// markTogether marks the platforms of builds that run on one builder and differ from its own. Where the builder's
// platform is not configured it is not known; where the builds have several architectures it is assumed to be amd64, as
// on most builders.
func (w *Workspace) markTogether(platforms []*image.Platform) {
	if len(platforms) == 0 {
		return
	}
	own := architecture(w.Targets.Builder)
	if own == "" {
		architectures := map[string]bool{}
		for _, p := range platforms {
			architectures[architecture(p.Name)] = true
		}
		if len(architectures) < 2 {
			return
		}
		own = architecture(platforms[0].Name)
		if architectures["amd64"] {
			own = "amd64"
		}
	}
	for _, p := range platforms {
		p.Emulated = p.Emulated || architecture(p.Name) != own
		p.Native = w.Targets.Builder != "" && !p.Emulated
		if p.Emulated && p.Machine == "" {
			p.Machine = w.Targets.Builder
		}
	}
}

// architecture returns the architecture of a platform. One kernel runs 386 beside amd64.
func architecture(platform string) string {
	parts := strings.Split(platform, "/")
	if len(parts) < 2 {
		return platform
	}
	if parts[1] == "386" {
		return "amd64"
	}
	return parts[1]
}

// NamesNoPlatform reports whether the workspace describes builds that run a stage, and none of them names a platform or
// leaves one open, so they are for the platform of the machine.
func (w *Workspace) NamesNoPlatform(img *image.Image) bool {
	c, ok := img.Dockerfile.Context().(*buildContext)
	if !ok || len(w.Targets.Platforms) > 0 || strings.Contains(img.Stage.Platform, "$") {
		return false
	}
	some := false
	for n, b := range c.builds() {
		if c.needs(n, img) {
			if !b.plain {
				return false
			}
			some = true
		}
	}
	return some
}

// Builds reports whether a build that a file of the project describes runs a stage, and whether one has it as its
// target.
func (w *Workspace) Builds(img *image.Image) (runs, target bool) {
	c, ok := img.Dockerfile.Context().(*buildContext)
	if !ok {
		return false, false
	}
	for n, b := range c.builds() {
		if c.needs(n, img) {
			runs = true
			target = target || img.Dockerfile.StageNamed(b.stage) == img.Stage
		}
	}
	return runs, target
}

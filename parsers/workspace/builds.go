package workspace

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// build is one build of a Dockerfile that a neighbouring file describes.
type build struct {
	dockerfile string // absolute
	context    string // absolute; "" when not known
	stage      string // in lower case; "" for the last one
	platforms  []image.Platform
}

// bakeFiles and composeFiles are the names under which the programs look for their files.
var (
	bakeFiles = []string{
		"docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json",
	}
	composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
)

// buildsOf returns the builds of a Dockerfile that the files beside it, or in a folder above it up to the root,
// describe.
func (w *Workspace) buildsOf(abs string) []build {
	dir := filepath.Dir(abs)
	root := w.root(dir)
	var out []build
	for {
		out = append(out, w.buildsIn(root, dir)...)
		up := filepath.Dir(dir)
		if dir == root || up == dir {
			break
		}
		dir = up
	}
	return slices.DeleteFunc(out, func(b build) bool { return b.dockerfile != abs })
}

// buildsIn returns the builds that the files of one folder describe.
func (w *Workspace) buildsIn(root, dir string) []build {
	type key string
	return cached(w, key(dir), func(w *Workspace) []build {
		var out []build
		native := false
		if dir == root {
			var fromWorkflows []build
			fromWorkflows, native = w.workflowBuilds(root)
			out = append(out, fromWorkflows...)
		}
		for _, name := range bakeFiles {
			if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				out = append(out, bakeBuilds(dir, bake.Parse(f), native)...)
			}
		}
		for _, name := range composeFiles {
			if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				out = append(out, composeBuilds(dir, compose.Parse(f), native)...)
			}
		}
		return out
	})
}

// bakeBuilds returns the builds of a bake file. Where the repository builds on runners of several architectures, bake
// may run on each for its own.
func bakeBuilds(dir string, f *bake.File, native bool) []build {
	var out []build
	for _, t := range f.Targets {
		name, ok := t.DockerfilePath()
		if !ok || t.Abstract() || !t.Builds() {
			continue
		}
		b := build{dockerfile: filepath.Join(dir, filepath.FromSlash(name)), stage: strings.ToLower(t.Stage.Text)}
		if context, ok := t.ContextPath(); ok {
			b.context = filepath.Join(dir, filepath.FromSlash(context))
		}
		b.platforms = platformsOf(f.Source, t.Platforms, "platforms of a bake target")
		if !native {
			markEmulated(b.platforms)
		}
		out = append(out, b)
	}
	return out
}

func composeBuilds(dir string, f *compose.File, native bool) []build {
	var out []build
	for _, s := range f.Services {
		if s.Build == nil {
			continue
		}
		name, ok := s.Build.DockerfilePath()
		if !ok {
			continue
		}
		b := build{dockerfile: filepath.Join(dir, filepath.FromSlash(name)), stage: strings.ToLower(s.Build.Stage.Text)}
		if context, ok := s.Build.ContextPath(); ok {
			b.context = filepath.Join(dir, filepath.FromSlash(context))
		}
		b.platforms = platformsOf(f.Source, s.BuildPlatforms(), "platforms of a compose service")
		if !native {
			markEmulated(b.platforms)
		}
		out = append(out, b)
	}
	return out
}

// workflowBuilds returns the builds of a repository's GitHub workflows, and whether one of its jobs builds on a machine
// of its own for a foreign architecture.
func (w *Workspace) workflowBuilds(root string) (out []build, native bool) {
	dir := filepath.Join(root, ".github", "workflows")
	for _, name := range files.Names(w.tree, root, dir) {
		if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
			continue
		}
		f, err := w.neighbour(root, filepath.Join(dir, name))
		if err != nil {
			continue
		}
		for _, wb := range workflow.Parse(f).Builds() {
			if wb.Combination.Runner.Arch == "arm64" || wb.Remote {
				native = true
			}
			name, ok := wb.DockerfilePath()
			if !ok || !wb.Runs() || wb.Bake != nil {
				continue
			}
			b := build{dockerfile: filepath.Join(root, filepath.FromSlash(name)), stage: strings.ToLower(wb.Stage.Text)}
			if context, ok := wb.ContextPath(); ok {
				b.context = filepath.Join(root, filepath.FromSlash(context))
			}
			b.platforms = platformsOf(f, wb.Platforms, "platforms of a workflow's build, with QEMU")
			for n := range b.platforms {
				b.platforms[n].Emulated = wb.Emulated(b.platforms[n].Name)
			}
			out = append(out, b)
		}
	}
	return out, native
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
	found  []build
	looked bool
}

// builds returns the builds of the Dockerfile that its neighbours describe.
func (c *buildContext) builds() []build {
	if !c.looked {
		c.found, c.looked = c.w.buildsOf(c.abs), true
	}
	return c.found
}

// contexts returns the known build contexts of the Dockerfile.
func (c *buildContext) contexts() []string {
	var out []string
	for _, b := range c.builds() {
		if b.context != "" && !slices.Contains(out, b.context) {
			out = append(out, b.context)
		}
	}
	return out
}

// Read implements image.Context.
func (c *buildContext) Read(name string) (*source.File, error) {
	return c.w.inContext(c.abs, c.contexts(), name)
}

// IsDir implements image.Context.
func (c *buildContext) IsDir(name string) bool {
	root := c.w.root(filepath.Dir(c.abs))
	contexts := c.contexts()
	if len(contexts) == 0 {
		contexts = []string{filepath.Dir(c.abs), root}
	}
	for _, context := range contexts {
		if files.IsDir(c.w.tree, root, filepath.Join(context, filepath.FromSlash(path.Clean("/"+name)))) {
			return true
		}
	}
	return false
}

// Platforms implements image.Context.
func (c *buildContext) Platforms(img *image.Image) []image.Platform {
	stage := img.Stage
	switch stage.Platform {
	case "$BUILDPLATFORM", "${BUILDPLATFORM}":
		return nil // runs natively, whatever the image is for
	case "", "$TARGETPLATFORM", "${TARGETPLATFORM}":
	default:
		span := stage.From.Span
		if flag := stage.From.Flag("platform"); flag != nil {
			span = flag.Span
		}
		return []image.Platform{{Name: stage.Platform, Why: "FROM --platform", File: img.Dockerfile.Source, Span: span}}
	}
	if img.Parent != nil {
		if p := img.Root().Stage.Platform; p != "" && !strings.Contains(p, "TARGETPLATFORM") {
			return img.Parent.Platforms() // the platform of a stage is that of the image below it
		}
	}
	var out []image.Platform
	for _, name := range c.w.Targets.Platforms {
		out = append(out, image.Platform{Name: name, Why: "the configured platforms"})
	}
	markEmulated(out)
	if len(out) > 0 {
		return out
	}
	for _, b := range c.builds() {
		if reaches(img.Dockerfile.File, b.stage, stage.Index) {
			out = append(out, b.platforms...)
		}
	}
	return out
}

// reaches reports whether a build of the stage with a name, "" for the last one, needs the stage with an index: it is
// that stage, is based on it, or copies from it.
func reaches(d *dockerfile.File, target string, index int) bool {
	at := len(d.Stages) - 1
	for n, s := range d.Stages {
		if target != "" && s.Name == target {
			at = n
		}
	}
	needed := map[int]bool{at: true}
	for n := at; n >= 0; n-- {
		if !needed[n] {
			continue
		}
		s := d.Stages[n]
		if s.Parent != nil {
			needed[s.Parent.Index] = true
		}
		for _, i := range s.Instructions {
			if len(i.Flags) == 0 {
				continue
			}
			text := strings.ToLower(d.Source.Text(i.Span))
			for _, other := range d.Stages[:n] {
				if other.Name != "" && strings.Contains(text, "from="+other.Name) {
					needed[other.Index] = true
				}
			}
			if flag := i.Flag("from"); flag != nil && flag.Value.Text != "" && flag.Value.Text[0] >= '0' &&
				flag.Value.Text[0] <= '9' {
				return true // a stage by number: assume all, rather than a wrong one
			}
		}
	}
	return needed[index]
}

// markEmulated marks the platforms of one build that differ from the builder's own. The builder's platform is not
// known; where the build has several architectures it is assumed to be amd64, as on most builders.
func markEmulated(platforms []image.Platform) {
	architectures := map[string]bool{}
	for _, p := range platforms {
		architectures[architecture(p.Name)] = true
	}
	if len(architectures) < 2 {
		return
	}
	own := architecture(platforms[0].Name)
	if architectures["amd64"] {
		own = "amd64"
	}
	for n := range platforms {
		platforms[n].Emulated = architecture(platforms[n].Name) != own
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

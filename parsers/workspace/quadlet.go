package workspace

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
)

// OpenQuadlet is Format.Open of Quadlet units. Value is nil.
func OpenQuadlet(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	r := runs.OfQuadlet(f)
	switch {
	case r == nil && path.Ext(f.Path) != ".container":
		return &Document{}, nil // it says how others are built or run
	case r == nil:
		return nil, ForeignError{"it has no section [Container]"}
	}
	if unit := r.Image.Text; path.Ext(unit) == ".build" && path.Base(unit) == unit {
		dir := filepath.Dir(e.Abs)
		root := w.root(dir)
		if f, err := w.neighbour(root, filepath.Join(dir, unit)); err == nil {
			if b, ok := w.unitBuild(root, dir, f); ok {
				r.Build = &runs.Build{File: f, Span: b.place.Span}
				if rel, err := filepath.Rel(dir, b.dockerfile); err == nil {
					r.Build.Dockerfile = filepath.ToSlash(rel)
				}
				r.Build.Stage = source.Value{Text: b.stage, Known: true, Span: b.place.Span}
			}
		}
	}
	return &Document{Runs: []*runs.Run{r}}, nil
}

// unitFolders are folders in which the units of the folder above them lie.
var unitFolders = []string{"", "quadlet", "quadlets", "systemd"}

// quadletBuilds returns the builds of the Quadlet units of a folder.
func (w *Workspace) quadletBuilds(root, dir string, native bool) []build {
	names := w.list(root, dir).lower
	var out []build
	for _, folder := range unitFolders {
		if folder != "" && !names[folder] {
			continue
		}
		home := filepath.Join(dir, folder)
		for _, entry := range w.list(root, home).entries {
			if path.Ext(entry.Name()) != ".build" || entry.IsDir() {
				continue
			}
			f, err := w.neighbour(root, filepath.Join(home, entry.Name()))
			if err != nil {
				continue
			}
			if b, ok := w.unitBuild(root, home, f); ok {
				if !native {
					w.markEmulated(b.platforms)
				}
				out = append(out, b)
			}
		}
	}
	return out
}

// unitBuild returns the build of a Quadlet unit in the folder dir.
func (w *Workspace) unitBuild(root, dir string, f *source.File) (build, bool) {
	u := runs.BuildOfQuadlet(f)
	if u == nil || u.Absolute || u.Context == "" || u.Stage.IsSet() && !u.Stage.Known {
		return build{}, false
	}
	b := build{
		context: filepath.Join(dir, filepath.FromSlash(u.Context)), stage: strings.ToLower(u.Stage.Text),
		args: u.Args, anyArgs: u.Open, podman: true, place: Build{f, u.Span, "this unit"},
	}
	candidates := []string{filepath.Join(b.context, "Containerfile"), filepath.Join(b.context, "Dockerfile")}
	if u.Dockerfile != "" {
		name := filepath.FromSlash(u.Dockerfile)
		candidates = []string{filepath.Join(dir, name), filepath.Join(b.context, name)}
	}
	n := slices.IndexFunc(candidates, func(name string) bool {
		return files.Inside(root, name) && w.isFile(root, name)
	})
	if n < 0 {
		return build{}, false
	}
	b.dockerfile = candidates[n]
	for _, v := range u.Tags {
		b.tags = append(b.tags, references(f, []source.Value{v.Value})...)
	}
	for _, v := range u.Platforms {
		b.platforms = append(b.platforms, platformsOf(f, []source.Value{v.Value}, "platforms of a Quadlet unit")...)
	}
	return b, true
}

// played returns the containers of a Kubernetes manifest, which Podman starts where a Quadlet unit of the workspace
// names the file.
func (w *Workspace) played(abs string, all []*runs.Run) []*runs.Run {
	type key struct{}
	names := cached(w, key{}, func(w *Workspace) map[string]bool {
		out := map[string]bool{}
		for _, e := range w.entriesOf(files.KindQuadlet) {
			if path.Ext(e.Path) != ".kube" {
				continue
			}
			dir := filepath.Dir(e.Abs)
			if f, err := w.neighbour(w.root(dir), e.Abs); err == nil {
				for _, v := range runs.KubeYAML(f) {
					out[filepath.Join(dir, filepath.FromSlash(v.Text))] = !path.IsAbs(v.Text)
				}
			}
		}
		return out
	})
	if !names[abs] {
		return all
	}
	out := make([]*runs.Run, len(all))
	for n, r := range all {
		own := *r
		own.Engine = runs.Podman
		out[n] = &own
	}
	return out
}

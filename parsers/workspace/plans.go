package workspace

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// Plan is a build of a Dockerfile that a bake target or a service of a Compose file describes.
type Plan struct {
	// Build is where it is described.
	Build
	// Name is the name of the target or service.
	Name string
	// Dockerfile is the absolute path of the Dockerfile.
	Dockerfile string

	root  string
	build build
}

// DescribesBuilds reports whether a file, by its path, is one that Plans reads: a bake file or a Compose file.
func DescribesBuilds(name string) bool {
	return isBake(name) || files.IsYAML(filepath.Base(name))
}

func isBake(name string) bool {
	base := strings.ToLower(filepath.Base(name))
	return strings.HasSuffix(base, ".hcl") || slices.Contains(bakeFiles, base) ||
		strings.HasSuffix(base, ".json") && strings.Contains(base, "bake")
}

// Plans returns the builds that a bake file or a Compose file describes, by its absolute path, in order of position.
// Of the default files of bake, those beside it are merged with it. The paths in it are relative to its folder.
func (w *Workspace) Plans(abs string) ([]Plan, error) {
	w = w.snapshot()
	dir := filepath.Dir(abs)
	root := w.root(dir)
	f, err := w.neighbour(root, abs)
	if err != nil {
		return nil, FileError{w.show(abs), err}
	}
	var builds []build
	if isBake(abs) {
		definition := []*source.File{f}
		if slices.Contains(bakeFiles, strings.ToLower(filepath.Base(abs))) {
			definition = nil
			for _, name := range bakeFiles {
				if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
					definition = append(definition, f)
				}
			}
		}
		parsed := bake.Parse(definition...)
		if len(parsed.Problems) > 0 {
			at, span := parsed.At(parsed.Problems[0].Span)
			return nil, FileError{at.Path, fmt.Errorf("line %d: %s", at.LineOf(span.Start), parsed.Problems[0].Message)}
		}
		builds = w.bakeBuilds(dir, parsed, nil, false)
	} else {
		parsed := compose.Parse(f)
		if len(parsed.Problems) > 0 {
			p := parsed.Problems[0]
			return nil, FileError{f.Path, fmt.Errorf("line %d: %s", f.LineOf(p.Span.Start), p.Message)}
		}
		builds = w.composeBuilds(dir, parsed, false)
	}
	var out []Plan
	for _, b := range builds {
		out = append(out, Plan{b.place, b.name, b.dockerfile, root, b})
	}
	slices.SortStableFunc(out, func(a, b Plan) int {
		return cmp.Or(strings.Compare(a.File.Path, b.File.Path), a.Span.Start-b.Span.Start)
	})
	return out, nil
}

// OpenPlan opens the Dockerfile of a plan as that build alone sees it: for its platforms, on its context. The stages
// are those that the build runs.
func (w *Workspace) OpenPlan(p *Plan) (*Document, []*image.Image, error) {
	w = w.For(p.Dockerfile)
	f, err := w.neighbour(p.root, p.Dockerfile)
	path := w.show(p.Dockerfile)
	if err != nil {
		return nil, nil, FileError{path, err}
	}
	e := &Entry{Path: path, Abs: p.Dockerfile, Kind: files.KindDockerfile, Certain: true}
	c := &buildContext{w: w, abs: p.Dockerfile, found: []*build{&p.build}, looked: true}
	d, err := dockerfileIn(w, e, source.NewFile(path, f.Bytes).WithMeter(w.opts.Meter), c)
	if err != nil {
		return nil, nil, FileError{path, err}
	}
	d.Entry, d.Source = e, d.Dockerfile.Source
	var stages []*image.Image
	for _, img := range d.Dockerfile.Images {
		if c.needs(0, img) {
			stages = append(stages, img)
		}
	}
	return d, stages, nil
}

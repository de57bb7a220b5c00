package workspace

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// bakeRun returns what one run of bake builds: its files, its targets and what it overrides are known. dirs are the
// folders that it ran in.
func (w *Workspace) bakeRun(root string, wb *workflow.Build) (out []build) {
	b := wb.Bake
	if b == nil || !b.Dir.Known || !wb.Runs() {
		return nil
	}
	dir := filepath.Join(root, filepath.FromSlash(b.Dir.Text))
	definition, services, ok := w.bakeDefinition(root, dir, b)
	if !ok {
		return nil
	}
	var names []string
	for _, t := range b.Targets {
		if !t.Known {
			return nil
		}
		names = append(names, t.Text)
	}
	var overrides []bake.Override
	for _, o := range b.Set {
		overrides = append(overrides, bake.Override(o))
	}
	if len(definition) > 0 {
		f := bake.ParseIn(b.Variable, definition...)
		targets, _ := f.Resolve(names...)
		for _, t := range targets {
			if one, ok := targetBuild(dir, f, t, services, overrides, wb.Source); ok {
				out = append(out, one)
			}
		}
	}
	if services != nil {
		out = append(out, w.bakedServices(dir, services, names, overrides, wb.Source)...)
	}
	var all []string
	for n := range out {
		for _, p := range out[n].platforms {
			all = append(all, p.Name)
		}
	}
	emulates := emulation(wb, all)
	for n := range out {
		one := &out[n]
		one.place = Build{wb.Source, wb.Span, "this build"}
		one.emulates = emulates
		one.machine = machineOf(wb)
		one.grants.ofBake(wb)
		one.anyArgs = one.anyArgs || wb.Open
		for k := range one.platforms {
			ofRun(&one.platforms[k], wb, emulates, one.platforms[k].Why)
		}
	}
	return out
}

// bakeDefinition returns the files of a run of bake: definitions, and the services of its Compose file.
func (w *Workspace) bakeDefinition(root, dir string, b *workflow.Bake) ([]*source.File, *compose.File, bool) {
	var definition []*source.File
	var services *compose.File
	if len(b.Files) == 0 {
		for _, name := range composeFiles {
			if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				services = compose.Parse(f)
				break
			}
		}
		for _, name := range bakeFiles {
			if f, err := w.neighbour(root, filepath.Join(dir, name)); err == nil {
				definition = append(definition, f)
			}
		}
		return definition, services, services != nil || len(definition) > 0
	}
	for _, v := range b.Files {
		name := strings.TrimPrefix(v.Text, "cwd://")
		if !v.Known || strings.Contains(name, "://") || path.IsAbs(name) || name == "-" {
			return nil, nil, false
		}
		f, err := w.neighbour(root, filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case err != nil:
			return nil, nil, false // it is made by a step before
		case !files.IsYAML(name):
			definition = append(definition, f)
		case services == nil:
			services = compose.Parse(f)
		default:
			return nil, nil, false // several Compose files
		}
	}
	return definition, services, true
}

// bakedServices returns the builds that bake makes of the services of a Compose file, but for those that its definition
// extends.
func (w *Workspace) bakedServices(
	dir string, f *compose.File, names []string, overrides []bake.Override, over *source.File,
) []build {
	wanted := func(service string) bool {
		return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool {
			match, _ := path.Match(name, service)
			return match || name == "default"
		})
	}
	var out []build
	for _, b := range w.composeBuilds(dir, f, true) {
		if !wanted(b.name) {
			continue
		}
		s := f.Service(b.name)
		if own := s.Build.BakePlatforms; len(own) > 0 &&
			(len(b.platforms) == 0 || b.platforms[0].Span != own[0].Span) {
			continue // of Compose alone
		}
		t := bake.Target{Name: source.Value{Text: b.name, Known: true}}
		given, replace := t.PlatformsOf(overrides)
		if replace {
			b.platforms = nil
		}
		b.platforms = append(b.platforms, givenPlatforms(over, given)...)
		if changed := t.With(overrides); changed.Context.IsSet() || changed.Dockerfile.IsSet() {
			continue
		} else if changed.Stage.IsSet() {
			b.stage = strings.ToLower(changed.Stage.Text)
		}
		out = append(out, b)
	}
	return out
}

// givenPlatforms returns the platforms that the command line of bake gives to a target.
func givenPlatforms(f *source.File, values []source.Value) []image.Platform {
	var out []image.Platform
	for _, v := range values {
		for name := range strings.SplitSeq(v.Text, ",") {
			one := v
			one.Text = strings.TrimSpace(name)
			out = append(out, platformsOf(f, []source.Value{one}, "platforms that bake is given")...)
		}
	}
	return out
}

// ofRun says of a platform in which runs of a workflow it is built, and whether it is emulated there.
func ofRun(p *image.Platform, wb *workflow.Build, emulates func(string) bool, why string) {
	p.Why = why
	if p.Emulated = emulates(p.Name); p.Emulated {
		p.Why += ", with QEMU"
		p.Machine = machineOf(wb)
	}
	p.Native = !p.Emulated && !wb.Remote && architecture(p.Name) == wb.Combination.Runner.Arch
	if wb.Combination.Run != "" {
		p.Why += ", " + wb.Combination.Run
	}
	if call := wb.Combination.Call; call != nil {
		p.Call = &image.Place{File: call.File, Span: call.Span}
	}
}

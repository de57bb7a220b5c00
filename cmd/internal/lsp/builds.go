package lsp

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file leads from bake and Compose files to what they name in Dockerfiles, and back.

// roleOf is what a bake or Compose file names.
type roleOf int

const (
	namesStage   roleOf = iota // the stage that is built
	namesArg                   // a build argument
	namesContext               // a named context, in the place of an image or stage
	namesFile                  // the Dockerfile
	namesTarget                // another target of the same file
)

// mention is a place of a bake or Compose file that names something.
type mention struct {
	role       roleOf
	name       string
	span       source.Span
	dockerfile string // absolute, "" where it is not known
}

// mentionsIn returns the places of a bake or Compose file that name something, in order of position.
func mentionsIn(doc *workspace.Document) []mention {
	var out []mention
	folder := filepath.Dir(doc.Entry.Abs)
	add := func(file string, role roleOf, name string, v source.Value) {
		if name != "" && v.Span.End > v.Span.Start {
			out = append(out, mention{role, name, v.Span, file})
		}
	}
	values := func(file string, role roleOf, by map[string]source.Value) {
		for _, name := range slices.Sorted(maps.Keys(by)) {
			add(file, role, name, by[name])
		}
	}
	resolved := func(path string, ok bool) string {
		if !ok {
			return ""
		}
		return filepath.Join(folder, filepath.FromSlash(path))
	}
	switch f := doc.Value.(type) {
	case *bake.File:
		for _, t := range f.Targets {
			file := resolved(t.DockerfilePath())
			add(file, namesStage, t.Stage.Text, t.Stage)
			add(file, namesFile, t.Dockerfile.Text, t.Dockerfile)
			values(file, namesArg, t.Args)
			values(file, namesContext, t.Contexts)
			for _, v := range t.Inherits {
				add(file, namesTarget, v.Text, v)
			}
			for _, v := range t.Contexts {
				if name, ok := strings.CutPrefix(v.Text, "target:"); ok {
					add(file, namesTarget, name, v)
				}
			}
		}
		for _, g := range f.Groups {
			for _, v := range g.Targets {
				add("", namesTarget, v.Text, v)
			}
		}
	case *compose.File:
		for _, service := range f.Services {
			if b := service.Build; b != nil {
				file := resolved(b.DockerfilePath())
				add(file, namesStage, b.Stage.Text, b.Stage)
				add(file, namesFile, b.Dockerfile.Text, b.Dockerfile)
				values(file, namesArg, b.Args)
				values(file, namesContext, b.Contexts)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b mention) int { return a.span.Start - b.span.Start })
	return slices.Compact(out)
}

// covers reports whether a place of a file belongs to a mention: its value, or the name before it in the line.
func (m *mention) covers(text []byte, offset int) bool {
	if m.span.Start <= offset && offset <= m.span.End {
		return true
	}
	if m.role != namesArg && m.role != namesContext || offset > m.span.Start || m.span.Start > len(text) {
		return false
	}
	between := string(text[offset:m.span.Start])
	start := strings.LastIndexByte(string(text[:offset]), '\n') + 1
	at := strings.LastIndex(string(text[start:m.span.Start]), m.name)
	return !strings.Contains(between, "\n") && at >= 0 && offset >= start+at && offset <= start+at+len(m.name)
}

// maxBuildFiles is how many bake and Compose files are asked about one Dockerfile.
const maxBuildFiles = 100

// buildMention is a mention with its file.
type buildMention struct {
	mention
	doc *workspace.Document
}

// mentionsOf returns what the bake and Compose files beside a Dockerfile and in the folders above it name in it.
func (l *looked) mentionsOf() []buildMention {
	var out []buildMention
	read := 0
	for _, e := range l.project.session.Workspace().Entries {
		if e.Kind != files.KindBake && e.Kind != files.KindCompose || !files.Inside(filepath.Dir(e.Abs), l.path) {
			continue
		}
		if read++; read > maxBuildFiles {
			break
		}
		doc := l.project.session.Open(e).Document
		if doc == nil {
			continue
		}
		for _, m := range mentionsIn(doc) {
			if m.dockerfile == l.checked.Entry.Abs {
				out = append(out, buildMention{m, doc})
			}
		}
	}
	return out
}

// locate returns the location of a span in a file of the workspace.
func (s *server) locate(l *looked, f *source.File, span source.Span) location {
	return location{s.uriOf(l.project.session.Workspace().Abs(f)), newText(f.Bytes).span(span, s.encoding)}
}

// definedByBuilds returns where what a bake or Compose file names at an offset is defined.
func (s *server) definedByBuilds(l *looked, offset int) []location {
	doc := l.checked.Document
	for _, m := range mentionsIn(doc) {
		if !m.covers(doc.Source.Bytes, offset) {
			continue
		}
		if f, ok := doc.Value.(*bake.File); ok && m.role == namesTarget {
			var out []location
			for _, t := range f.Targets {
				if t.Name.Is(m.name) || t.Label == m.name {
					out = append(out, s.locate(l, doc.Source, source.Span{Start: t.Span.Start, End: t.Span.Start}))
				}
			}
			for _, g := range f.Groups {
				if g.Name == m.name && len(out) == 0 {
					out = append(out, s.locate(l, doc.Source, source.Span{Start: g.Span.Start, End: g.Span.Start}))
				}
			}
			return out
		}
		e := l.project.session.Entry(m.dockerfile)
		if e == nil {
			return nil
		}
		built := l.project.session.Open(e).Document
		if built == nil || built.Dockerfile == nil {
			return nil
		}
		var out []location
		for _, at := range namedIn(built.Dockerfile.File, &m) {
			out = append(out, s.locate(l, built.Source, at))
		}
		return out
	}
	return nil
}

// namedIn returns the places of a Dockerfile that a mention names.
func namedIn(f *dockerfile.File, m *mention) (out []source.Span) {
	switch m.role {
	case namesFile:
		out = append(out, source.Span{})
	case namesStage:
		for _, stage := range f.Stages {
			if strings.EqualFold(stage.Name, m.name) {
				out = append(out, stage.NameWord.Span)
			}
		}
	case namesArg:
		for _, n := range variables(f) {
			if !n.env && n.text == m.name {
				out = append(out, n.defined)
			}
		}
	case namesContext:
		out = contextUses(f, m.name)
	}
	return out
}

// contextUses returns the places of a Dockerfile that use a named context: FROM, and the flags and mounts that copy.
func contextUses(f *dockerfile.File, name string) (out []source.Span) {
	for _, stage := range f.Stages {
		if strings.EqualFold(stage.Base.Text, name) {
			out = append(out, stage.Base.Span)
		}
	}
	for _, in := range f.Instructions {
		for k := range in.Flags {
			out = append(out, fromIn(f, &in.Flags[k], name)...)
		}
	}
	return out
}

// fromIn returns where a flag names what is copied from: --from=NAME, or from=NAME in a mount.
func fromIn(f *dockerfile.File, flag *dockerfile.Flag, name string) (out []source.Span) {
	switch {
	case flag.Name == "from" && strings.EqualFold(flag.Unquoted, name):
		if at := lastIn(f.Source, flag.Span, flag.Unquoted); at.End > 0 {
			out = append(out, at)
		}
	case flag.Name == "mount":
		for _, m := range mountFrom.FindAllStringSubmatchIndex(f.Source.Text(flag.Span), -1) {
			at := source.Span{Start: flag.Span.Start + m[2], End: flag.Span.Start + m[3]}
			if strings.EqualFold(f.Source.Text(at), name) {
				out = append(out, at)
			}
		}
	}
	return out
}

// contextsAt returns where the builds define the named context that a Dockerfile uses at an offset.
func (s *server) contextsAt(l *looked, offset int) []location {
	var out []location
	for _, m := range l.mentionsOf() {
		if m.role != namesContext {
			continue
		}
		for _, use := range contextUses(l.checked.Document.Dockerfile.File, m.name) {
			if use.Start <= offset && offset <= use.End {
				out = append(out, s.locate(l, m.doc.Source, m.span))
			}
		}
	}
	return out
}

// namedByBuilds returns the places of bake and Compose files that name a stage or a build argument.
func (s *server) namedByBuilds(l *looked, n *name) []location {
	var out []location
	for _, m := range l.mentionsOf() {
		if n.stage != nil && m.role == namesStage && strings.EqualFold(m.name, n.text) ||
			n.variable && !n.env && m.role == namesArg && m.name == n.text {
			out = append(out, s.locate(l, m.doc.Source, m.span))
		}
	}
	return out
}

// buildLinks returns the links of a document to what it builds and runs with: the Dockerfiles of bake and Compose
// files, and the seccomp profiles of containers.
func (l *looked) buildLinks(add func(span source.Span, path string)) {
	doc := l.checked.Document
	there := func(path string) bool {
		info, err := (files.Disk{}).Lstat("", path)
		return l.project.session.Entry(path) != nil || err == nil && !info.IsDir()
	}
	for _, m := range mentionsIn(doc) {
		if m.role == namesFile && m.dockerfile != "" && there(m.dockerfile) {
			add(m.span, m.dockerfile)
		}
	}
	for _, run := range doc.Runs {
		for _, o := range run.Options {
			v := o.Value
			if o.Name != "seccomp" || !v.Known || v.File.Path != doc.Source.Path || path.IsAbs(v.Text) ||
				!filepath.IsLocal(filepath.FromSlash(v.Text)) {
				continue
			}
			if full := filepath.Join(filepath.Dir(doc.Entry.Abs), filepath.FromSlash(v.Text)); there(full) {
				add(v.Span, full)
			}
		}
	}
}

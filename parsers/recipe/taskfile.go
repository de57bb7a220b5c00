package recipe

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

func isTaskfile(base string) bool {
	stem, _, ok := strings.Cut(strings.ToLower(base), ".")
	if !ok || stem != "taskfile" {
		return false
	}
	switch base[len(stem)+1:] {
	case "yml", "yaml", "dist.yml", "dist.yaml":
		return true
	}
	return false
}

// taskfile returns the commands of the tasks of a Taskfile (taskfile.dev/reference/schema), each of which runs in a
// shell of its own in the folder of the file. Tasks in other folders are left out. Variables that the file alone
// defines are filled in; other templates are opaque.
func taskfile(f *source.File) []*source.Fragment {
	root := yamltree.Parse(f).Root().Resolve()
	vars := map[string]*yamltree.Node{}
	for pair := range root.Get("vars").Resolve().All() {
		if v := pair.Value.Resolve(); v.IsScalar() && !strings.Contains(v.Text, "{{") {
			vars[pair.Key.Text] = v
		}
	}
	var out []*source.Fragment
	for pair := range root.Get("tasks").Resolve().All() {
		task := pair.Value.Resolve()
		own := vars
		if local := task.Get("vars").Resolve(); local != nil || task.Get("requires") != nil {
			own = map[string]*yamltree.Node{}
			for name, v := range vars {
				if local.Get(name) == nil {
					own[name] = v
				}
			}
		}
		add := func(command *yamltree.Node) {
			if command = command.Resolve(); command != nil && command.Kind == yamltree.Mapping {
				command = command.Get("cmd").Resolve()
			}
			if command.IsScalar() {
				out = append(out, templated(command.Fragment(f), own))
			}
		}
		switch {
		case task == nil || task.Get("dir") != nil:
		case task.Kind == yamltree.Mapping:
			add(task.Get("cmd"))
			if list := task.Get("cmds").Resolve(); list != nil {
				for _, item := range list.Items {
					add(item)
				}
			}
		case task.Kind == yamltree.Sequence:
			for _, item := range task.Items {
				add(item)
			}
		default:
			add(task)
		}
	}
	return out
}

// templated returns a text in which {{.NAME}} is filled in and other templates are opaque.
func templated(fr *source.Fragment, vars map[string]*yamltree.Node) *source.Fragment {
	var pieces []source.Piece
	for _, p := range fr.Pieces {
		p.Quoting = source.Fixed
		for p.Text != "" {
			start := strings.Index(p.Text, "{{")
			if start < 0 {
				pieces = append(pieces, p)
				break
			}
			end := strings.Index(p.Text[start:], "}}")
			if end < 0 {
				end = len(p.Text)
			} else {
				end += start + 2
			}
			if start > 0 {
				pieces = append(pieces, part(p, 0, start))
			}
			hole := part(p, start, end)
			name := strings.Trim(hole.Text, "{}- ")
			hole.Verbatim, hole.Opaque, hole.Text = false, true, "x"
			if v := vars[strings.TrimPrefix(name, ".")]; v != nil && strings.HasPrefix(name, ".") {
				hole.Opaque, hole.Text = false, v.Text
			}
			pieces = append(pieces, hole)
			p = part(p, end, len(p.Text))
		}
	}
	return source.NewFragment(fr.File, pieces)
}

// part returns a part of a piece.
func part(p source.Piece, start, end int) source.Piece {
	if p.Verbatim {
		p.Span = source.Span{Start: p.Span.Start + start, End: p.Span.Start + end}
	}
	p.Text = p.Text[start:end]
	return p
}

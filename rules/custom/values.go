package custom

import (
	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// yamlPlace is the place of a value of a YAML or bake file. Its text can be written anew, and it can be deleted, where
// it stands in the file as it is; the proof compares all values of the file.
func yamlPlace(f *source.File, v source.Value) (Place, bool) {
	if !v.IsSet() {
		return Place{}, false
	}
	p := Place{Span: v.Span}
	read := outline.YAML
	if !files.IsYAML(f.Path) {
		if read = bake.Outline; !isBake(f) {
			return p, true
		}
	}
	if !v.Known || v.Overridable || f.Text(v.Span) != v.Text {
		return p, true
	}
	p.Write = func(text string) ([]fixers.Edit, fixers.Changes) {
		return edits(fixvalues.Replace(f, read(f), v.Span, text))
	}
	p.Delete = func() ([]fixers.Edit, fixers.Changes) {
		return edits(fixvalues.DeleteItem(f, read(f), v.Span))
	}
	return p, true
}

func edits(edit fixers.Edit, change fixers.Change, ok bool) ([]fixers.Edit, fixers.Changes) {
	if !ok {
		return nil, nil
	}
	return []fixers.Edit{edit}, fixers.Changes{change}
}

// isBake reports whether a file is a definition of bake.
func isBake(f *source.File) bool {
	return files.IsJSON(f.Path) || len(f.Path) > 4 && f.Path[len(f.Path)-4:] == ".hcl"
}

package workspace

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
)

// Outline returns the values of a file of the workspace in YAML, JSON or HCL as a list, made once for all findings in
// it. It is Broken where the file is another one by now.
func (w *Workspace) Outline(f *source.File) *outline.Outline {
	type key string
	abs := w.Abs(f)
	type made struct {
		of *source.File
		o  *outline.Outline
	}
	m := cached(w, key(abs), func(w *Workspace) made {
		own, err := w.neighbour(w.root(filepath.Dir(abs)), abs)
		switch {
		case err != nil:
			return made{}
		case strings.HasSuffix(abs, ".hcl"):
			return made{own, bake.Outline(own)}
		}
		return made{own, outline.YAML(own)}
	})
	if m.of == nil || !bytes.Equal(m.of.Bytes, f.Bytes) {
		return &outline.Outline{Broken: true}
	}
	return m.o
}

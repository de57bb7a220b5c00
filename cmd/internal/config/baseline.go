package config

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// baseline reads the path of the baseline, relative to the folder of the configuration. It must lie there or below, so
// that the configuration of a foreign repository cannot have another file read.
func (r *reader) baseline(a *hclsyntax.Attribute) {
	s, ok := r.Text(a.Expr, a.Name)
	if !ok {
		return
	}
	path := filepath.FromSlash(s.Text)
	if !filepath.IsLocal(path) || filepath.Clean(path) == "." {
		r.Problem(s.At, "%q is %q, which is not the path of a file in the folder of the configuration or below", a.Name,
			s.Text)
		return
	}
	r.config.Baseline = filepath.Join(r.config.Base, path)
}

package rules

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/bake"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// bakeFormat are the definition files of docker buildx bake.
var bakeFormat = Format{
	Format:       workspace.Format{Kind: files.KindBake, Claims: workspace.ClaimsBake, Open: workspace.OpenBake},
	Compare:      compareBake,
	Suppressions: bakeComments,
	Language:     "hcl",
}

// bakeComments finds the comments in a bake file, which cover the target or the attribute below them.
func bakeComments(doc *workspace.Document, add func(comment, target source.Span)) {
	parts := spansOf(doc.Value.(*bake.File).Targets, func(t *bake.Target) source.Span { return t.Span })
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), parts, add)
}

// compareBake says in one sentence what changed in a bake file besides what fixes declare.
func compareBake(c *Comparison) string {
	if len(bake.Parse(c.After).Problems) > len(bake.Parse(c.Before).Problems) {
		return "bake refuses the result"
	}
	return fixvalues.Compare(bake.Outline(c.Before), bake.Outline(c.After), c.Fixes)
}

// declaresValues reports whether one of the fixes declares a change of the values of a file.
func declaresValues(fixes []fixers.Fix) bool { return slices.ContainsFunc(fixes, fixvalues.Declared) }

// compareValues compares two versions of a file by their values: of YAML and JSON each, of another file the text.
func compareValues(c *Comparison) string {
	if files.IsYAML(c.Before.Path) || files.IsJSON(c.Before.Path) {
		return fixvalues.Compare(outline.YAML(c.Before), outline.YAML(c.After), c.Fixes)
	}
	whole := func(f *source.File) *outline.Outline {
		o := &outline.Outline{}
		o.Add(outline.Value{Text: string(f.Bytes)}, outline.Place{Whole: f.Span(), Value: f.Span()})
		return o
	}
	return fixvalues.Compare(whole(c.Before), whole(c.After), c.Fixes)
}

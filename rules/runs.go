package rules

import (
	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// composeFormat are Compose files.
var composeFormat = Format{
	Format:       workspace.Format{Kind: files.KindCompose, Open: workspace.OpenCompose},
	Suppressions: composeComments,
}

// recipeFormat are Makefiles and justfiles that run containers or write a nix.conf.
var recipeFormat = Format{
	Format: workspace.Format{
		Kind: files.KindRecipe, Claims: workspace.ClaimsRecipe, Open: workspace.OpenRecipe,
	},
	Compare:      compareHosted,
	Suppressions: hostComments,
	Language:     "make",
}

// packageFormat are package.json files whose scripts run containers. JSON has no comments.
var packageFormat = Format{
	Format: workspace.Format{
		Kind: files.KindPackage, Claims: workspace.ClaimsPackage, Open: workspace.OpenPackage,
	},
}

// runParts returns the parts of a document that describe containers.
func runParts(doc *workspace.Document) []source.Span {
	var out []source.Span
	for _, run := range doc.Runs {
		if run.File.Path == doc.Source.Path {
			out = append(out, run.Whole)
		}
	}
	return append(out, spansOf(doc.Ignored, func(o runs.Option) source.Span { return o.Span })...)
}

// composeComments finds the comments in a Compose file, which cover the service or the key below them.
func composeComments(doc *workspace.Document, add func(comment, target source.Span)) {
	var parts []source.Span
	for _, s := range doc.Value.(*compose.File).Services {
		parts = append(parts, s.Span)
		for _, key := range s.Keys {
			parts = append(parts, key)
		}
	}
	LineComments(doc.Source, parts, add)
}

// Package dockerfile has the rules that concern only Dockerfiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package dockerfile

import (
	"embed"

	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "dockerfile".
func Pack() rules.Pack {
	return rules.Pack{Name: "dockerfile", Pages: pages, Rules: []*rules.Rule{
		syntax,
		unknownFlag,
		unknownInstruction,
	}}
}

// reportProblems reports the parser's problems of one kind. If a name is probably misspelt, the fix renames it.
func reportProblems(p *rules.Pass, d *image.Dockerfile, kind string) {
	for _, problem := range d.Problems {
		if problem.Kind != kind {
			continue
		}
		finding := rules.Finding{File: d.Source, Span: problem.Span, Message: problem.Message}
		if problem.Near != "" && kind != dockerfile.KindSyntax {
			finding.Fixes = []fixers.Fix{rename(d, problem)}
		}
		p.Report(finding)
	}
}

func rename(d *image.Dockerfile, problem source.Problem) fixers.Fix {
	return fixers.Fix{
		Title: "Rename to " + problem.Near, Safety: fixers.Unsafe,
		Edits:   []fixers.Edit{{File: d.Source, Span: problem.Span, Text: problem.Near}},
		Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}},
	}
}

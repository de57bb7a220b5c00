// Package problems reports what the parser of Dockerfiles finds wrong.
package problems

import (
	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Report reports the parser's problems of one kind. If a name is probably misspelt, the fix renames it.
func Report(p *rules.Pass, d *image.Dockerfile, kind string) {
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

// Package problems reports what the parser of Dockerfiles finds wrong.
package problems

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Report reports the parser's problems of one kind. If a name is probably misspelt, the fix renames it. Where the file
// asks for a frontend that may be newer than the grammar, the findings are warnings without a fix; with a foreign one
// there are none.
func Report(p *rules.Pass, d *image.Dockerfile, kind string) {
	if d.Frontend != nil && d.Frontend.Foreign {
		return
	}
	for _, problem := range d.Problems {
		if problem.Kind != kind {
			continue
		}
		finding := rules.Finding{File: d.Source, Span: problem.Span, Message: problem.Message}
		if f := d.Frontend; f != nil && f.Newer {
			finding.Severity = rules.Warning
			finding.Message += fmt.Sprintf("; this is the grammar of %s, and %q may know more",
				dockerfile.Grammar, f.Image)
			finding.Related = []rules.Related{
				{File: d.Source, Span: f.At, Message: "the frontend that reads this file"},
			}
			p.Report(finding)
			continue
		}
		if problem.Near != "" && kind != dockerfile.KindSyntax && !(kind == dockerfile.KindUnknownFlag &&
			beforeFrom(d, problem)) {
			finding.Fixes = []fixers.Fix{rename(d, problem)}
		}
		p.Report(finding)
	}
}

// beforeFrom reports whether a problem lies before the first FROM, where BuildKit refuses the instruction for its place
// as soon as nothing else is wrong with it.
func beforeFrom(d *image.Dockerfile, problem source.Problem) bool {
	return len(d.Stages) == 0 || problem.Span.Start < d.Stages[0].From.Span.Start
}

func rename(d *image.Dockerfile, problem source.Problem) fixers.Fix {
	return fixers.Fix{
		Title: "Rename to " + problem.Near, Safety: fixers.Unsafe,
		Edits:   []fixers.Edit{{File: d.Source, Span: problem.Span, Text: problem.Near}},
		Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}},
	}
}

// Package problems reports what the parser of Dockerfiles finds wrong.
package problems

import (
	"fmt"
	"slices"

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
	r := renames{d: d, known: map[string]bool{}}
	for n, problem := range d.Problems {
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
			beforeFrom(d, problem)) && r.mends(n) {
			finding.Fixes = []fixers.Fix{rename(d, problem)}
		}
		if text, ok := dockerfile.FromUTF16(d.Source.Bytes); ok {
			finding.Fixes = []fixers.Fix{{
				Title: "Write the file in UTF-8", Safety: fixers.Safe,
				Edits: []fixers.Edit{{
					File: d.Source, Span: source.Span{End: len(d.Source.Bytes)}, Text: string(text),
				}},
				Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}, fixers.Reveals{}},
			}}
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
	dashes := ""
	if problem.Kind == dockerfile.KindUnknownFlag {
		dashes = "--"
	}
	return fixers.Fix{
		Title: "Rename to " + dashes + problem.Near, Safety: fixers.Unsafe,
		Edits:   []fixers.Edit{{File: d.Source, Span: problem.Span, Text: problem.Near}},
		Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}},
	}
}

// renames finds out what instructions are once a name in them is written right.
type renames struct {
	d     *image.Dockerfile
	known map[string]bool // the answers, by the instruction with its new name
}

// mostProblems is the number of problems of an instruction from which on its names are not tried one by one.
const mostProblems = 8

// mends reports whether BuildKit accepts the instruction of problem n with the name that it probably has, but for the
// other problems that it has already, and whether it then ends where it does now: a COPY with a here-document takes the
// lines below, which are instructions as long as its name is wrong.
func (r *renames) mends(n int) bool {
	problem := r.d.Problems[n]
	i, found := slices.BinarySearchFunc(r.d.Instructions, problem.Span.Start,
		func(i *dockerfile.Instruction, at int) int {
			switch {
			case i.Span.End < at:
				return -1
			case i.Span.Start > at:
				return 1
			}
			return 0
		})
	if !found {
		return true
	}
	lines := r.d.Instructions[i].Lines
	others, count := map[string]int{}, 0 // by message
	for m := n - 1; m >= 0 && r.d.Problems[m].Span.Start >= lines.Start && count < mostProblems; m-- {
		others[r.d.Problems[m].Message]++
		count++
	}
	for m := n + 1; m < len(r.d.Problems) && r.d.Problems[m].Span.Start < lines.End && count < mostProblems; m++ {
		others[r.d.Problems[m].Message]++
		count++
	}
	if count == mostProblems {
		return true
	}
	text := "FROM a\n" + string(r.d.Source.Bytes[lines.Start:problem.Span.Start]) + problem.Near +
		string(r.d.Source.Bytes[problem.Span.End:lines.End])
	if r.d.Escape != '\\' {
		text = "# escape=" + string(r.d.Escape) + "\n" + text
	}
	mends, known := r.known[text]
	if !known {
		renamed := dockerfile.Parse(source.NewFile(r.d.Source.Path, []byte(text)))
		mends = len(renamed.Instructions) == 2
		for _, p := range renamed.Problems {
			others[p.Message]--
			mends = mends && others[p.Message] >= 0
		}
		r.known[text] = mends
	}
	return mends
}

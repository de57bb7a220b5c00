package dockerfile

import (
	"bytes"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var emptyContinuationLine = &rules.Rule{
	ID:       "dockerfile/empty-continuation-line",
	Aliases:  []string{"NoEmptyContinuation"},
	Summary:  "an empty line stands inside an instruction that continues over it",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/parser/parser.go: \"Empty continuation lines will become errors in a " +
			"future release\"",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, i := range d.Instructions {
			if i.Broken {
				continue
			}
			empty := emptyLines(d.Source, i)
			if len(empty) == 0 {
				continue
			}
			fix := fixers.Fix{Title: "Remove the empty lines", Safety: fixers.Safe}
			if len(empty) == 1 {
				fix.Title = "Remove the empty line"
			}
			for _, line := range empty {
				fix.Edits = append(fix.Edits, fixers.Edit{File: d.Source, Span: line})
			}
			at := d.Source.Line(d.Source.LineOf(empty[0].Start))
			p.Report(rules.Finding{
				File: d.Source, Span: at,
				Message: "the line above continues over this empty line, so what follows belongs to the same " +
					"instruction; BuildKit will refuse it in a future release",
				Fixes: []fixers.Fix{fix},
			})
		}
	}),
}

// emptyLines returns the empty lines inside an instruction, with their line ends, outside of here-documents.
func emptyLines(f *source.File, i *dockerfile.Instruction) []source.Span {
	end := i.Lines.End
	if len(i.Heredocs) > 0 {
		end = i.Heredocs[0].Body.Start
	}
	if n := bytes.IndexByte(f.Bytes[i.Lines.Start:end], '\n'); n < 0 || i.Lines.Start+n+1 >= end {
		return nil
	}
	var out []source.Span
	for n := f.LineOf(i.Lines.Start) + 1; n <= f.Lines(); n++ {
		line := f.FullLine(n)
		if line.Start >= end || line.Len() == 0 {
			break
		}
		if len(bytes.TrimSpace(f.Bytes[line.Start:line.End])) == 0 {
			out = append(out, line)
		}
	}
	return out
}

package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var instructionCasing = &rules.Rule{
	ID:       "dockerfile/instruction-casing",
	Aliases:  []string{"ConsistentInstructionCasing"},
	Summary:  "a keyword is in another case than most keywords of the file",
	Severity: rules.Info,
	Category: rules.Formatting,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateCommandCasing",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		lower, upper := 0, 0
		count := func(i *dockerfile.Instruction) {
			switch keyword := d.Source.Text(i.Keyword); keyword {
			case i.Name:
				upper++
			case strings.ToLower(keyword):
				lower++
			}
		}
		for _, i := range d.Instructions {
			if i.Stage != nil && !i.Broken {
				count(i)
			}
		}
		for _, i := range d.Instructions {
			if i.Stage == nil || i.Broken {
				continue
			}
			keyword, want, most := d.Source.Text(i.Keyword), i.Name, "in upper case"
			if lower > upper {
				want, most = strings.ToLower(i.Name), "in lower case"
			}
			if keyword == want {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: i.Keyword,
				Message: fmt.Sprintf("keyword %q is not %s as most keywords of the file are", keyword, most),
				Fixes: []fixers.Fix{{
					Title: "Write " + want, Safety: fixers.Safe,
					Edits: []fixers.Edit{{File: d.Source, Span: i.Keyword, Text: want}},
				}},
			})
		}
	}),
}

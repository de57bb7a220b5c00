package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var envKeyTwice = &rules.Rule{
	ID:          "dockerfile/env-key-twice",
	Summary:     "one ENV sets a variable twice, so the first value is lost",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Dockerfile reference: variables have the value from before the instruction throughout it",
		"kasmtech/workspaces-issues#843",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if len(s.Pairs) < 2 || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		first := map[string]dockerfile.Pair{}
		for n, pair := range s.Pairs {
			earlier, twice := first[pair.Key.Text]
			first[pair.Key.Text] = pair
			if !twice || slices.Contains(s.Dockerfile().Expansion(s.Instruction, pair.Value.Text).Read, pair.Key.Text) {
				continue // a value that uses the first one is the matter of dockerfile/env-uses-itself
			}
			message := fmt.Sprintf("this ENV sets %s twice, and the first value is lost", pair.Key.Text)
			finding := rules.Finding{
				File: f, Span: source.Span{Start: pair.Key.Span.Start, End: pair.Value.Span.End}, Message: message,
				Related: []rules.Related{{
					File: f, Span: source.Span{Start: earlier.Key.Span.Start, End: earlier.Value.Span.End},
					Message: "the value that is lost",
				}},
			}
			between := source.Span{Start: s.Pairs[n-1].Value.Span.End, End: pair.Key.Span.Start}
			if !strings.Contains(f.Text(between), "#") && s.Onbuild == nil && !between.IsEmpty() {
				end := "\n"
				if strings.Contains(f.Text(s.Lines), "\r\n") {
					end = "\r\n"
				}
				finding.Fixes = []fixers.Fix{{
					Title: "Set it in an ENV of its own", Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{File: f, Span: between, Text: end + f.Text(s.Keyword) + " "}},
					Changes: fixers.Changes{
						fixdocker.Variables{pair.Key.Text}, fixdocker.Instructions{},
					},
				}}
			}
			p.Report(finding)
		}
	}, "ENV"),
}

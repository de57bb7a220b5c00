package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var envUsesItself = &rules.Rule{
	ID:       "dockerfile/env-uses-itself",
	Aliases:  []string{"DL3044"},
	Summary:  "an ENV uses a variable that the same ENV sets",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/docs/reference.md: environment replacement uses the same value for " +
			"each " +
			"variable throughout an instruction",
		"kasmtech/workspaces-issues#843",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || len(s.Pairs) < 2 || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		earlier := map[string]*dockerfile.Pair{}
		for n := range s.Pairs {
			pair := &s.Pairs[n]
			for _, name := range s.Dockerfile().Expansion(s.Instruction, pair.Value.Text).Read {
				set := earlier[name]
				if set == nil {
					continue
				}
				w := words.Word{Text: pair.Value.Text, Span: pair.Value.Span}
				finding := rules.Finding{
					File: f, Span: w.At(f, name),
					Message: fmt.Sprintf(
						"%s has the value here that it had before this ENV, not the one that the ENV sets", name),
					Related: []rules.Related{{File: f, Span: set.Key.Span, Message: "what is set"}},
				}
				if name == pair.Key.Text {
					finding.Message = fmt.Sprintf("an ENV does not see what it sets itself, so $%s is the value from "+
						"before it, and the first value here is lost", name)
				}
				if fix, ok := splitEnv(s.Instruction, f, n); ok {
					finding.Fixes = []fixers.Fix{fix}
				}
				p.Report(finding)
				break
			}
			earlier[pair.Key.Text] = pair
		}
	}, "ENV"),
}

// splitEnv returns the fix that begins a second ENV at a pair.
func splitEnv(i *dockerfile.Instruction, f *source.File, at int) (fixers.Fix, bool) {
	gap := source.Span{Start: i.Pairs[at-1].Value.Span.End, End: i.Pairs[at].Key.Span.Start}
	if strings.Contains(f.Text(gap), "#") || i.File().Instructions[i.Index] != i {
		return fixers.Fix{}, false
	}
	var moved fixdocker.Variables
	for _, pair := range i.Pairs[at:] {
		moved = append(moved, pair.Key.Text)
	}
	return fixers.Fix{
		Title:  "Set " + i.Pairs[at].Key.Text + " in an ENV of its own",
		Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{File: f, Span: gap,
			Text: f.NewlineAt(i.Span.Start) + f.Text(i.Keyword) + " "}},
		Changes: fixers.Changes{moved, fixdocker.NewInstructions{"ENV"}},
	}, true
}

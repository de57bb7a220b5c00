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

var undefinedArgInFrom = &rules.Rule{
	ID:       "dockerfile/undefined-arg-in-from",
	Aliases:  []string{"UndefinedArgInFrom"},
	Summary:  "FROM uses an argument that no ARG before the first FROM declares",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: reportUnusedFromArgs",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		for w := range words.Of(s) {
			if w.Fault != dockerfile.NoFault {
				continue // another rule reports it
			}
			for _, u := range w.Unset {
				at := w.At(f, u.Name)
				finding := rules.Finding{
					File: f, Span: at,
					Message: fmt.Sprintf("no ARG before the first FROM declares %s, so it is empty and "+
						"--build-arg cannot "+
						"set it", u.Name),
				}
				if other := declaredInStage(s, u.Name); other != nil {
					finding.Message += "; an ARG below a FROM belongs to that stage alone"
					finding.Related = []rules.Related{
						{File: f, Span: other.Keyword, Message: "the ARG of another scope"},
					}
				}
				if u.Plain && (w.Text == "" || w.Known && image.ReferenceFault(w.Expansion.Text) != "") {
					finding.Severity = rules.Error
					finding.Message += "; the build fails"
				}
				if near := source.Nearest(u.Name, s.Variables()); isName(near) {
					finding.Message += fmt.Sprintf("; did you mean %s?", near)
					finding.Fixes = []fixers.Fix{renameVariable(f, at, u.Name, near)}
				}
				p.Report(finding)
			}
		}
	}, "FROM"),
}

// declaredInStage returns the first ARG or ENV of a stage that sets a variable, nil without one.
func declaredInStage(s *image.Step, name string) *dockerfile.Instruction {
	for _, other := range s.Dockerfile().Steps("ARG", "ENV") {
		for n := range other.Pairs {
			if other.Image != nil && other.Pairs[n].Key.Text == name {
				return other.Instruction
			}
		}
	}
	return nil
}

// renameVariable returns the fix that reads another variable.
func renameVariable(f *source.File, at source.Span, name, near string) fixers.Fix {
	fix := fixers.Fix{
		Title: "Use " + near, Safety: fixers.Unsafe, Changes: fixers.Changes{fixdocker.Instructions{}},
	}
	start := at.Start + strings.Index(f.Text(at), name)
	fix.Edits = []fixers.Edit{{File: f, Span: source.Span{Start: start, End: start + len(name)}, Text: near}}
	return fix
}

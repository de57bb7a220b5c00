package dockerfile

import (
	"fmt"
	"strings"
	"sync"

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
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		declared := sync.OnceValue(func() map[string]*dockerfile.Instruction { return declaredInStages(d) })
		for _, s := range d.Steps("FROM") {
			if s.Image != nil {
				undefinedArgs(p, s, declared)
			}
		}
	}),
}

// undefinedArgs reports the arguments of a FROM that nothing declares.
func undefinedArgs(p *rules.Pass, s *image.Step, declared func() map[string]*dockerfile.Instruction) {
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
			if other := declared()[u.Name]; other != nil {
				finding.Message += "; an ARG below a FROM belongs to that stage alone"
				finding.Related = []rules.Related{
					{File: f, Span: other.Keyword, Message: "the ARG of another scope"},
				}
			}
			if u.Plain && (w.Text == "" || w.Known && image.ReferenceFault(w.Expansion.Text) != "") {
				finding.Severity = rules.Error
				finding.Message += "; the build fails"
			}
			if near := s.NearestVariable(u.Name); isName(near) {
				finding.Message += fmt.Sprintf("; did you mean %s?", near)
				finding.Fixes = []fixers.Fix{renameVariable(f, at, u.Name, near)}
			}
			p.Report(finding)
		}
	}
}

// declaredInStages returns the first ARG or ENV of a stage that sets each variable.
func declaredInStages(d *image.Dockerfile) map[string]*dockerfile.Instruction {
	out := map[string]*dockerfile.Instruction{}
	for _, s := range d.Steps("ARG", "ENV") {
		for n := range s.Pairs {
			if name := s.Pairs[n].Key.Text; s.Image != nil && out[name] == nil {
				out[name] = s.Instruction
			}
		}
	}
	return out
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

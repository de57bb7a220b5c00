package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var wrongOperator = &rules.Rule{
	ID:       "nix/wrong-operator",
	Summary:  "a setting is assigned with the operator of another language, so that every Nix command stops at the line",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"Nix, src/libutil/configuration.cc: the second word of a line must be the equals sign",
		"DeterminateSystems/nix-installer#792",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		problemsOf(text, func(problem source.Problem) {
			finding := at(text, problem.Span, problem.Message)
			if line := lineAt(text.File, problem.Span.Start); line != nil {
				if op, ok := text.Operation(line); ok {
					finding.Span = text.Fragment.Span(op.Name.Span.Join(op.Operator.Span))
					finding.Fixes = assign(text, op)
				}
			}
			p.Report(finding)
		}, nixconf.KindWrongOperator)
	}),
}

// assign returns the fix that writes an operation as Nix does, if there is one reading.
func assign(text *nixuse.Text, op nixconf.Operation) []fixers.Fix {
	name, title := op.Name.Text, "Write ="
	switch {
	case len(op.Value) == 0:
		return nil
	case op.Assigns():
	case op.Appends():
		if facts, ok := factsFor(text.Targets, name); !ok || !facts.Appendable {
			return nil
		} else if !facts.Extra {
			name = "extra-" + name
		}
		title = fmt.Sprintf("Write %s =", name)
		for _, later := range text.Entries {
			if later.Name.Span.Start > op.Name.Span.Start && nixuse.Canonical(later.Name.Text) == nixuse.Canonical(name) && !isExtra(later, text.Targets) {
				return nil // it would throw the values away
			}
		}
	default:
		return nil
	}
	if !accepted(text, name, op.Value) {
		return nil
	}
	edits, ok := replace(text, source.Span{Start: op.Name.Span.Start, End: op.Value[0].Span.Start}, name+" = ")
	if !ok {
		return nil
	}
	return []fixers.Fix{fix(text, title, fixers.Safe, edits, fixers.Changes{Repair: true})}
}

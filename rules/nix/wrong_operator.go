package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var wrongOperator = &rules.Rule{
	ID:       "nix/wrong-operator",
	Summary:  "a setting is assigned with the operator of another language, so every Nix command fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libutil/configuration.cc: the second word of a line must be the equals sign",
		"DeterminateSystems/nix-installer#792",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		nixtext.Problems(text, func(problem source.Problem) {
			finding := nixtext.At(text, problem.Span, problem.Message)
			if line := nixtext.LineAt(text.File, problem.Span.Start); line != nil {
				if op, ok := text.Operation(line); ok {
					finding.Span = text.Fragment.Span(op.Name.Span.Join(op.Operator.Span))
					finding.Fixes = assign(text, op)
				}
			}
			p.Report(finding)
		}, nixconf.KindWrongOperator)
	}),
}

// assign returns the fix that writes an operation with =, if it has only one possible meaning.
func assign(text *nixuse.Text, op nixconf.Operation) []fixers.Fix {
	name, title := op.Name.Text, "Write ="
	switch {
	case len(op.Value) == 0:
		return nil
	case op.Assigns():
	case op.Appends():
		if facts, ok := names.FactsFor(text.Targets, name); !ok || !facts.Appendable {
			return nil
		} else if !facts.Extra {
			name = "extra-" + name
		}
		title = fmt.Sprintf("Write %s =", name)
		for _, later := range text.Entries {
			if later.Name.Span.Start > op.Name.Span.Start &&
				nixuse.Canonical(later.Name.Text) == nixuse.Canonical(name) &&
				!names.IsExtra(later, text.Targets) {
				return nil // that assignment would discard the values
			}
		}
	default:
		return nil
	}
	if !refused.Accepted(text, name, op.Value) {
		return nil
	}
	edits, ok := nixtext.Replace(text, source.Span{Start: op.Name.Span.Start, End: op.Value[0].Span.Start}, name+" = ")
	if !ok {
		return nil
	}
	return []fixers.Fix{nixtext.Fix(text, title, fixers.Safe, edits, fixers.Changes{fixers.Repair{}})}
}

package dockerfile

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

// labelsWithValue are the options of empty-label.
type labelsWithValue struct {
	Labels []string `option:"labels" doc:"the keys of the labels that need a value; all, where there are none"`
}

var emptyLabel = &rules.Rule{
	ID:       "dockerfile/empty-label",
	Aliases:  []string{"DL3051"},
	Summary:  "a label has no value",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  labelsWithValue{},
	References: []string{
		"Dockerfile reference: LABEL",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Dockerfile().Foreign() {
			return
		}
		needed := rules.OptionsOf[labelsWithValue](p).Labels
		for _, l := range labels.Of(s) {
			if !l.Known || l.Value != "" || len(needed) > 0 && !slices.Contains(needed, l.Key) {
				continue
			}
			p.Report(rules.Finding{
				File: s.Dockerfile().Source, Span: l.Pair.Key.Span,
				Message: fmt.Sprintf("label %q has no value, so it says nothing about the image", l.Key),
			})
		}
	}, "LABEL"),
}

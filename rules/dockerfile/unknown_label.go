package dockerfile

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
)

// allowedLabels are the options of unknown-label.
type allowedLabels struct {
	Labels []string `option:"labels" doc:"the keys of the labels that images may have"`
}

var unknownLabel = &rules.Rule{
	ID:       "dockerfile/unknown-label",
	Aliases:  []string{"DL3050"},
	Summary:  "a label is not one of those that the configuration allows",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  allowedLabels{},
	References: []string{
		"Dockerfile reference: LABEL",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		allowed := rules.OptionsOf[allowedLabels](p).Labels
		if allowed == nil || s.Dockerfile().Foreign() {
			return // the configuration does not say; an empty list allows none
		}
		for _, l := range labels.Of(s) {
			if slices.Contains(allowed, l.Key) {
				continue
			}
			message := fmt.Sprintf("label %q is not one of those that the configuration allows", l.Key)
			if near := source.Nearest(l.Key, allowed); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
			p.Report(rules.Finding{File: s.Dockerfile().Source, Span: l.Pair.Key.Span, Message: message})
		}
	}, "LABEL"),
}

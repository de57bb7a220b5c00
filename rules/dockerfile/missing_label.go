package dockerfile

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/labels"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/stages"
)

// requiredLabels are the options of missing-label.
type requiredLabels struct {
	Required []string `option:"required" doc:"the keys of the labels that every image needs"`
}

var missingLabel = &rules.Rule{
	ID:       "dockerfile/missing-label",
	Aliases:  []string{"DL3049"},
	Summary:  "an image lacks a label that the configuration requires",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Optional: true,
	Options:  requiredLabels{},
	References: []string{
		"Dockerfile reference: LABEL",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		required := rules.OptionsOf[requiredLabels](p).Required
		if len(required) == 0 || d.Foreign() {
			return
		}
		for _, img := range d.Images {
			set, known := labelsOf(img)
			missing := slices.DeleteFunc(slices.Clone(required), func(key string) bool { return set[key] })
			if !known || len(missing) == 0 || !img.Final() {
				continue
			}
			for _, key := range missing {
				p.Report(rules.Finding{
					File: d.Source, Span: img.Stage.From.Keyword,
					Message: fmt.Sprintf("the image of stage %s lacks the label %q, which the configuration requires",
						stages.Name(img), key),
				})
			}
		}
	}),
}

// labelsOf returns the keys of the labels that a stage and those below it set, and false where a key is not known.
func labelsOf(img *image.Image) (set map[string]bool, known bool) {
	set = map[string]bool{}
	for ; img != nil; img = img.Parent {
		for _, s := range img.Steps() {
			if s.Name != "LABEL" || s.Deferred || s.Broken {
				continue
			}
			found := labels.Of(s)
			if len(found) < len(s.Pairs) {
				return nil, false
			}
			for _, l := range found {
				set[l.Key] = true
			}
		}
	}
	return set, true
}

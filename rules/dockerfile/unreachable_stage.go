package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/stages"
)

var unreachableStage = &rules.Rule{
	ID:          "dockerfile/unreachable-stage",
	Summary:     "nothing uses a stage: no other stage, and no build that is known",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	References: []string{
		"BuildKit builds only the stages that the target needs",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() || len(d.Images) < 2 || len(d.Stages[len(d.Stages)-1].Instructions) == 0 || choosesStage(d) {
			return
		}
		unused := unusedStages(p, d)
		named := 0
		for _, img := range unused {
			if img.Stage.Name != "" {
				named++
			}
		}
		for _, img := range unused {
			if img.Stage.Name != "" && (named > 1 || img.Parent != nil || isTarget(img.Stage.Name)) {
				continue // such a stage is likely to be built by name
			}
			at, message := img.Stage.NameWord.Span, fmt.Sprintf("nothing uses stage %s, so BuildKit skips it unless "+
				"a build names it as its target", stages.Name(img))
			if img.Stage.Name == "" {
				at, message = img.Stage.From.Keyword, "nothing uses this stage, which has no name, so BuildKit skips it"
			}
			p.Report(rules.Finding{File: d.Source, Span: at, Message: message})
		}
	}),
}

// choosesStage reports whether a variable may choose the stage that another one is based on.
func choosesStage(d *image.Dockerfile) bool {
	return slices.ContainsFunc(d.Stages, func(s *dockerfile.Stage) bool {
		return strings.Contains(s.Base.Text, "$") && !strings.ContainsAny(s.Base.Text, "/@")
	})
}

// unusedStages returns the stages that neither the last one nor a known build needs, without those that only serve
// other such stages.
func unusedStages(p *rules.Pass, d *image.Dockerfile) []*image.Image {
	last := d.Images[len(d.Images)-1]
	needed := d.Needs(last.Stage)
	var unused []*image.Image
	for _, img := range d.Images {
		if needed[img.Stage] || img.Stage.From.Broken {
			continue
		}
		if runs, _ := p.Workspace.Builds(img); !runs {
			unused = append(unused, img)
		}
	}
	var stages []*dockerfile.Stage
	for _, img := range unused {
		stages = append(stages, img.Stage)
	}
	serving := d.Serving(stages)
	return slices.DeleteFunc(unused, func(img *image.Image) bool { return serving[img.Stage] })
}

// targets are words in the names of stages that are made to be built by name.
var targets = strings.Fields(`
	app artifact artifacts bin binaries binary bench build builder check checks ci cli coverage cross debug deploy
	dev devcontainer development devel docs e2e env environments export final fmt format full generate image
	integration lint local minimal output package prod production publish release rootless run runner runtime
	server shell slim staging test tester testing tests tools update validate vendor verify watch web worker
`)

// isTarget reports whether the name of a stage is one that is likely to be built by name.
func isTarget(name string) bool {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(targets, w) })
}

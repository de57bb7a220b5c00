package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/shipped"
)

var baseImagePlatform = &rules.Rule{
	ID:       "dockerfile/base-image-platform",
	Aliases:  []string{"InvalidBaseImagePlatform"},
	Summary:  "the base image is for another architecture than the stage",
	Severity: rules.Warning,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateBaseImagePlatform",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Image.Parent != nil || s.Dockerfile().Foreign() {
			return
		}
		stage := s.Image.Stage
		arch := image.ArchitectureOf(stage.Image)
		if arch == "" {
			return
		}
		finding := rules.Finding{File: s.Dockerfile().Source, Span: stage.Base.Span}
		if stage.Platform != "" {
			system, want, ok := platformParts(stage.Platform)
			if !ok || want == arch || system == "" {
				return
			}
			finding.Message = fmt.Sprintf("the name of the image is that of one for %s, and --platform asks for "+
				"%s, so "+
				"its programs do not run there", arch, stage.Platform)
			p.Report(finding)
			return
		}
		if shipped.Helper(s.Image) {
			return // files are copied from it, perhaps just for its architecture
		}
		for _, b := range p.Workspace.BuildPlatforms(s.Dockerfile()) {
			if _, want, ok := platformParts(b.Name); !ok || want == arch {
				continue
			}
			finding.Message = fmt.Sprintf("the name of the image is that of one for %s, and it is built for %s "+
				"too, so "+
				"that image has programs that do not run there", arch, b.Name)
			if b.File != nil && b.Span != (source.Span{}) {
				finding.Related = []rules.Related{{File: b.File, Span: b.Span, Message: b.Why}}
			}
			p.Report(finding)
			return
		}
	}, "FROM"),
}

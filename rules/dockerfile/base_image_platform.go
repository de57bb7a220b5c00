package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
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
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateBaseImagePlatform",
		"docker-library/official-images, README: architectures other than amd64",
		"NixOS/nix, maintainers/upload-release.pl: the tags with an architecture are parts of the one without",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		stages := shipped.Of(d)
		for _, img := range d.Images {
			if finding, ok := foreignBase(p, img, stages); ok {
				finding.File, finding.Span = d.Source, img.Stage.Base.Span
				if name := image.ForEveryPlatform(img.Stage.Base.Text); name != "" &&
					d.Source.Text(img.Stage.Base.Span) == img.Stage.Base.Text {
					finding.Fixes = []fixers.Fix{{
						Title: "Write " + name + ", which has an image for each platform", Safety: fixers.Unsafe,
						Edits:   []fixers.Edit{{File: d.Source, Span: img.Stage.Base.Span, Text: name}},
						Changes: fixers.Changes{fixdocker.Instructions{}},
					}}
				}
				p.Report(finding)
			}
		}
	}),
}

// foreignBase returns the finding for a stage whose base image is for another architecture.
func foreignBase(p *rules.Pass, img *image.Image, stages *shipped.Stages) (finding rules.Finding, ok bool) {
	stage := img.Stage
	if img.Parent != nil || stage.From.Broken {
		return finding, false
	}
	arch := image.ArchitectureOf(stage.Image)
	if arch == "" {
		return finding, false
	}
	if stage.Platform != "" {
		_, want, ok := platformParts(stage.Platform)
		finding.Message = fmt.Sprintf("the name of the image is that of one for %s, and --platform asks for %s, so "+
			"its programs do not run there", arch, stage.Platform)
		return finding, ok && want != arch
	}
	for _, b := range p.Workspace.BuildPlatforms(img.Dockerfile) {
		if _, want, ok := platformParts(b.Name); !ok || want == arch {
			continue
		}
		finding.Message = fmt.Sprintf("the name of the image is that of one for %s, and it is built for %s too, so "+
			"that image has programs that do not run there", arch, b.Name)
		if b.File != nil && b.Span != (source.Span{}) {
			finding.Related = []rules.Related{{File: b.File, Span: b.Span, Message: b.Why}}
		}
		// Files are copied from a helper, perhaps just for its architecture.
		return finding, !stages.Helper(img)
	}
	for _, m := range p.Workspace.NativePlatforms(img.Dockerfile, arch) {
		if _, want, ok := platformParts(m.Name); !ok || want == arch || want == "arm" || stages.Helper(img) {
			continue
		}
		finding.Message = fmt.Sprintf("the name of the image is that of one for %s, and it is built on %s without "+
			"--platform, so its programs run under an emulator or not at all", arch, m.Name)
		if m.File != nil {
			finding.Related = []rules.Related{{File: m.File, Span: m.Span, Message: m.Why}}
		}
		return finding, true
	}
	return finding, false
}

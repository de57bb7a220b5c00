package dockerfile

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

var copiesRootFilesystem = &rules.Rule{
	ID:       "dockerfile/copies-root-filesystem",
	Aliases:  []string{"DL3067"},
	Summary:  "the whole root folder of another stage or image is copied, with all that it holds besides",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker documentation, Multi-stage builds",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		from, ok := s.Flag("from")
		if !ok || from.Value == "" || s.Broken || s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		if parents, ok := s.Flag("parents"); ok && parents.Value != "false" {
			return
		}
		if _, ok := s.Flag("exclude"); ok {
			return // it is looked at what is copied
		}
		_, dest, known := copies.Dest(s)
		if !known || strings.HasSuffix(s.Image.Stage.From.Stage.Platform, "windows") {
			return
		}
		if dest = path.Clean(dest); dest != "/" && !(dest == "." && s.Workdir().Text == "/") {
			return
		}
		tools, foreign := toolImage(s, from.Value)
		if tools {
			return
		}
		for _, source := range copies.Sources(s) {
			if !source.Known || path.Clean("/"+source.Text) != "/" {
				continue
			}
			finding := rules.Finding{
				File: s.Dockerfile().Source, Span: source.Word.Span,
				Message: "this copies all files of the other image, its tools, caches and secrets included, over " +
					"those of this one",
			}
			if b := s.Image.Root().Base; b != nil && b.Name == "scratch" {
				finding.Severity = rules.Info
				finding.Message = "this copies all files of the other image, its tools, caches and secrets included, " +
					"and none of its ENV, USER and other settings"
			}
			if foreign {
				finding.Severity = rules.Info // an image may be made to be copied so
			}
			p.Report(finding)
		}
	}, "COPY"),
}

// toolImage reports whether what a COPY takes files from is an image whose documentation asks to copy all of it, and
// whether it is another image at all, rather than a stage that does something.
func toolImage(s *image.Step, name string) (tools, foreign bool) {
	if stage := s.Dockerfile().StageNamed(name); stage != nil {
		if len(stage.Instructions) > 0 || stage.Parent != nil {
			return false, false
		}
		name = stage.Image
	}
	name = strings.TrimPrefix(name, "docker.io/")
	return name == "tonistiigi/xx" || strings.HasPrefix(name, "tonistiigi/xx:") ||
		strings.HasPrefix(name, "tonistiigi/xx@"), true
}

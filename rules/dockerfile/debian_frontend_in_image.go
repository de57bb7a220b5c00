package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/managers"
)

var debianFrontendInImage = &rules.Rule{
	ID:       "dockerfile/debian-frontend-in-image",
	Summary:  "ENV sets DEBIAN_FRONTEND for every container of the image",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Optional: true,
	References: []string{
		"debconf(7): DEBIAN_FRONTEND",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || managers.Foreign(s.Dockerfile()) || !s.Image.MayShip() {
			return
		}
		for _, pair := range s.Pairs {
			if pair.Key.Text != "DEBIAN_FRONTEND" {
				continue
			}
			if value, known := s.Expand(image.Unquote(pair.Value.Text)); !known || value == "" || value == "dialog" ||
				value == "newt" || value == "readline" {
				continue
			}
			f := rules.Finding{
				File: s.Dockerfile().Source, Span: pair.Key.Span,
				Message: fmt.Sprintf("%s stays set in every container of the image and in images based on it, "+
					"where somebody who installs packages is not asked either", pair.Key.Text),
			}
			after := source.Span{Start: pair.Key.Span.End, End: pair.Key.Span.End + 1}
			if len(s.Pairs) == 1 && s.Onbuild == nil && after.End <= len(f.File.Bytes) && f.File.Text(after) == "=" {
				f.Fixes = []fixers.Fix{{
					Title: "Use ARG, which holds for the RUN instructions of this stage", Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{
						File: f.File, Span: source.Span{Start: s.Keyword.Start, End: s.Keyword.End}, Text: "ARG",
					}},
					Changes: fixers.Changes{
						fixdocker.NewInstructions{"ARG"}, fixdocker.RemovedInstructions{"ENV"},
					},
				}}
			}
			p.Report(f)
		}
	}, "ENV"),
}

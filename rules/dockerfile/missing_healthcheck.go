package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var missingHealthcheck = &rules.Rule{
	ID:       "dockerfile/missing-healthcheck",
	Aliases:  []string{"DL3057"},
	Summary:  "an image has no HEALTHCHECK, so Docker takes a program that hangs for a healthy one",
	Severity: rules.Info,
	Category: rules.Portability,
	Since:    "0.1.0",
	Optional: true,
	References: []string{
		"Dockerfile reference: HEALTHCHECK",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() || !img.MayShip() || img.Stage.From.Broken {
			return
		}
		for _, other := range img.Dockerfile.Images {
			if other.Parent == img {
				return // what is based on it is the image that somebody starts
			}
		}
		runs := img.Root().Stage.Image != "scratch" // every other image has a command of its own
		for i := img; i != nil; i = i.Parent {
			for _, in := range i.Stage.Instructions {
				switch in.Name {
				case "HEALTHCHECK":
					return
				case "CMD", "ENTRYPOINT", "EXPOSE":
					runs = true
				}
			}
		}
		if !runs {
			return
		}
		p.Report(rules.Finding{
			File: img.Dockerfile.Source, Span: img.Stage.Base.Span,
			Message: "the image that begins here has no HEALTHCHECK, so Docker restarts its program only when it exits",
		})
	}),
}

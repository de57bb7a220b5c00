package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var frontendTooOld = &rules.Rule{
	ID:       "dockerfile/frontend-too-old",
	Summary:  "the file uses what the release in its syntax directive does not know",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit, frontend/dockerfile at the tags dockerfile/0.9.0 to dockerfile/1.26.0",
		"BuildKit, frontend/dockerfile/docs/reference.md, v0.34.2: the minimum version of each flag",
		"moby/buildkit#2891, NVIDIA/JAX-Toolbox#420",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		for _, use := range d.TooNew() {
			f := d.Frontend
			newest := f.Repository + ":1"
			p.Report(rules.Finding{
				File: d.Source, Span: use.At,
				Message: fmt.Sprintf("%s needs docker/dockerfile %s or later; the syntax directive asks for %s, "+
					"so the build fails", use.Name, use.Since, f.Tag()),
				Related: []rules.Related{{File: d.Source, Span: f.At, Message: "the frontend that reads this file"}},
				Fixes: []fixers.Fix{{
					Title: "Use " + newest, Safety: fixers.Unsafe,
					Edits:   []fixers.Edit{{File: d.Source, Span: f.At, Text: newest}},
					Changes: fixers.Changes{fixdocker.Instructions{}, fixers.Repair{}},
				}},
			})
		}
	}),
}

package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
)

var overriddenCommand = &rules.Rule{
	ID:          "dockerfile/overridden-command",
	Aliases:     []string{"MultipleInstructionsDisallowed", "DL3012", "DL4003", "DL4004"},
	Summary:     "a CMD, ENTRYPOINT or HEALTHCHECK has no effect, since another one follows in the stage",
	Severity:    rules.Warning,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: validateUsedOnce",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		for _, stage := range d.Stages {
			var last [3]*dockerfile.Instruction
			for _, i := range stage.Instructions {
				kind := -1
				switch i.Name {
				case "CMD":
					kind = 0
				case "ENTRYPOINT":
					kind = 1
				case "HEALTHCHECK":
					kind = 2
				}
				if kind < 0 || i.Broken {
					continue
				}
				if before := last[kind]; before != nil {
					p.Report(rules.Finding{
						File: d.Source, Span: before.Keyword, As: []string{overriddenIDs[kind]},
						Message: fmt.Sprintf("this %s has no effect: the one on line %d replaces it", i.Name,
							d.Source.LineOf(i.Keyword.Start)),
						Related: []rules.Related{{File: d.Source, Span: i.Keyword, Message: "the one that counts"}},
						Fixes: []fixers.Fix{{
							Title: "Remove this " + i.Name, Safety: fixers.Safe,
							Edits:   fixdocker.Delete(d.File, before),
							Changes: fixers.Changes{fixdocker.RemovedInstructions{i.Name}},
						}},
					})
				}
				last[kind] = i
			}
		}
	}),
}

// overriddenIDs are hadolint's ids of the rule, for CMD, ENTRYPOINT and HEALTHCHECK.
var overriddenIDs = [3]string{"DL4003", "DL4004", "DL3012"}

package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/problems"
)

var unknownInstruction = &rules.Rule{
	ID:       "dockerfile/unknown-instruction",
	Summary:  "a line begins with a word that is not a Dockerfile instruction",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit, frontend/dockerfile/command/command.go, v0.34.2",
	},
	Check: rules.OnDockerfile(
		func(p *rules.Pass, d *image.Dockerfile) { problems.Report(p, d, dockerfile.KindUnknownInstruction) }),
}

package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/problems"
)

var firstInstruction = &rules.Rule{
	ID:       "dockerfile/first-instruction",
	Aliases:  []string{"DL3061"},
	Summary:  "an instruction other than ARG comes before the first FROM, so BuildKit refuses the file",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go: \"no build stage in current context\"",
	},
	Check: rules.OnDockerfile(
		func(p *rules.Pass, d *image.Dockerfile) { problems.Report(p, d, dockerfile.KindBeforeFrom) }),
}

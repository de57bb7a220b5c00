package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/problems"
)

var syntax = &rules.Rule{
	ID:       "dockerfile/syntax",
	Summary:  "the Dockerfile contains something that BuildKit cannot parse",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit, frontend/dockerfile/parser and frontend/dockerfile/instructions, v0.34.2",
	},
	Check: rules.OnDockerfile(
		func(p *rules.Pass, d *image.Dockerfile) { problems.Report(p, d, dockerfile.KindSyntax) }),
}

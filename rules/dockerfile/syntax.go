package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var syntax = &rules.Rule{
	ID:       "dockerfile/syntax",
	Summary:  "the Dockerfile contains something that BuildKit cannot parse",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"BuildKit, frontend/dockerfile/parser and frontend/dockerfile/instructions, v0.34.2",
	},
	Dockerfile: func(p *rules.Pass, d *workspace.Dockerfile) { reportProblems(p, d, dockerfile.KindSyntax) },
}

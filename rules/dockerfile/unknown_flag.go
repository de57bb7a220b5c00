package dockerfile

import (
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/problems"
)

var unknownFlag = &rules.Rule{
	ID:       "dockerfile/unknown-flag",
	Summary:  "an instruction has a flag that BuildKit does not know",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit, frontend/dockerfile/instructions/parse.go, v0.34.2",
	},
	Check: rules.OnDockerfile(
		func(p *rules.Pass, d *image.Dockerfile) { problems.Report(p, d, dockerfile.KindUnknownFlag) }),
}

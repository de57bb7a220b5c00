package dockerfile

import (
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/problems"
)

var onbuildOfOnbuild = &rules.Rule{
	ID:       "dockerfile/onbuild-of-onbuild",
	Aliases:  []string{"DL3043"},
	Summary:  "an ONBUILD has ONBUILD, FROM or MAINTAINER as its trigger, which BuildKit refuses",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/parse.go: parseOnBuild",
	},
	Check: rules.OnDockerfile(
		func(p *rules.Pass, d *image.Dockerfile) { problems.Report(p, d, dockerfile.KindTrigger) }),
}

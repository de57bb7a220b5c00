package seccomp

import (
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var syntax = &rules.Rule{
	ID:       "seccomp/syntax",
	Summary:  "the profile has a value of a type or shape that its readers do not take",
	Severity: rules.Error,
	Category: "correctness",
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp, and schema/config-linux.json",
		"moby/profiles, seccomp/seccomp.go, v0.2.4; containers/common, pkg/seccomp/types.go, v0.67.0",
	},
	Seccomp: func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range problems(profile, seccomp.KindShape) {
			p.Report(at(profile, problem.Span, problem.Message))
		}
	},
}

package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
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
		for _, problem := range profile.Problems {
			var readers []decide.Loader // of the field
			switch problem.Kind {
			case seccomp.KindShape:
				readers = []decide.Loader{decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI}
			case seccomp.KindSuperset:
				readers = []decide.Loader{decide.LoaderDocker, decide.LoaderContainers}
			case seccomp.KindMinKernel:
				readers = []decide.Loader{decide.LoaderDocker}
			case seccomp.KindErrnoText:
				readers = []decide.Loader{decide.LoaderContainers}
			}
			if slices.ContainsFunc(readers, func(l decide.Loader) bool { return reads(p, profile, l) }) {
				p.Report(at(profile, problem.Span, problem.Message))
			}
		}
	},
}

package seccomp

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var syntax = &rules.Rule{
	ID:       "seccomp/syntax",
	Summary:  "the profile has a value of a type or shape that its readers do not accept",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Syntax:   true,
	References: []string{
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp, and schema/config-linux.json",
		"moby/profiles, seccomp/seccomp.go, v0.2.4; containers/common, pkg/seccomp/types.go, v0.67.0",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, problem := range profile.Problems {
			var loaders []decide.Loader // that read the field
			switch problem.Kind {
			case seccomp.KindShape:
				loaders = []decide.Loader{decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI}
			case seccomp.KindSuperset:
				loaders = []decide.Loader{decide.LoaderDocker, decide.LoaderContainers}
			case seccomp.KindMinKernel:
				loaders = []decide.Loader{decide.LoaderDocker}
			case seccomp.KindErrnoText:
				loaders = []decide.Loader{decide.LoaderContainers}
			}
			if slices.ContainsFunc(loaders, func(l decide.Loader) bool { return readers.Reads(p, profile, l) }) {
				p.Report(report.At(profile, problem.Span, problem.Message))
			}
		}
	}),
}

package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/rules"
)

var engineConfigurationBroken = &rules.Rule{
	ID:       "sandbox/engine-configuration-broken",
	Summary:  "a container engine refuses its configuration file, or ignores a line of it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"moby, daemon/config: getConflictFreeConfiguration, findConfigurationConflicts: " +
			"`the following directives don't match any configuration option`",
		"seen with dockerd 20.10.24: `unable to configure the Docker daemon with file`",
		"containers/common, pkg/config: containers.conf is TOML",
	},
	Check: rules.OnDocument("the configuration of a container engine", func(p *rules.Pass, f *engineconf.File) {
		effect := "Docker's daemon does not start"
		if f.Engine == engineconf.Podman {
			effect = "Podman and Buildah refuse every command"
		}
		for _, problem := range f.Problems {
			finding := rules.Finding{File: f.Source, Span: problem.Span}
			switch problem.Kind {
			case engineconf.KindFlag:
				finding.Severity = rules.Warning
				finding.Message = fmt.Sprintf("%s; the option is called %q, so this one is ignored",
					problem.Message, problem.Near)
			case engineconf.KindUnknown:
				finding.Message = fmt.Sprintf("%s, so %s; did you mean %q?", problem.Message, effect, problem.Near)
			default:
				finding.Message = fmt.Sprintf("%s, so %s", problem.Message, effect)
			}
			p.Report(finding)
		}
	}),
}
